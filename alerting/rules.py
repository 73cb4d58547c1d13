"""The table of escalation, as data: the first row whose guards hold decides."""

from typing import Final

import msgspec

from alerting.journal import TRIGGERS
from streams.commands import COMMAND_KINDS

LETTERS: Final = {
    "N": "NORMAL", "M": "MONITORING", "W": "WARNING", "P": "PROVISIONAL", "E": "EMERGENCY", "R": "RECOVERY",
}  # fmt: skip
ANY: Final = "NMWPER"


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """One row: in ``modes``, on one of ``triggers``, if all ``guards`` hold, go ``to`` and do ``does``.

    ``word`` is what the unit's people are told; where ``reports``, the upper unit is told too. A row that
    refuses changes nothing and has the one effect ``refused``.
    """

    id: str
    modes: str
    triggers: tuple[str, ...]
    guards: tuple[str, ...] = ()
    to: str = "="
    does: tuple[str, ...] = ()
    word: str = ""
    reports: bool = False
    refuses: bool = False


def _row(
    id: str,  # noqa: A002 - the table's own word
    modes: str,
    triggers: str | tuple[str, ...],
    guards: str = "",
    to: str = "=",
    does: str = "",
    word: str = "",
) -> Rule:
    """One row in shorthand: guards and acts separated by ``;``, ``✗`` refuses, ``°`` reports upward."""
    return Rule(
        id=id,
        modes=modes,
        triggers=(triggers,) if isinstance(triggers, str) else triggers,
        guards=_parts(guards),
        to=to,
        does=() if does == "✗" else _parts(does),
        word=word.removesuffix("°"),
        reports=word.endswith("°"),
        refuses=does == "✗",
    )


def _parts(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(";")) if text else ()


_DECIDE = ("declare", "ratify")

RULES: Final[tuple[Rule, ...]] = (
    _row("C0", ANY, COMMAND_KINDS, "role or unit does not permit", does="✗"),
    _row("A1", ANY, "acknowledge", "owes acknowledge or answer",
         does="close acknowledge; close answers", word="acknowledged"),
    _row("A2", ANY, "acknowledge", does="✗"),
    _row("F1", "W", "confirm", does="close acknowledge; label true", word="confirmed"),
    _row("F2", "NMPER", "confirm", does="✗"),
    _row("R1", "WP", "reject", "blind", does="✗"),
    _row("R2", "W", "reject", "rank ≤ floor", does="✗"),
    _row("R3", "WP", "reject", to="settle(max(watch, floor))",
         does="cap the window at that rank; label false", word="rejected°"),
    _row("R4", "NMER", "reject", does="✗"),
    _row("D1", ANY, _DECIDE, "level not IV–I", does="✗"),
    _row("D2", "NMWR", "declare", "level ≥ II", "E III",
         "signed by the actor; open and request co-sign", "emergency°"),
    _row("D3", "NMWR", "declare", "", "E level", "signed by the actor", "emergency°"),
    _row("D4", "P", _DECIDE, "level < III; blind", does="✗"),
    _row("D5", "P", _DECIDE, "level ≥ II", "E III",
         "signed by the actor; open and request co-sign", "emergency°"),
    _row("D6", "P", _DECIDE, "", "E level", "signed by the actor", "emergency°"),
    _row("D7", "NMWER", "ratify", does="✗"),
    _row("D8", "E", "declare", "level = response", does="✗"),
    _row("D9", "E", "declare", "level > response; level ≥ II; co-sign open", does="✗"),
    _row("D10", "E", "declare", "level > response; level ≥ II", does="open co-sign", word="co-sign"),
    _row("D11", "E", "declare", "level > response", "E level", "signed by the actor too", "level°"),
    _row("D12", "E", "declare", "blind", does="✗"),
    _row("D13", "E", "declare", "response ≥ II; not a chief", does="✗"),
    _row("D14", "E", "declare", "", "E level", "signed by the actor too; close co-sign", "level°"),
    _row("S1", "E", "co_sign", "no co-sign open", does="✗"),
    _row("S2", "E", "co_sign", "same person", does="✗"),
    _row("S3", "E", "co_sign", "", "E level asked", "signed by both; close co-sign", "level°"),
    _row("S4", "NMWPR", "co_sign", does="✗"),
    _row("X1", "EW", "stand_down", "blind", does="✗"),
    _row("X2", "E", "stand_down", "response ≥ II; not a chief", does="✗"),
    _row("X3", "E", "stand_down", "", "R", word="stood down°"),
    _row("X4", "W", "stand_down", "rank ≤ floor", does="✗"),
    _row("X5", "W", "stand_down", "", "settle(max(watch, floor))",
         "cap the window at that rank", "lifted°"),
    _row("X6", "P", "stand_down", does="✗"),
    _row("X7", "NMR", "stand_down", does="✗"),
    _row("W0", ANY, "whistle", "names upper; at the city", does="✗"),
    _row("W1", ANY, "whistle", "all named already owe report-in", does="✗"),
    _row("W2", ANY, "whistle", does="open report-in per department; upper: call whistle", word="whistle"),
    _row("W3", ANY, "report_in", "none open", does="✗"),
    _row("W4", ANY, "report_in", does="close it", word="reported in"),
    _row("H1", ANY, "hand_over", "at the city", does="✗"),
    _row("H2", ANY, "hand_over", does="call hand over", word="handed over"),
    _row("L1", "PE", "silence", does="✗"),
    _row("L1", "W", "silence", "rank ≥ II", does="✗"),
    _row("L2", "NMWR", "silence", does="silence"),
    _row("B1", "NM", "begin_drill", "no drill", does="drill begins"),
    _row("B2", "NM", "begin_drill", does="✗"),
    _row("B3", "WPER", "begin_drill", does="✗"),
    _row("B4", ANY, "end_drill", "drill on", does="drill ends"),
    _row("B5", ANY, "end_drill", does="✗"),
    _row("T1", "NMR", ("tick", "untick"), does="✗"),
    _row("T2", "WPE", ("tick", "untick"), does="note it in the checklist"),
    _row("Q1", "NMWR", "fast", "", "P III", "signed by nobody; open ratify", "provisional°"),
    _row("Q2", "PE", "fast", "", "=", "open ratify if owed", "critical again"),
    _row("K1", "R", "bucket", "up ≥ IV", "settle(max(up, floor))", "rank ≥ II: call warning", "relapse°"),
    _row("K2", "NMW", "bucket", "supported > rank", "settle(supported)",
         "rank ≥ II: call warning", "raised°"),
    _row("K3", "MW", "bucket", "calm and dwell reached, not blind; leave rank < rank",
         "settle(leave rank)", "", "lowered°"),
    _row("K4", "R", "bucket", "calm and dwell reached, not blind", "settle(leave rank)", "", "recovered°"),
    _row("K5", "W", "bucket", "is fresh", does="open acknowledge", word="new alert"),
    _row("K6", "PE", "bucket", "supported > rank; supported > response", does="rank = supported; advise"),
    _row("K7", ANY, "bucket"),
    _row("P1", "NMW", "floor", "r > rank", "settle(r)", "floor = r", "floor"),
    _row("P2", ANY, "floor", does="floor = r"),
    _row("P3", ANY, "call", "", "N → M, else =", "open answer", "called"),
    _row("P4", ANY, "withdraw", "that answer is open", does="close that answer", word="withdrawn"),
    _row("P5", ANY, "withdraw"),
    _row("O1", ANY, "overdue", "at the city; calls < calls_per_duty",
         does="calls + 1, due again", word="overdue"),
    _row("O2", ANY, "overdue", "calls < calls_per_duty",
         does="calls + 1, due again; call overdue", word="overdue"),
    _row("O3", ANY, "overdue", does="calls + 1, rests", word="rests"),
)  # fmt: skip

Table = dict[tuple[str, str], tuple[Rule, ...]]


def table(rules: tuple[Rule, ...]) -> Table:
    """The rows that may decide, by (mode, trigger), in order."""
    return {
        (mode, trigger): tuple(r for r in rules if letter in r.modes and trigger in r.triggers)
        for letter, mode in LETTERS.items()
        for trigger in TRIGGERS
    }


TABLE: Final = table(RULES)
