"""Texts of any length and kind: bounds, cuts and marks."""

import re

import pytest

from streams.intake import LONGEST_TEXT, Intake
from streams.sources.columns import LARGEST_RECORD
from tests.streams.calls_as_lines import AT, Record, lines


@pytest.mark.parametrize(
    "text",
    [
        "", " \n\t ", "\u200b\u200d\ufeff", "\x00\x1b[2J", "\u202egnp.exe", "<script>alert(1)</script>",
        "'; DROP TABLE x;--", "{0.__class__}%s%n", "1" * 200_000, "号" * 100_000, "a@" * 100_000,
        "路1号" * 60_000, "(" * 50_000, "\U0001f525" * 50_000,
    ],
    ids=lambda text: repr(text[:8]),
)  # fmt: skip
def test_empty_huge_and_hostile_texts_count(hotline: Intake, record: Record, text: str) -> None:
    taken = hotline.read(lines(record(text=text)), AT, "x")
    assert taken.counts == {"accepted": 1}
    (event,) = taken.events
    assert event is not None
    assert event.text is None or len(event.text) <= LONGEST_TEXT
    assert (event.text is None) == (not text.strip())


def test_a_record_beyond_all_bounds_is_refused_and_counted(hotline: Intake, record: Record) -> None:
    taken = hotline.read(lines(record(text="x" * (LARGEST_RECORD + 1)), record()), AT, "x")
    assert taken.counts == {"too_large": 1, "accepted": 1}


def test_a_long_text_is_cut_between_words(hotline: Intake, record: Record) -> None:
    text = "路灯不亮。" * 799 + "138" + "12345678" + "。" * 90
    (event,) = hotline.read(lines(record(text=text)), AT, "x").events
    assert event is not None
    assert event.text == "路灯不亮。" * 799 + "…"


@pytest.mark.parametrize("before", range(12))
def test_marks_longer_than_what_they_hide_are_cut_but_not_divided(
    hotline: Intake, record: Record, before: int
) -> None:
    (event,) = hotline.read(lines(record(text="。" * before + "南路1号，" * 700)), AT, "x").events
    assert event is not None and event.text is not None
    assert LONGEST_TEXT - 20 < len(event.text) <= LONGEST_TEXT
    assert re.fullmatch("。*(南路‹address›，)*(南路(‹address›)?)?…", event.text)
