"""The claims that a row of the table may require, by the words in which the table states them."""

from collections.abc import Callable
from typing import Final

from alerting.draft import Draft, is_calm, leave_rank, supported
from alerting.levels import BLUE, LEVELS, ORANGE, UPPER, YELLOW
from alerting.machine import Duty
from alerting.permissions import attests, is_chief, may

Guard = Callable[[Draft], bool]


def level(draft: Draft) -> int:
    """The level that a command names; 0 if none."""
    command = draft.trigger.command
    return (command.level or 0) if command is not None else 0


def about(draft: Draft) -> tuple[str, ...]:
    """The departments that a command names."""
    command = draft.trigger.command
    return command.about if command is not None else ()


def answer_about(draft: Draft) -> tuple[str, ...]:
    """What an answer to the message's child is about."""
    return (draft.trigger.child, draft.trigger.why)


def overdue(draft: Draft) -> Duty:
    """The duty that is overdue."""
    duty = draft.trigger.duty
    assert duty is not None
    return duty


def _is_permitted(draft: Draft) -> bool:
    command = draft.trigger.command
    return command is not None and may(command, draft.place)


def _is_blind(draft: Draft) -> bool:
    return draft.is_blind and not attests(draft.trigger.command)


def _is_same_person(draft: Draft) -> bool:
    command, duty = draft.trigger.command, draft.owed("co-sign")
    return command is not None and duty is not None and duty.about[1] == command.actor


def _all_owe(draft: Draft) -> bool:
    return all(name != UPPER and draft.owed("report-in", (name,)) is not None for name in about(draft))


def _up(draft: Draft) -> int:
    return draft.trigger.evidence.up if draft.trigger.evidence is not None else 0


def _supported(draft: Draft) -> int:
    return supported(draft.window, draft.policy)


GUARDS: Final[dict[str, Guard]] = {
    "role or unit does not permit": lambda d: not _is_permitted(d),
    "owes acknowledge or answer": lambda d: bool(d.owed("acknowledge") or d.owed("answer")),
    "blind": _is_blind,
    "rank ≤ floor": lambda d: d.rank <= d.floor,
    "level not IV–I": lambda d: level(d) not in LEVELS,
    "level ≥ II": lambda d: level(d) >= ORANGE,
    "level < III": lambda d: level(d) < YELLOW,
    "level = response": lambda d: level(d) == d.response,
    "level > response": lambda d: level(d) > d.response,
    "co-sign open": lambda d: d.owed("co-sign") is not None,
    "no co-sign open": lambda d: d.owed("co-sign") is None,
    "same person": _is_same_person,
    "response ≥ II": lambda d: d.response >= ORANGE,
    "not a chief": lambda d: not is_chief(d.trigger.command),
    "at the city": lambda d: d.place.is_city,
    "names upper": lambda d: UPPER in about(d),
    "all named already owe report-in": _all_owe,
    "none open": lambda d: d.owed("report-in", about(d)) is None,
    "rank ≥ II": lambda d: d.rank >= ORANGE,
    "no drill": lambda d: not d.is_drilling,
    "drill on": lambda d: d.is_drilling,
    "up ≥ IV": lambda d: _up(d) >= BLUE,
    "supported > rank": lambda d: _supported(d) > d.rank,
    "supported > response": lambda d: _supported(d) > d.response,
    "calm and dwell reached, not blind": is_calm,
    "leave rank < rank": lambda d: leave_rank(d) < d.rank,
    "is fresh": lambda d: d.trigger.evidence is not None and d.trigger.evidence.is_fresh,
    "r > rank": lambda d: d.trigger.floor > d.rank,
    "that answer is open": lambda d: d.owed("answer", answer_about(d)) is not None,
    "calls < calls_per_duty": lambda d: overdue(d).calls < d.policy.calls_per_duty,
}
