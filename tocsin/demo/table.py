"""What came of the story, part by part, and what was warned of without cause: facts for table and script."""

from collections.abc import Iterable
from typing import Final

import msgspec

from alerting.journal import Entry
from alerting.levels import BLUE, WATCH
from replay.plots import Drill, LimitCrossing, Outage, Plot, Repeats
from streams.commands import COMMAND_KINDS
from tocsin.demo.driver import Demo
from tocsin.demo.witness import Witness

_RAISING: Final = frozenset({"K1", "K2", "K5", "Q1"})


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """One act of a person: when (s UTC), who, what, for which unit; ``is_refused`` by the table."""

    at: int
    actor: str
    act: str
    unit: str
    is_refused: bool = False


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One part of the story, or (``began_at`` None) a warning without cause.

    ``seen_at`` is the decision time at which it was first above the watch line; ``warned_at`` the first
    decision that told somebody; ``told`` the units whose people were told; ``mode``, ``rank`` and ``unit``
    the highest that was reached. ``blind`` counts the units that could not see.
    """

    name: str
    category: str
    place: str
    began_at: int | None
    ended_at: int | None = None
    seen_at: int | None = None
    warned_at: int | None = None
    told: tuple[str, ...] = ()
    unit: str = ""
    mode: str = "NORMAL"
    rank: int = 0
    answers: tuple[Answer, ...] = ()
    overdue: int = 0
    repeats: int = 0
    blind: int = 0
    is_exercise: bool = False


class Tale(msgspec.Struct, frozen=True, kw_only=True):
    """The whole result of a demonstration."""

    city: str
    seed: int
    weeks: int
    records: int
    began_at: int
    ended_at: int
    parts: tuple[Part, ...]
    false_alarms: tuple[Part, ...]
    journal_entries: int
    last_hash: str


def tale(demo: Demo) -> Tale:
    """What came of the story that was played."""
    witness, state = demo.witness, demo.run.fold.state
    return Tale(
        city=demo.city.id,
        seed=demo.seed,
        weeks=demo.weeks,
        records=demo.records,
        began_at=demo.story.began_at,
        ended_at=demo.story.ended_at,
        parts=tuple(_part(demo, plot) for plot in demo.story.plots),
        false_alarms=tuple(_false_alarms(witness)),
        journal_entries=state.machines.chain.seq,
        last_hash=state.machines.chain.previous_hash,
    )


def _part(demo: Demo, plot: Plot) -> Part:
    witness = demo.witness
    entries = [entry for entry in witness.entries if plot.name in witness.plots_of(entry)]
    category, place = _about(demo, plot)
    return msgspec.structs.replace(
        _told(entries),
        name=plot.name,
        category=category,
        place=place,
        began_at=plot.began_at,
        ended_at=plot.ended_at,
        seen_at=_seen_at(witness, plot, entries),
        repeats=witness.repeats_of(plot) if isinstance(plot, Repeats) else 0,
        blind=len({e.unit for e in entries if _has(e, "blind")}) if isinstance(plot, Outage) else 0,
        is_exercise=isinstance(plot, Drill),
    )


def _about(demo: Demo, plot: Plot) -> tuple[str, str]:
    """Category and place of a plot: an area's street, a sensor's street, a feed, or nothing for the city."""
    streets = demo.city.streets
    if isinstance(plot, LimitCrossing):
        sensor = next(s for s in demo.city.sensors if s.id == plot.sensor)
        return sensor.category, streets[sensor.area]
    if isinstance(plot, Drill):
        return plot.category, plot.unit
    areas = [s.area for s in getattr(plot, "spots", ())] or list(getattr(plot, "areas", ()))
    place = demo.city.units.common(streets[area] for area in areas) if areas else getattr(plot, "feed", "")
    return getattr(plot, "category", ""), place


def _seen_at(witness: Witness, plot: Plot, entries: list[Entry]) -> int | None:
    if isinstance(plot, LimitCrossing | Drill):
        return min((e.at for e in entries if e.row == "Q1"), default=None)
    if isinstance(plot, Repeats):
        return None
    return min((seen.at for seen in witness.sightings(plot)), default=None)


def _told(entries: list[Entry]) -> Part:
    """Who was told, how high it went, and who answered."""
    telling = [e for e in entries if _has(e, "notify") and e.trigger not in COMMAND_KINDS]
    highest = max(entries, key=_height, default=None)
    standing = highest.after if highest else None
    return Part(
        name="",
        category="",
        place="",
        began_at=None,
        warned_at=min((e.at for e in telling), default=None),
        told=tuple(dict.fromkeys(e.unit for e in telling)),
        unit=highest.unit if highest and _height(highest) else "",
        mode=standing.mode if standing else "NORMAL",
        rank=max(standing.rank if standing.response == 0 else 0, standing.response) if standing else 0,
        answers=tuple(_answer(e) for e in entries if e.actor),
        overdue=sum(e.trigger == "overdue" for e in entries),
    )


def _height(entry: Entry) -> int:
    """Responses stand above warnings, and both by level; what did not rise there counts nothing."""
    after = entry.after
    if after is None:
        return 0
    return after.response * 10 if after.response else after.rank


def _answer(entry: Entry) -> Answer:
    return Answer(
        at=entry.at,
        actor=entry.actor or "",
        act=entry.trigger,
        unit=entry.unit,
        is_refused=_has(entry, "refused"),
    )


def _has(entry: Entry, kind: str) -> bool:
    return any(effect.kind == kind for effect in entry.effects)


def _false_alarms(witness: Witness) -> Iterable[Part]:
    """Each warning for which nothing in the story is the reason, with what was answered."""
    lone = [e for e in witness.entries if not witness.plots_of(e)]
    for number, entry in enumerate(lone):
        if not _is_warning(entry) or entry.exercise:
            continue
        later = [e for e in lone[number:] if e.unit == entry.unit]
        told = _told(later)
        yield msgspec.structs.replace(
            told,
            name="false alarm",
            category=", ".join(sorted(witness.categories_of(entry))),
            place=entry.unit,
            seen_at=entry.at,
        )


def _is_warning(entry: Entry) -> bool:
    """Whether an entry brought its unit from below a warning into one."""
    before, after = entry.before, entry.after
    is_raised = entry.row in _RAISING and before is not None and after is not None
    return bool(is_raised and before and after and before.rank <= WATCH and after.rank >= BLUE)
