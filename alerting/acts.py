"""What a row of the table may do, by the words in which the table states it."""

from collections.abc import Callable
from typing import Final

from alerting.draft import Draft, leave_rank, supported
from alerting.effects import Fact
from alerting.guards import about, answer_about, level, overdue
from alerting.levels import (
    BLUE,
    EMERGENCY,
    NORMAL,
    ORANGE,
    PROVISIONAL,
    UPPER,
    WATCH,
    YELLOW,
    DutyKind,
)

Act = Callable[[Draft], None]


def notify(draft: Draft, word: str, reports: bool) -> None:
    """Tell the unit's people, and the upper unit where the row reports, in ``word`` and the present facts."""
    if word == "whistle":
        return  # told department by department
    told: dict[str, Fact] = {"word": word, **_standing(draft), **_said(draft), **draft.facts}
    draft.ask("notify", "notify", **told)
    if reports and draft.place.upper is not None:
        draft.ask("report", "report", to=draft.place.upper, **told)


def refuse(draft: Draft, row: str) -> None:
    """The one effect of a refusal: the row says why."""
    draft.ask("label", "refused", row=row, **_said(draft))


def _standing(draft: Draft) -> dict[str, Fact]:
    return {"mode": draft.mode, "rank": draft.rank, "response": draft.response}


def _said(draft: Draft) -> dict[str, Fact]:
    """What the person said with the act: recorded, and without effect on the table."""
    command = draft.trigger.command
    if command is None:
        return {}
    said: dict[str, Fact] = {
        "actor": command.actor,
        "level": command.level,
        "about": command.about or None,
        "is_attested": command.is_attested or None,
        "duration_seconds": command.duration_seconds,
        "measures": command.measures or None,
        "hotspot": command.hotspot or None,
        "note": command.note or None,
        "until": command.until,
    }
    return {name: fact for name, fact in said.items() if fact is not None}


def _call(draft: Draft, why: str) -> None:
    if draft.place.upper is not None:
        draft.ask("call", "call", to=draft.place.upper, why=why, **_standing(draft))


def _actor(draft: Draft) -> str:
    return draft.trigger.command.actor if draft.trigger.command is not None else ""


def _co_sign_level(draft: Draft) -> int:
    duty = draft.owed("co-sign")
    assert duty is not None
    return int(duty.about[0])


def _up(draft: Draft) -> int:
    return draft.trigger.evidence.up if draft.trigger.evidence is not None else 0


def _settle_watch_if_normal(draft: Draft) -> None:
    if draft.mode == NORMAL:
        draft.settle(WATCH)


TARGETS: Final[dict[str, Act]] = {
    "=": lambda d: None,
    "settle(max(watch, floor))": lambda d: d.settle(max(WATCH, d.floor)),
    "settle(max(up, floor))": lambda d: d.settle(max(_up(d), d.floor)),
    "settle(supported)": lambda d: d.settle(supported(d.window, d.policy)),
    "settle(leave rank)": lambda d: d.settle(leave_rank(d)),
    "settle(r)": lambda d: d.settle(d.trigger.floor),
    "N → M, else =": _settle_watch_if_normal,
    "P III": lambda d: d.respond(PROVISIONAL, YELLOW),
    "E III": lambda d: d.respond(EMERGENCY, YELLOW),
    "E level": lambda d: d.respond(EMERGENCY, level(d)),
    "E level asked": lambda d: d.respond(EMERGENCY, _co_sign_level(d)),
    "R": lambda d: d.recover(),
}
"""Where a row leads."""


def _label(is_true: bool) -> Act:
    return lambda draft: draft.ask("label", "label", is_true=is_true, **_said(draft))


def _close(kind: DutyKind) -> Act:
    return lambda draft: draft.close(kind)


def _open_co_sign(draft: Draft) -> None:
    asked = (str(level(draft)), _actor(draft))
    draft.open("co-sign", asked, draft.policy.co_sign_seconds)


def _request_co_sign(draft: Draft) -> None:
    _open_co_sign(draft)
    told: dict[str, Fact] = {"word": "co-sign", **_standing(draft), **_said(draft), **draft.facts}
    draft.ask("co-sign request", "notify", **told)


def _sign_both(draft: Draft) -> None:
    duty = draft.owed("co-sign")
    assert duty is not None
    draft.signed_by = (duty.about[1], _actor(draft))


def _sign(draft: Draft) -> None:
    draft.signed_by = (_actor(draft),)


def _sign_too(draft: Draft) -> None:
    if _actor(draft) not in draft.signed_by:
        draft.signed_by = (*draft.signed_by, _actor(draft))


def _sign_nobody(draft: Draft) -> None:
    draft.signed_by = ()


def _open_report_in(draft: Draft) -> None:
    for name in about(draft):
        if name != UPPER:
            draft.open("report-in", (name,), draft.policy.report_in_seconds)
            due = draft.owed("report-in", (name,))
            told: dict[str, Fact] = {
                **_standing(draft),
                **_said(draft),
                "due_at": due.due_at if due else None,
            }
            draft.ask("notify", "notify", word="whistle", department=name, **told)


def _call_upper(draft: Draft) -> None:
    if UPPER in about(draft):
        _call(draft, "whistle")


def _call_warning(draft: Draft) -> None:
    if draft.rank >= ORANGE:
        _call(draft, "warning")


def _call_overdue(draft: Draft) -> None:
    _call(draft, f"overdue {overdue(draft).kind}")


def _open_ratify(draft: Draft) -> None:
    draft.open("ratify", (), draft.policy.ratify_seconds)


def _reopen_ratify(draft: Draft) -> None:
    if draft.owed("ratify") is not None:
        _open_ratify(draft)


def _open_acknowledge(draft: Draft) -> None:
    draft.open("acknowledge", (), draft.policy.acknowledge_within(draft.rank))


def _open_answer(draft: Draft) -> None:
    draft.facts.update(child=draft.trigger.child, why=draft.trigger.why)
    draft.open("answer", answer_about(draft), draft.policy.answer_seconds)


def _close_answer(draft: Draft) -> None:
    draft.facts.update(child=draft.trigger.child, why=draft.trigger.why)
    draft.close("answer", answer_about(draft))


def _raise_rank(draft: Draft) -> None:
    draft.rank, draft.since_at = supported(draft.window, draft.policy), draft.at


def _advise(draft: Draft) -> None:
    draft.ask("advise", "advise", **_standing(draft))


def _lay_floor(draft: Draft) -> None:
    draft.floor = draft.facts["floor"] = draft.trigger.floor


def _silence(draft: Draft) -> None:
    draft.ask("silence", "silence", **{"until": None, **_said(draft)})


def _drill(is_on: bool) -> Act:
    def act(draft: Draft) -> None:
        draft.is_drilling = is_on
        draft.ask("drill", "drill", word="began" if is_on else "ended", **_said(draft))

    return act


def _tick(draft: Draft) -> None:
    is_done = draft.trigger.kind == "tick"
    draft.ask("tick", "tick", **{**_said(draft), "is_done": is_done})


def again_seconds(draft: Draft) -> int:
    """Seconds until the overdue duty is due again."""
    policy = draft.policy
    return {
        "acknowledge": policy.acknowledge_within(max(draft.rank, BLUE)),
        "ratify": policy.ratify_seconds,
        "co-sign": policy.co_sign_seconds,
        "report-in": policy.report_in_seconds,
        "answer": policy.answer_seconds,
    }[overdue(draft).kind]


def _due_again(draft: Draft) -> None:
    _called(draft, draft.at + again_seconds(draft))


def _rest(draft: Draft) -> None:
    _called(draft, None)


def _called(draft: Draft, due_at: int | None) -> None:
    duty = overdue(draft)
    draft.put(duty, due_at=due_at, calls=duty.calls + 1)
    draft.facts.update(duty=duty.kind, about=duty.about or None, calls=duty.calls + 1, due_at=due_at)


ACTS: Final[dict[str, Act]] = {
    "label true": _label(True),
    "label false": _label(False),
    "close acknowledge": _close("acknowledge"),
    "close answers": _close("answer"),
    "cap the window at that rank": lambda d: d.cap(d.rank),
    "signed by the actor": _sign,
    "signed by the actor too": _sign_too,
    "signed by both": _sign_both,
    "signed by nobody": _sign_nobody,
    "open co-sign": _open_co_sign,
    "open and request co-sign": _request_co_sign,
    "close co-sign": _close("co-sign"),
    "open report-in per department": _open_report_in,
    "upper: call whistle": _call_upper,
    "close it": lambda d: d.close("report-in", about(d)),
    "call hand over": lambda d: _call(d, "hand over"),
    "silence": _silence,
    "drill begins": _drill(True),
    "drill ends": _drill(False),
    "note it in the checklist": _tick,
    "open ratify": _open_ratify,
    "open ratify if owed": _reopen_ratify,
    "open acknowledge": _open_acknowledge,
    "rank ≥ II: call warning": _call_warning,
    "rank = supported": _raise_rank,
    "advise": _advise,
    "floor = r": _lay_floor,
    "open answer": _open_answer,
    "close that answer": _close_answer,
    "calls + 1, due again": _due_again,
    "call overdue": _call_overdue,
    "calls + 1, rests": _rest,
}
"""What a row does besides, in the order named."""
