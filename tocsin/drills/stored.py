"""The last drill of a data directory, beside a running owner too."""

from pathlib import Path

from alerting.journal import read_line
from tocsin import clock
from tocsin.accounts.register import FILE_NAME, Register
from tocsin.drills.outcome import DrillOutcome, lead_of, outcome
from tocsin.history import History
from tocsin.store import Store


def last_drill(store: Path) -> DrillOutcome | None:
    """What came of it; None if there was none.

    Raises:
        DataError: nothing is stored there.
    """
    inner = store / "console" if (store / "console").is_dir() else store
    with Store.open_to_read(inner) as opened:
        entries = [read_line(line) for line in History(opened).journal(0)]
    lead = lead_of(entries)
    looks = _sightings(store, lead.hash) if lead is not None and (store / FILE_NAME).exists() else []
    return outcome(entries, looks)


def _sightings(store: Path, drill: str) -> list[tuple[str, int]]:
    register = Register(store, clock.now)
    try:
        return register.sightings(drill)
    finally:
        register.close()
