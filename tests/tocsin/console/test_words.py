"""Words for one reader: numbers that never part from their units, days only when needed, names by locale."""

import invented_city as city
import pytest
from markupsafe import Markup

from tocsin.console.phrases import Phrase, named
from tocsin.console.screen import blacked, figures, share_left
from tocsin.console.words import Words, unbroken

NOW = city.clock("19:12:40")


def words(locale="en"):
    return Words(locale, "Asia/Shanghai", NOW)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("17 min", "17\u00a0min"),
        ("3 级以上", "3\u00a0级以上"),
        ("II 级响应", "II\u00a0级响应"),
        ("47 calls in 1 h, 2", "47 calls in 1\u00a0h, 2"),
        ("40 天一遇", "40\u00a0天一遇"),
        ("15 分钟内", "15\u00a0分钟内"),
    ],
)
def test_a_number_and_its_unit_never_part(given, kept):
    assert unbroken(given) == kept


def test_the_day_is_said_only_if_it_is_not_today():
    assert words().clock(NOW) == "19:12"
    assert words().clock(NOW - 86_400) == "23/11 19:12"
    assert words("zh-CN").clock(NOW - 86_400) == "11-23 19:12"
    assert words().date(NOW) == "Tue 24 Nov 2026"
    assert words("zh-CN").date(NOW) == "2026-11-24 周二"
    assert words().offset() == "UTC+08:00" and words().offset_seconds() == 28_800


@pytest.mark.parametrize(
    ("before", "english", "chinese"),
    [
        (0, "this evening", "今天晚上"),
        (19 * 3_600, "early today", "今天凌晨"),
        (24 * 3_600, "Monday evening", "周一晚上"),
        (34 * 3_600, "Monday morning", "周一上午"),
        (54 * 3_600, "Sunday afternoon", "周日下午"),
        (6 * 86_400, "Wednesday evening", "周三晚上"),
        (7 * 86_400, "17/11", "11 月 17 日"),
    ],
)
def test_a_rise_lasts_since_a_part_of_a_day(before, english, chinese):
    assert words().part_of_day(NOW - before) == english
    assert words("zh-CN").part_of_day(NOW - before).replace("\u00a0", " ") == chinese


def test_phrases_read_their_facts():
    phrase = Phrase("console-mark-border", {"unit": city.CITY})
    assert words().phrase(phrase) == "crosses the border: Lanting City owns it"
    assert words("zh-CN").phrase(phrase) == "跨界：由兰汀市负责"
    assert words().phrase(Phrase("console-told-warned", {"told_at": NOW})) == "warned 19:12"


def test_names_fall_back():
    assert (
        named({"zh-CN": "甲"}, "en") == "甲" and named({}, "en") == "" and named({"en": "A"}, "zh-CN") == "A"
    )


def test_figures_and_redactions_are_markup_and_escape_the_rest():
    assert figures("7 min 20 s") == Markup("<b>7</b> min <b>20</b> s")
    assert figures("<i>3") == Markup("&lt;i&gt;<b>3</b>")
    assert blacked("at ███ <b> [phone]") == Markup(
        'at <span class="redacted">███</span> &lt;b&gt; <span class="redacted">[phone]</span>'
    )


@pytest.mark.parametrize(
    ("opened", "due", "now", "share"),
    [(0, 100, 25, 750), (0, 100, 200, 0), (5, 5, 5, 1000), (0, 100, -9, 1000)],
)
def test_the_gauge_runs_down(opened, due, now, share):
    assert share_left(opened, due, now) == share
