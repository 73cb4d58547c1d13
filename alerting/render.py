"""The table and its diagram, written from the rows themselves."""

from collections.abc import Callable, Iterable
from typing import Final

import msgspec

from alerting.levels import MODES
from alerting.rules import ANY, LETTERS, RULES, Rule
from streams.commands import COMMAND_KINDS

COLUMNS: Final = ("row", "mode", "trigger", "guard", "to", "does", "told")


class TableWords(msgspec.Struct, frozen=True):
    """How a language writes the table: ``say`` turns a column and a phrase of the rules into its words."""

    head: tuple[str, ...] = COLUMNS
    any_mode: str = "any"
    any_command: str = "any command"
    comma: str = ", "
    conjunction: str = " and "
    semicolon: str = "; "
    say: Callable[[str, str], str] = lambda _, phrase: phrase


ENGLISH: Final = TableWords()
"""The phrases of the rules are English already."""

_LEADS: Final[dict[str, tuple[str, ...]]] = {
    "settle(max(watch, floor))": ("MONITORING", "WARNING"),
    "settle(max(up, floor))": ("WARNING",),
    "settle(supported)": ("MONITORING", "WARNING"),
    "settle(leave rank)": ("NORMAL", "MONITORING", "WARNING"),
    "settle(r)": ("MONITORING", "WARNING"),
    "N → M, else =": ("MONITORING",),
    "P III": ("PROVISIONAL",),
    "E III": ("EMERGENCY",),
    "E level": ("EMERGENCY",),
    "E level asked": ("EMERGENCY",),
    "R": ("RECOVERY",),
}
"""The modes to which a target may lead; from NORMAL calm leads nowhere, so no row asks it to."""


def table_markdown(rules: Iterable[Rule] = RULES, words: TableWords = ENGLISH) -> str:
    """The table as Markdown, one line a row; ✗ refuses, ° is reported to the upper unit."""
    lines = (words.head, ("---",) * len(words.head), *(_cells(rule, words) for rule in rules))
    return "".join(f"|{'|'.join(line)}|\n" for line in lines)


def _cells(rule: Rule, words: TableWords) -> tuple[str, ...]:
    modes = words.any_mode if rule.modes == ANY else " ".join(rule.modes)
    does = "✗" if rule.refuses else words.semicolon.join(words.say("does", act) for act in rule.does)
    told = words.say("told", rule.word) + ("°" if rule.reports else "")
    guards = words.conjunction.join(words.say("guard", guard) for guard in rule.guards)
    return (rule.id, modes, _triggers(rule, words), guards, words.say("to", rule.to), does, told)


def _triggers(rule: Rule, words: TableWords) -> str:
    if rule.triggers == COMMAND_KINDS:
        return words.any_command
    return words.comma.join(words.say("trigger", trigger) for trigger in rule.triggers)


def edges(rules: Iterable[Rule] = RULES) -> dict[tuple[str, str], tuple[str, ...]]:
    """Rows by (from mode, to mode), for every change of mode that some row can make."""
    found: dict[tuple[str, str], list[str]] = {}
    for rule in rules:
        for letter in rule.modes:
            for target in _targets(rule, LETTERS[letter]):
                ids = found.setdefault((LETTERS[letter], target), [])
                ids += [rule.id] if rule.id not in ids else []
    return {pair: tuple(ids) for pair, ids in sorted(found.items(), key=lambda item: _rank(item[0]))}


def _targets(rule: Rule, mode: str) -> tuple[str, ...]:
    if rule.to == "N → M, else =" and mode != "NORMAL":
        return ()
    if rule.to == "settle(leave rank)" and mode == "WARNING":
        return ("MONITORING",)  # watch is the least to which a warning is left
    return tuple(target for target in _LEADS.get(rule.to, ()) if _is_change(rule, mode, target))


def _is_change(rule: Rule, mode: str, target: str) -> bool:
    """Raising rows lead up and lowering rows lead down the rising modes; other moves always change mode."""
    order = {name: place for place, name in enumerate(MODES[:3])}
    if mode not in order or target not in order:
        return mode != target
    is_raise = rule.to in ("settle(supported)", "settle(r)", "N → M, else =")
    return order[target] > order[mode] if is_raise else order[target] < order[mode]


def _rank(pair: tuple[str, str]) -> tuple[int, int]:
    names = tuple(str(mode) for mode in MODES)
    return names.index(pair[0]), names.index(pair[1])


def diagram(rules: Iterable[Rule] = RULES) -> str:
    """The modes and the rows that lead from one to another, as a Mermaid state diagram."""
    lines = ["stateDiagram-v2", "    [*] --> NORMAL"]
    lines += [f"    {start} --> {end}: {', '.join(ids)}" for (start, end), ids in edges(rules).items()]
    return "\n".join(lines) + "\n"
