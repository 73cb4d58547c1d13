"""Units, their duties and their past, from machines and journal."""

from collections.abc import Iterable, Mapping
from itertools import zip_longest

import msgspec

from alerting.journal import Entry
from alerting.levels import ENDED_BY
from alerting.machine import Duty, Machine
from alerting.muting import Silence
from alerting.permissions import PERMITTED
from tocsin.city import City
from tocsin.console.view import DutyView, ModeSpan, Signature, SilenceView, UnitView
from tocsin.people import PeopleConfig
from tocsin.picture.memory import Memory

SIGNING = {"declare": "declare", "ratify": "ratify", "co_sign": "co_sign", "stand_down": "stand_down"}


def unit_views(
    city: City,
    machines: Mapping[str, Machine],
    memory: Memory,
    hotspots: Mapping[str, str],
    is_exercise: bool = False,
    silences: Mapping[str, Silence] | None = None,
) -> tuple[UnitView, ...]:
    """Every unit that has a machine, parents first; ``hotspots`` names the gravest one of each unit."""
    return tuple(
        _silenced(
            _unit_view(city, unit, machines[unit], memory, hotspots.get(unit, ""), is_exercise),
            (silences or {}).get(unit),
        )
        for unit in _depth_first(city)
        if unit in machines
    )


def _silenced(view: UnitView, silence: Silence | None) -> UnitView:
    if silence is None:
        return view
    shown = SilenceView(silence.actor, silence.until, silence.note)
    return msgspec.structs.replace(view, silence=shown)


def _depth_first(city: City) -> list[str]:
    def below(unit: str) -> list[str]:
        return [unit, *(u for child in city.units.places[unit].children for u in below(child))]

    return below(city.units.root)


def _unit_view(
    city: City, unit: str, machine: Machine, memory: Memory, hotspot: str, is_exercise: bool
) -> UnitView:
    entries = [e for e in memory.entries if e.unit == unit and e.exercise == is_exercise]
    co_sign = next((duty for duty in machine.duties if duty.kind == "co-sign"), None)
    return UnitView(
        id=unit,
        names=city.gazetteer.unit(unit).names,
        tier=city.units.tier(unit),
        parent=city.units.parents[unit],
        mode=machine.mode,
        rank=machine.rank,
        since_at=machine.since_at,
        response=machine.response,
        floor=machine.floor,
        is_blind=machine.is_blind,
        known_at=_known_at(machine, entries),
        hotspot=hotspot,
        signatures=_signatures(machine, entries),
        expected_seconds=_expected_seconds(machine, entries),
        co_sign_level=int(co_sign.about[0]) if co_sign else None,
    )


def _known_at(machine: Machine, entries: Iterable[Entry]) -> int | None:
    """When the unit was last seen, if it is blind now."""
    if not machine.is_blind:
        return None
    began = [e.at for e in entries if any(f.kind == "blind" and f.args["word"] == "began" for f in e.effects)]
    return began[-1] if began else None


def _signatures(machine: Machine, entries: Iterable[Entry]) -> tuple[Signature, ...]:
    acts = {
        e.actor: Signature(e.actor, SIGNING[e.trigger], e.at)
        for e in entries
        if e.actor in machine.signed_by and e.trigger in SIGNING and e.before != e.after
    }
    return tuple(acts[actor] for actor in machine.signed_by if actor in acts)


def _expected_seconds(machine: Machine, entries: Iterable[Entry]) -> int | None:
    if not machine.response:
        return None
    given = [f.args["duration_seconds"] for e in entries for f in e.effects if "duration_seconds" in f.args]
    return int(given[-1]) if given and isinstance(given[-1], int) else None


def duty_views(
    city: City,
    people: PeopleConfig,
    machines: Mapping[str, Machine],
    memory: Memory,
    hotspots: Mapping[str, str],
    is_exercise: bool = False,
) -> tuple[DutyView, ...]:
    """All open duties, next deadline first, those at rest last."""
    views = [
        _duty_view(city, people, unit, machine, duty, memory, _subject(unit, duty, hotspots), is_exercise)
        for unit, machine in machines.items()
        for duty in machine.duties
    ]
    return tuple(sorted(views, key=lambda v: (v.due_at is None, v.due_at or 0, v.unit, v.kind, v.about)))


def _subject(unit: str, duty: Duty, hotspots: Mapping[str, str]) -> str:
    """The hotspot that a duty is about: a call is about what happens in the unit that called."""
    own = hotspots.get(unit, "")
    return hotspots.get(duty.about[0], own) if duty.kind == "answer" else own


def _able(city: City, people: PeopleConfig, unit: str, duty: Duty) -> tuple[str, ...]:
    """Who may end a duty: people of the unit, or of the nearest one above it that has such people."""
    act, first = ENDED_BY[duty.kind][0], duty.about[1] if duty.kind == "co-sign" else ""
    able = [p for p in people.person if act in PERMITTED.get(p.role, ()) and p.id != first]
    for place in city.units.lineage(unit):
        if found := tuple(p.id for p in able if p.unit == place):
            return found
    return ()


def _duty_view(
    city: City,
    people: PeopleConfig,
    unit: str,
    machine: Machine,
    duty: Duty,
    memory: Memory,
    hotspot: str,
    is_exercise: bool,
) -> DutyView:
    cause = memory.by_hash.get(duty.cause or "")
    departments = {d.id: d.names or {"en": d.id} for d in people.department}
    about = duty.about[0] if duty.about else ""
    who = departments.get(about) if duty.kind == "report-in" else None
    return DutyView(
        unit=unit,
        kind=duty.kind,
        who=who or city.gazetteer.unit(unit).names,
        opened_at=cause.at if cause else machine.since_at,
        due_at=duty.due_at,
        about=about,
        rank=max(machine.rank, machine.response),
        calls=duty.calls,
        hotspot=hotspot,
        asked_by=(cause.actor or "") if cause else "",
        why=duty.about[1] if duty.kind == "answer" else "",
        persons=_able(city, people, unit, duty),
        late_since=memory.late_since(unit, duty, is_exercise),
        is_exercise=is_exercise,
    )


def spans(entries: Iterable[Entry]) -> tuple[ModeSpan, ...]:
    """Each unit's life off NORMAL and its blindness, by unit and time; real and exercise lives apart."""
    lives: dict[tuple[str, bool], list[Entry]] = {}
    for entry in entries:
        lives.setdefault((entry.unit, entry.exercise), []).append(entry)
    return tuple(
        span
        for (unit, is_exercise), life in lives.items()
        for span in (*_modes(unit, is_exercise, life), *_blindness(unit, is_exercise, life))
    )


def _modes(unit: str, is_exercise: bool, life: list[Entry]) -> Iterable[ModeSpan]:
    changes = [(e.at, e.after) for e in life if e.after is not None and e.before != e.after]
    for (at, standing), after in zip_longest(changes, changes[1:]):
        if standing.mode != "NORMAL":
            yield ModeSpan(
                unit=unit,
                starts_at=at,
                ends_at=after[0] if after else None,
                mode=standing.mode,
                rank=standing.response or standing.rank,
                is_exercise=is_exercise,
            )


def _blindness(unit: str, is_exercise: bool, life: list[Entry]) -> Iterable[ModeSpan]:
    words = [(e.at, str(f.args["word"]), e) for e in life for f in e.effects if f.kind == "blind"]
    for (at, word, entry), after in zip_longest(words, words[1:]):
        if word == "began" and entry.after is not None:
            yield ModeSpan(
                unit=unit,
                starts_at=at,
                ends_at=after[0] if after else None,
                mode=entry.after.mode,
                rank=entry.after.rank,
                is_blind=True,
                is_exercise=is_exercise,
            )
