"""What came of a drill: per unit and duty, when it was asked, seen and done, against its deadline; pure."""

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from alerting.journal import Entry
from alerting.levels import ENDED_BY
from tocsin.scenarios import scenario_of

ASKS: Final = {
    "raised": "acknowledge", "new alert": "acknowledge", "provisional": "ratify", "called": "answer",
    "whistle": "report-in",
}  # fmt: skip
"""The duty that a word asks for."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """One duty of the drill; instants in seconds UTC, None for never."""

    unit: str
    duty: str
    about: str
    asked_at: int
    due_at: int
    seen_at: int | None = None
    done_at: int | None = None
    done_by: str = ""

    @property
    def verdict(self) -> str:
        """``in time``, ``late`` or ``never``."""
        if self.done_at is None:
            return "never"
        return "in time" if self.done_at < self.due_at else "late"


class DrillOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """One drill: its scenario, begin and end, the units that took part, and everything that was asked."""

    scenario: str
    begun_at: int
    begun_by: str
    ended_at: int | None
    ended_by_real: bool
    units: tuple[str, ...]
    asked: tuple[Asked, ...]
    ticks: int


def outcome(entries: Sequence[Entry], sightings: Iterable[tuple[str, int]] = ()) -> DrillOutcome | None:
    """The last drill of a journal, units that overlap it together; ``sightings`` are (unit, at)."""
    lead = lead_of(entries)
    if lead is None:
        return None
    begins = [e for e in entries if e.row == "B1"]
    ends = [e for e in entries if e.seq > lead.seq and e.unit == lead.unit and _has_ended(e)]
    ended = ends[0] if ends else None
    span = [e for e in entries if e.seq >= lead.seq and (ended is None or e.seq <= ended.seq)]
    gone = {(e.unit, b.seq) for b in begins for e in entries if b.seq < e.seq < lead.seq and _has_ended(e)}
    took_part = [b for b in begins if (ended is None or b.seq <= ended.seq) and (b.unit, b.seq) not in gone]
    played = [e for e in span if e.exercise and e.before is not None]
    return DrillOutcome(
        scenario=scenario_of(lead),
        begun_at=lead.at,
        begun_by=lead.actor or "",
        ended_at=ended.at if ended else None,
        ended_by_real=ended is not None and ended.trigger != "end_drill",
        units=tuple(dict.fromkeys([lead.unit, *(b.unit for b in took_part)])),
        asked=_asked(played, list(sightings)),
        ticks=sum(effect.kind == "tick" for e in played for effect in e.effects),
    )


def lead_of(entries: Sequence[Entry]) -> Entry | None:
    """What began the last drill: the newest with a scenario of what was on at the last begin, else that."""
    begins = [e for e in entries if e.row == "B1"]
    ends = [(e.unit, e.seq) for e in entries if _has_ended(e)]
    on = [b for b in begins if not any(unit == b.unit and b.seq < seq < begins[-1].seq for unit, seq in ends)]
    return next((b for b in reversed(on) if scenario_of(b)), begins[-1] if begins else None)


def _has_ended(entry: Entry) -> bool:
    return not entry.exercise and any(
        f.kind == "drill" and f.args.get("word") == "ended" for f in entry.effects
    )


def _asked(played: Sequence[Entry], sightings: Sequence[tuple[str, int]]) -> tuple[Asked, ...]:
    open_: dict[tuple[str, str, str], Asked] = {}
    done: list[Asked] = []
    for entry in played:
        ended = [open_.pop(key) for key in _ended_by(entry, open_)]
        done += [msgspec.structs.replace(e, done_at=entry.at, done_by=entry.actor or "") for e in ended]
        for one in _begun_by(entry):
            open_.setdefault((one.unit, one.duty, one.about), one)
    found = sorted([*done, *open_.values()], key=lambda one: (one.asked_at, one.unit, one.duty, one.about))
    return tuple(_seen(one, sightings) for one in found)


def _ended_by(entry: Entry, open_: dict[tuple[str, str, str], Asked]) -> list[tuple[str, str, str]]:
    """The open duties that the entry's act ends; a refusal ends nothing."""
    if entry.actor is None or any(effect.kind == "refused" for effect in entry.effects):
        return []
    kinds = [kind for kind, acts in ENDED_BY.items() if entry.trigger in acts]
    named = [str(a) for f in entry.effects for a in _names(f.args.get("about"))]
    return [
        key
        for key in open_
        if key[0] == entry.unit and key[1] in kinds and (key[1] != "report-in" or key[2] in named)
    ]


def _names(about: object) -> Sequence[object]:
    return about if isinstance(about, list | tuple) else ()


def _begun_by(entry: Entry) -> Iterable[Asked]:
    for effect in entry.effects:
        duty = ASKS.get(str(effect.args.get("word", "")))
        due = effect.args.get("due_at")
        if effect.kind == "notify" and duty is not None and isinstance(due, int):
            about = str(effect.args.get("department") or effect.args.get("child") or "")
            yield Asked(unit=entry.unit, duty=duty, about=about, asked_at=entry.at, due_at=due)


def _seen(one: Asked, sightings: Sequence[tuple[str, int]]) -> Asked:
    """First looked at by somebody of the unit; who acts has seen."""
    looks = [at for unit, at in sightings if unit == one.unit and at >= one.asked_at]
    looks += [one.done_at] if one.done_at is not None else []
    return msgspec.structs.replace(one, seen_at=min(looks, default=None))
