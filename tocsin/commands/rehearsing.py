"""``tocsin replay --to-kafka``: how far a rehearsal is fed, and where it stopped."""

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from tocsin import clock
from tocsin.commands.printing import complain, say, say_json
from tocsin.commands.replay_progress import progress

if TYPE_CHECKING:
    from tocsin.live.feeding import Fed


def check_unasked(model: str) -> None:
    """Raises ``ConfigError`` where a model is named: the rehearsal's workers decide by their city's."""
    from streams.errors import ConfigError

    if model:
        raise ConfigError(
            f"replay --to-kafka --model {model}",
            "the rehearsal's own workers decide",
            "promote it in their city directory before they start",
        )


def feed(
    directory: Path, files: tuple[str, ...], data: Path | None, store: Path, speed: str, as_json: bool
) -> None:
    """Feed what the files hold; interrupted, say where it stopped."""
    from tocsin import config, logs
    from tocsin.keys import vault_of
    from tocsin.live.feeding import Feeder, check, speed_of
    from tocsin.live.recordings import recording_of
    from tocsin.live.rehearsing import claim_store
    from tocsin.live.workers import Place

    logs.hush()
    pace = speed_of(speed)
    installation = config.load(directory, data)
    place, city = Place(installation, store, "", 0), installation.city
    recording = recording_of(city, directory, files, data)
    check(place, recording)
    claim_store(store, True)
    with progress(recording.rows, city.zone) as note:
        feeder = Feeder(place, recording, vault_of(installation, store), pace, note, complain)
        try:
            feeder.run()
        except KeyboardInterrupt:
            complain(_stopped(feeder.fed, recording.rows, city.zone))
            raise
    if as_json:
        say_json(
            {"topic": place.names.ledger, "recording": recording.name, **msgspec.to_builtins(feeder.fed)}
        )
    else:
        say(_done(feeder.fed, city.zone))


def _stopped(fed: "Fed", rows: int, zone: str) -> str:
    where = f"at {clock.local(fed.at, zone)}, {fed.rows} of {rows} rows" if fed.at else "before the first row"
    return f"stopped {where}; the same command goes on from there"


def _done(fed: "Fed", zone: str) -> str:
    before, until = fed.rows - fed.fresh_rows, clock.local(fed.at, zone)
    said = f"fed {fed.fresh_rows} rows and {fed.records} commands and beats, until {until}"
    said += f"; {before} rows had been fed before" if before else ""
    return said + (f"; {fed.left_out} settings left out: the rehearsal's own hold" if fed.left_out else "")
