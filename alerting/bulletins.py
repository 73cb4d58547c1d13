"""Until when what was published of a unit holds, and what must be published again because it still stands."""

from collections.abc import Sequence
from typing import Final

import msgspec

from alerting.journal import Entry, Standing
from alerting.levels import EMERGENCY, PROVISIONAL, WARNING
from alerting.machines import Machines

PUBLISHED: Final = frozenset({WARNING, PROVISIONAL, EMERGENCY})
"""Modes in which something is warned of."""

LASTS_SECONDS: Final = 6 * 3_600
"""How long a warning holds that nobody gave a duration."""

AHEAD_SECONDS: Final = 900
"""How long before it would be over it is issued again; half of its time where that is less."""

SHORTEST_SECONDS: Final = 300
"""A declared end that is nearer than this lies within a few beats of the clock: nothing is valid so short."""

NEWS_ROWS: Final = frozenset({"F1", "K5"})
"""Rows that change no standing, and yet what a warning says: it is confirmed, or has an alert more."""

MUTABLE_ROWS: Final = frozenset({"K2", "K5"})
"""Rows that may be told to nobody: they put off no renewal that is due."""


class Bulletin(msgspec.Struct, frozen=True, kw_only=True):
    """What was last published of a unit that warns or responds since ``since_at``.

    It holds until ``until`` and is due again at ``due_at``. ``declared_until`` and ``measures`` are what the
    last declaration said. ``entry`` is the hash of the entry that was news, ``times`` how often that was
    issued again. Instants in s UTC.
    """

    entry: str
    since_at: int
    until: int
    due_at: int
    declared_until: int | None = None
    measures: str = ""
    times: int = 0


class Bulletins(msgspec.Struct, frozen=True, kw_only=True):
    """The bulletins in force by unit, of the real machines and of those of drills."""

    real: dict[str, Bulletin] = {}
    exercise: dict[str, Bulletin] = {}


class Renewal(msgspec.Struct, frozen=True, kw_only=True):
    """That a unit still stands where it stood, to be published once more at ``at`` (s UTC)."""

    unit: str
    is_exercise: bool
    at: int
    standing: Standing
    bulletin: Bulletin


def is_news(row: str, before: Standing | None, after: Standing | None) -> bool:
    """Whether an entry says something new to who follows a unit's warnings."""
    return (after is not None and before != after) or row in NEWS_ROWS


def follow(
    bulletins: Bulletins, entries: Sequence[Entry], machines: Machines
) -> tuple[Bulletins, tuple[Renewal, ...]]:
    """The bulletins behind ``entries`` at the machines' decision time, and what is issued again then."""
    noted = _noted(bulletins, entries, machines) if entries else bulletins
    renewals = tuple(_due(noted, machines))
    return (_renewed(noted, renewals) if renewals else noted), renewals


def _noted(bulletins: Bulletins, entries: Sequence[Entry], machines: Machines) -> Bulletins:
    found = {False: dict(bulletins.real), True: dict(bulletins.exercise)}
    for entry in entries:
        if entry.after is not None:
            _put(found[entry.exercise], entry.unit, _behind(found[entry.exercise].get(entry.unit), entry))
    drilled = {unit: one for unit, one in found[True].items() if unit in machines.exercise}
    return Bulletins(real=found[False], exercise=drilled)


def _put(bulletins: dict[str, Bulletin], unit: str, bulletin: Bulletin | None) -> None:
    if bulletin is None:
        bulletins.pop(unit, None)
    else:
        bulletins[unit] = bulletin


def _behind(present: Bulletin | None, entry: Entry) -> Bulletin | None:
    """The unit's bulletin behind one of its entries; None where it neither warns nor responds."""
    after = entry.after
    if after is None or after.mode not in PUBLISHED:
        return None
    declared_until, measures = _declared(present, entry, after)
    if not is_news(entry.row, entry.before, after):
        said = {"declared_until": declared_until, "measures": measures}
        return msgspec.structs.replace(present, **said) if present else None
    until = _until(entry.at, declared_until)
    due_at = _due_at(entry.at, until)
    if present is not None and entry.row in MUTABLE_ROWS:
        due_at = min(due_at, present.due_at)
    return Bulletin(
        entry=entry.hash,
        since_at=present.since_at if present else entry.at,
        until=until,
        due_at=due_at,
        declared_until=declared_until,
        measures=measures,
    )


def _declared(present: Bulletin | None, entry: Entry, after: Standing) -> tuple[int | None, str]:
    """When the response is expected to be over, and its measures, by the last declaration in it."""
    if after.mode != EMERGENCY:
        return None, ""
    for effect in entry.effects:
        duration = effect.args.get("duration_seconds")
        if effect.kind == "notify" and isinstance(duration, int) and duration > 0:
            return entry.at + duration, str(effect.args.get("measures") or "")
    return (present.declared_until, present.measures) if present else (None, "")


def _until(at: int, declared_until: int | None) -> int:
    if declared_until is not None and declared_until - at >= SHORTEST_SECONDS:
        return declared_until
    return at + LASTS_SECONDS


def _due_at(at: int, until: int) -> int:
    return until - min(AHEAD_SECONDS, (until - at) // 2)


def _due(bulletins: Bulletins, machines: Machines) -> list[Renewal]:
    """What is due at the machines' decision time, the real ones first, by unit."""
    return [
        Renewal(
            unit=unit,
            is_exercise=is_exercise,
            at=machines.at,
            standing=standing[unit].standing,
            bulletin=_again(bulletin, machines.at),
        )
        for is_exercise, found, standing in (
            (False, bulletins.real, machines.real),
            (True, bulletins.exercise, machines.exercise),
        )
        for unit, bulletin in sorted(found.items())
        if bulletin.due_at <= machines.at
    ]


def _again(bulletin: Bulletin, at: int) -> Bulletin:
    """Until the declared end if that lies further than what was said until now."""
    declared = bulletin.declared_until
    until = _until(at, declared if declared is not None and declared > bulletin.until else None)
    return msgspec.structs.replace(bulletin, until=until, due_at=_due_at(at, until), times=bulletin.times + 1)


def _renewed(bulletins: Bulletins, renewals: Sequence[Renewal]) -> Bulletins:
    real = {r.unit: r.bulletin for r in renewals if not r.is_exercise}
    exercise = {r.unit: r.bulletin for r in renewals if r.is_exercise}
    return Bulletins(real={**bulletins.real, **real}, exercise={**bulletins.exercise, **exercise})
