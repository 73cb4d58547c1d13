"""The page of one case study, from its facts alone."""

from statistics import median
from typing import Final

from alerting.levels import RANK_NAMES
from tocsin.case_studies import summary_zh
from tocsin.case_studies.facts import Facts, Quiet, Told, Yardstick
from tocsin.case_studies.known import Study
from tocsin.case_studies.naming import Names
from tocsin.case_studies.verdicts import (
    Alerted,
    Noticed,
    Week,
    alerted,
    noticed,
    quiet_rate,
    unexplained,
    weeks,
)
from tocsin.case_studies.words import count, listing, local, seconds, share, span, table

BUDGET: Final = 2.0
MOST_UNITS: Final = 6
LATE_SECONDS: Final = 2 * 3_600
"""An alert this long after plain counting sees a shock is called late."""

HEAD: Final = "<!-- Made by `make case-studies`; do not edit. -->\n"
LASTING: Final = 0.9
"""A city that is blind for less of what is left of a hole has forgotten it."""

_SILENCE_NOTE: Final = (
    "\n*After*: from the last record to when a live run says so. *Blind of it*: for how much of the hole the "
    "city says that it does not know.\n"
)
LEARNING: Final = "nothing is scored yet (warm-up)"


def page(city: str, study: Study, facts: Facts, names: Names) -> str:
    """The whole page as Markdown."""
    seen = [alerted(study, facts, shock) for shock in study.shocks]
    holes = [noticed(study, facts, hole) for hole in study.holes]
    found = weeks(study, facts)
    parts = [
        f"{HEAD}# {study.title}\n\n{' '.join(study.intro)}\n",
        f"![Alarms by week, shocks and holes]({city}.svg)\n",
        _run(study, facts),
        _shocks(city, study, facts, seen, names),
        _holes(study, facts, holes),
        _quiet(study, facts, found),
        _wanting(study, facts, seen, holes, found),
        "## Limits\n\n" + listing(study.limits),
        summary_zh.summary(study, facts, seen, holes, found),
        _made_of(facts),
    ]
    return "\n".join(part for part in parts if part)


def _run(study: Study, facts: Facts) -> str:
    run = facts.run
    total = sum(run.outcomes.values())
    rows = [(name.replace("_", " "), count(n), share(n, total)) for name, n in run.outcomes.items()]
    sure = local(run.calibrated_at, study.zone) if run.calibrated_at else "never"
    return (
        f"## The run\n\n{count(total)} records of all feeds, in a middling week "
        f"{count(facts.weekly_records)} of the first, from {local(run.first_at, study.zone)} to "
        f"{local(run.last_at, study.zone)}, {study.zone}, in {count(run.buckets)} buckets. Scores begin "
        f"{local(run.warm_at, study.zone)}; until {sure} there is too little history to calibrate, and the "
        "budget is kept by theory.\n\n" + table(("record", "count", "share"), rows)
    )


def _shocks(city: str, study: Study, facts: Facts, seen: list[Alerted], names: Names) -> str:
    head = (
        "shock",
        "stands out",
        "first alarm",
        "known live",
        "delay",
        "highest",
        "first alarm about",
        "told",
    )
    rows = [_shock(study, facts, one, names) for one in seen]
    picture = f"![Counts and first alarms around each shock]({city}-shocks.svg)\n\n"
    return (
        "## Known shocks\n\n"
        + picture
        + table(head, rows)
        + f"\n*Stands out*: {_yardstick(study)} *Known live*: when a live run would have said so, the feed's "
        "allowed lateness later. *Delay*: from the one to the other; negative where the alarm was first. "
        "*Told*: units that evidence raised, with the highest rank there.\n"
    )


def _yardstick(study: Study) -> str:
    if study.value:
        return f"end of the first hour in which the mean of all stations reaches {study.level:g}; that mean."
    return "end of the first hour in which plain counting with hindsight sees the shock; count against mean."


def _shock(study: Study, facts: Facts, one: Alerted, names: Names) -> tuple[str, ...]:
    mark = facts.yardsticks.get(one.shock.key)
    name = f"{one.shock.name}, {one.shock.begins[:10]}" + (
        " (a stack of old cases)" if _is_batch(one) else ""
    )
    stands_out = _stands_out(study, mark) if mark else "no"
    if one.alarm is None:
        is_learning = _ends(study, one) <= facts.run.warm_at
        return (
            name,
            stands_out,
            LEARNING if is_learning else "**none**",
            "",
            "",
            "",
            "",
            _people(one.told, names),
        )
    where = "whole area" if one.alarm.is_city else ", ".join(names.unit(a) for a in one.alarm.areas[:3])
    about = f"{names.category(one.alarm.category)}, {where}"
    if not study.value:
        about += f": {count(one.alarm.observed)} / {count(one.alarm.expected)}"
    was_open = " (open since before)" if one.was_open else ""
    return (
        name,
        stands_out,
        local(one.first_at, study.zone) + was_open,
        local(one.known_at, study.zone)[11:],
        span(one.known_at - mark.at) if mark else "",
        RANK_NAMES[one.rank],
        about,
        _people(one.told, names),
    )


def _stands_out(study: Study, mark: Yardstick) -> str:
    against = "" if study.value else f" / {count(mark.expected)}"
    return f"{local(mark.at, study.zone)}: {count(mark.observed)}{against}"


def _people(told: tuple[Told, ...], names: Names) -> str:
    first = [f"{names.unit(one.unit)} ({RANK_NAMES[one.rank]})" for one in told[:MOST_UNITS]]
    more = len(told) - len(first)
    return ", ".join(first) + (f" and {more} more" if more > 0 else "") or "nobody new"


def _holes(study: Study, facts: Facts, holes: list[Noticed]) -> str:
    head = ("the feed stops", "for", "said silent after", "city blind after", "blind of it", "")
    rows = [
        (
            local(one.begins_at, study.zone),
            span(one.ends_at - one.begins_at),
            f"{_after(one.silent_at, one)} ({one.feed})" if one.feed else "**never**",
            _after(one.blind_at, one),
            share(one.blind_seconds, one.ends_at - one.begins_at),
            one.hole.note,
        )
        for one in holes
    ]
    known = table(head, rows) + _SILENCE_NOTE if holes else "None.\n"
    return f"## Known silences\n\n{known}\n{_elsewhere(study, unexplained(facts, holes))}\n"


def _elsewhere(study: Study, found: list[Quiet]) -> str:
    """Silences that were said and are not among the known ones."""
    if not found:
        return "Elsewhere no feed was said to be silent in the whole city."
    longest = max(found, key=lambda quiet: quiet.last_at - quiet.since_at)
    return (
        f"Elsewhere a feed was said to be silent in the whole city {len(found)} times, longest since "
        f"{local(longest.since_at, study.zone)} ({span(longest.last_at - longest.since_at)}). Some of these "
        "are stops too: the list of known ones holds only the long ones."
    )


def _after(at: int | None, one: Noticed) -> str:
    if at is None:
        return "**never**"
    return span(at - one.begins_at) if at > one.begins_at else "still is"


def _quiet(study: Study, facts: Facts, found: tuple[Week, ...]) -> str:
    quiet = [week for week in found if not week.why_not]
    sure = [week for week in quiet if week.is_calibrated]
    if not quiet:
        return "## Quiet weeks\n\nThere is no whole week without a known shock or hole.\n"
    rows = [(name, *_rate(part)) for name, part in (("all", quiet), ("calibrated", sure))]
    other = [week for week in found if week.why_not]
    rows.append(("not quiet", *_rate(tuple(other))))
    return (
        f"## Quiet weeks\n\nA budget of {BUDGET:g} alarms a week for the whole city. A quiet week holds no "
        "known shock (nor the day after one), no known hole (nor as long again, up to a week). That nothing "
        "is *known* of a week does not make each of its alarms false: nobody was asked.\n\n"
        + table(("weeks", "number", "alarms a week", "median", "most", "within budget"), rows)
    )


def _rate(found: list[Week] | tuple[Week, ...]) -> tuple[str, ...]:
    if not found:
        return ("0", "", "", "", "")
    alarms = [week.alarms for week in found]
    within = sum(n <= BUDGET for n in alarms)
    return (
        str(len(alarms)), f"{sum(alarms) / len(alarms):.2f}", f"{median(alarms):g}", str(max(alarms)),
        share(within, len(alarms)),
    )  # fmt: skip


def _wanting(
    study: Study, facts: Facts, seen: list[Alerted], holes: list[Noticed], found: tuple[Week, ...]
) -> str:
    """What did not go well, without being asked."""
    lines = [f"Missed: {one.shock.name}, {one.shock.begins[:10]}{_why(study, facts, one)}." for one in seen
             if one.alarm is None]  # fmt: skip
    for one in seen:
        mark = facts.yardsticks.get(one.shock.key)
        if one.alarm is not None and mark and one.known_at - mark.at > LATE_SECONDS:
            lines.append(
                f"Late by {span(one.known_at - mark.at)}: {one.shock.name}, {one.shock.begins[:10]}."
            )
        if one.alarm is not None and not one.told:
            lines.append(f"Told nobody new: {one.shock.name}, {one.shock.begins[:10]}.")
    lines += [f"Not called silent: {local(h.begins_at, study.zone)}{_note(h)}." for h in holes if not h.feed]
    lines += [
        f"Blind for only {share(h.blind_seconds, h.ends_at - h.begins_at)} of the hole from "
        f"{local(h.begins_at, study.zone)}: later in it a dead feed looked like calm."
        for h in holes
        if h.blind_at is not None and h.blind_seconds < LASTING * (h.ends_at - h.blind_at)
    ]
    lines += [
        f"Silent, but the city not called blind: {local(h.begins_at, study.zone)}." for h in holes
        if h.feed and h.blind_at is None
    ]  # fmt: skip
    rate = quiet_rate(found)
    if rate is not None and rate > 1.25 * BUDGET:
        lines.append(f"Too many alarms in quiet weeks: {rate:.2f} a week at a budget of {BUDGET:g}.")
    if rate is not None and rate < BUDGET / 2:
        lines.append(f"Fewer alarms in quiet weeks than allowed: {rate:.2f} a week of {BUDGET:g}.")
    return "## Missed, late, too many\n\n" + (listing(lines) if lines else "Nothing of what is known.\n")


def _why(study: Study, facts: Facts, one: Alerted) -> str:
    if _ends(study, one) <= facts.run.warm_at:
        return f": {LEARNING}"
    stretch = facts.stretches[one.shock.key]
    if not study.value and stretch.counted < stretch.records / 2:
        lost = f"{count(stretch.records)} records of its types, {count(stretch.counted)} counted"
        return f": {lost} (the others have no place)"
    return "" if one.shock.key in facts.yardsticks else ": plain counting does not see it either"


def _note(one: Noticed) -> str:
    return f" ({one.hole.note})" if one.hole.note else ""


def _ends(study: Study, one: Alerted) -> int:
    return seconds(one.shock.ends, study.zone)


def _is_batch(one: Alerted) -> bool:
    return one.shock.sign == "batch"


def _made_of(facts: Facts) -> str:
    rows = [(f"`{name}`", f"`{digest}`") for name, digest in facts.inputs.items()]
    rows += [("behaviour", f"`{facts.behaviour}`"), ("journal", f"`{facts.run.journal_hash}`")]
    return "## Made of\n\n" + table(("what", "digest"), rows)
