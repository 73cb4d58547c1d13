"""The catalogues: same keys and variables in both languages, Chinese typography, words for quantities."""

import re

import pytest
from fluent.syntax import ast, parse
from fluent.syntax.visitor import Visitor

from tocsin.messages import LOCALES, countdown, duration, has_message, interval, message_keys, number, text
from tocsin.messages.catalogue import FOLDER, MissingMessageWarning, bundle


class Variables(Visitor):
    def __init__(self):
        self.names = set()

    def visit_VariableReference(self, node):
        self.names.add(node.id.name)


def variables_of(entry):
    visitor = Variables()
    visitor.visit(entry)
    return visitor.names


def entries(locale):
    for path in sorted((FOLDER / locale).glob("*.ftl")):
        for entry in parse(path.read_text(encoding="utf-8")).body:
            assert not isinstance(entry, ast.Junk), f"{path.name}: {entry.content}"
            if isinstance(entry, ast.Message):
                yield path.name, entry


def test_both_languages_have_the_same_files_keys_and_variables():
    english, chinese = (
        {(name, entry.id.name): variables_of(entry) for name, entry in entries(locale)} for locale in LOCALES
    )
    assert english == chinese


def test_no_key_is_defined_twice():
    for locale in LOCALES:
        keys = [entry.id.name for _, entry in entries(locale)]
        assert sorted(keys) == sorted(set(keys))
        assert bundle(locale) is bundle(locale)


HAN = "[\u4e00-\u9fff]"
SPACED = re.compile(rf"{HAN}[0-9A-Za-z]|[0-9A-Za-z]{HAN}")
HALF_WIDTH = re.compile(rf"{HAN}[,;:?!()]|[,;:?!()]{HAN}")


def literal_texts(entry):
    class Texts(Visitor):
        def __init__(self):
            self.found = []

        def visit_TextElement(self, node):
            self.found.append(node.value)

    visitor = Texts()
    visitor.visit(entry)
    return visitor.found


@pytest.mark.parametrize("pattern", [SPACED, HALF_WIDTH])
def test_chinese_typography(pattern):
    wrong = [
        (name, entry.id.name, piece)
        for name, entry in entries("zh-CN")
        for piece in literal_texts(entry)
        if pattern.search(piece)
    ]
    assert wrong == []


def test_words_that_the_law_keeps_for_others_and_tones_that_we_do_not_use():
    for locale, banned in (
        ("zh-CN", "紧急状态|！|(?<!提)请(?!求)|成功"),
        ("en", "!|[Pp]lease|[Ss]uccessfully|Oops"),
    ):
        for name, entry in entries(locale):
            for piece in literal_texts(entry):
                assert not re.search(banned, piece), f"{locale}/{name}: {entry.id.name}: {piece}"


def test_a_missing_message_is_an_error_in_tests_and_the_key_in_a_city():
    with pytest.warns(MissingMessageWarning):
        assert text("en", "no-such-message") == "no-such-message"
    with pytest.warns(MissingMessageWarning):
        text("en", "duration-s")
    with pytest.raises(MissingMessageWarning):
        text("zh-CN", "no-such-message")


def test_no_bidi_isolates():
    assert text("en", "duration-s", n=3) == "3 s"
    assert text("xx", "duration-s", n=3) == "3 s"
    assert has_message("zh-CN", "duration-s")
    assert not has_message("xx", "duration-s")
    assert "duration-s" in message_keys("en")


@pytest.mark.parametrize(
    ("weeks", "history", "english", "chinese"),
    [
        (40 / 7, 26, "once in 40 days", "40 天一遇"),
        (9 * 52.2, 26, "less than once in 9 years", "9 年不到一次"),
        (1.3, 26, "once in 9 days", "9 天一遇"),
        (30, 26, "less than once in 6 months", "6 个月不到一次"),
        (0.02, 26, "once in 3 hours", "3 小时一遇"),
        (1 / 168, 26, "once in an hour", "1 小时一遇"),
        (float("inf"), 26, "less than once in 100 years", "100 年不到一次"),
    ],
)
def test_intervals(weeks, history, english, chinese):
    assert interval("en", weeks, history) == english
    assert interval("zh-CN", weeks, history) == chinese


@pytest.mark.parametrize(
    ("seconds", "english", "chinese"),
    [
        (40, "40 s", "40 秒"),
        (440, "7 min 20 s", "7 分 20 秒"),
        (1040, "17 min", "17 分"),
        (-5, "0 s", "0 秒"),
    ],
)
def test_countdown(seconds, english, chinese):
    assert countdown("en", seconds) == english
    assert countdown("zh-CN", seconds) == chinese


def test_durations_and_numbers():
    assert [duration("en", s) for s in (3, 42 * 60, 6 * 3600, 9 * 86400)] == [
        "3 s",
        "42 min",
        "6 h",
        "9 days",
    ]
    assert [number(x) for x in (47, 2.1, 2.0, 14.4, 1500)] == ["47", "2.1", "2", "14", "1,500"]


OTHER_WORDS = {
    "单元": "单位", "失明": "情况不明", "区片": "片区", "地段": "片区", "会签": "联签", "账本": "总账",
    "哈希": "散列", "警报": "告警", "封闭": "封存", "逾期": "超时",
}  # fmt: skip
"""Words that stood beside the right one once; docs/zh-CN/words.md has the right ones."""


@pytest.mark.parametrize(("word", "right"), OTHER_WORDS.items())
def test_chinese_has_one_word_for_one_thing(word, right):
    found = [path.name for path in (FOLDER / "zh-CN").glob("*.ftl") if word in path.read_text("utf-8")]
    assert found == [], f"say {right}"
