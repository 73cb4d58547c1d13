"""Every row, word, mode, rank, duty, role and cause has its words in every language; the renderings hold."""

import re
from pathlib import Path

import pytest
from fluent.syntax import ast, parse

import tocsin.messages
from alerting import render
from alerting.acts import ACTS, TARGETS
from alerting.guards import GUARDS
from alerting.journal import TRIGGERS
from alerting.levels import DUTY_KINDS, MODES, RANK_NAMES, ROLES
from alerting.rules import RULES
from alerting.units import TIERS

FOLDER = Path(tocsin.messages.__file__).parent


def messages(locale: str) -> dict[str, str]:
    body = parse((FOLDER / locale / "escalation.ftl").read_text(encoding="utf-8")).body
    assert not [item for item in body if isinstance(item, ast.Junk)]
    found = [item for item in body if isinstance(item, ast.Message)]
    assert len({item.id.name for item in found}) == len(found)
    return {item.id.name: "".join(getattr(e, "value", "") for e in item.value.elements) for item in found}


def needed() -> set[str]:
    words = {rule.word for rule in RULES if rule.word} | {"co-sign", "began", "ended"}
    whys = {"warning", "whistle", "hand over", *(f"overdue {kind}" for kind in DUTY_KINDS)}
    return {
        "row-outside",
        *(f"row-{rule.id}" for rule in RULES),
        *(f"told-{word.replace(' ', '-')}" for word in words),
        *(f"why-{why.replace(' ', '-')}" for why in whys),
        *(f"trigger-{kind.replace('_', '-')}" for kind in TRIGGERS),
        *(f"rank-{rank}" for rank in range(len(RANK_NAMES))),
        *(f"mode-{mode.lower()}" for mode in MODES),
        *(f"duty-{kind}" for kind in DUTY_KINDS),
        *(f"role-{role}" for role in ROLES),
        *(f"tier-{tier}" for tier in TIERS),
    }


@pytest.mark.parametrize("locale", ["en", "zh-CN"])
def test_every_word_is_there_and_no_other(locale):
    assert set(messages(locale)) == needed()


@pytest.mark.parametrize(("locale", "begins"), [("en", "Refused: "), ("zh-CN", "未受理：")])
def test_rows_that_refuse_say_so_and_others_do_not(locale, begins):
    said = messages(locale)
    assert {rule.id: said[f"row-{rule.id}"].startswith(begins) for rule in RULES} == {
        rule.id: rule.refuses for rule in RULES
    }


def test_chinese_is_chinese_and_never_a_state_of_emergency():
    for key, text in messages("zh-CN").items():
        assert re.search("[\u4e00-\u9fff]", text), key
        assert "紧急状态" not in text
        assert not re.search("[\u4e00-\u9fff][A-Za-z0-9]|[A-Za-z0-9][\u4e00-\u9fff]", text), key


def test_the_table_has_a_line_for_every_row():
    lines = render.table_markdown().splitlines()
    assert len(lines) == len(RULES) + 2
    assert {line.count("|") for line in lines} == {8}
    guards = "calm and dwell reached, not blind and leave rank < rank"
    assert f"|K3|M W|bucket|{guards}|settle(leave rank)||lowered°|" in lines


def test_the_diagram_is_deterministic_mermaid():
    text = render.diagram()
    assert text == render.diagram()
    assert text.startswith("stateDiagram-v2\n    [*] --> NORMAL\n")
    assert "    EMERGENCY --> RECOVERY: X3\n" in text
    assert text.count("EMERGENCY --> ") == 1


def test_every_word_of_the_table_has_a_function_and_every_function_a_row():
    assert {guard for rule in RULES for guard in rule.guards} == set(GUARDS)
    assert {rule.to for rule in RULES} == set(TARGETS)
    assert {act for rule in RULES for act in rule.does} == set(ACTS)


def test_a_row_that_refuses_does_nothing_else():
    assert all(rule.to == "=" and not (rule.does or rule.word) for rule in RULES if rule.refuses)
