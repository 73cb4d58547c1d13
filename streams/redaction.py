"""Free text without what identifies a person: one cheap scan lets clean texts pass, rules do the rest.

A text that is not clean is read several times, each time written in another way (other digits, compatibility
forms, without invisible characters, Chinese numerals as digits): what one reading hides another shows. A text
in which nothing is found is returned as it came.
"""

import re
import unicodedata
from collections.abc import Callable
from typing import Final

from streams.redaction_rules import (
    CHINESE_HOUSE_RULES,
    DIGIT_RULES,
    ENGLISH_HOUSE_RULES,
    MAIL_RULES,
    NAME_RULES,
    PLATE_RULES,
    PROVINCES,
    Rule,
)

_NUMERALS: Final = {
    **{sign: str(value) for value, sign in enumerate("零一二三四五六七八九")},
    **{sign: str(value) for value, sign in enumerate("〇壹贰叁肆伍陆柒捌玖")},
    "幺": "1",
    "两": "2",
}
_NUMERAL: Final = "".join(_NUMERALS)
_HOUSE_SIGNS: Final = "号號弄栋幢座单室"
_TELLS: Final = (
    "先生", "女士", "小姐", "老师", "师傅", "阿姨", "大爷", "大妈",
    "我叫", "我是", "姓名", "联系人", "投诉人", "来电人",
    "Mr", "Mx", "Ms", "Miss", "Dr", "name", "Name", "Caller:", "caller:", "Contact:", "contact:",
    "Complainant:", "complainant:", "(at)", "[at]", "(AT)", "[AT]",
)  # fmt: skip
"""Words after which, or before which, somebody may be named, and spellings of @."""


def _scan(signs: str, words: tuple[str, ...] = (), more: str = "") -> re.Pattern[str]:
    """Finds a sign, a word, or ``more`` behind one of the words' first characters or a numeral.

    It begins with one set of characters, so that the engine skips all others without trying anything.
    """
    first = "".join(dict.fromkeys(re.escape(word[0]) for word in words))
    tails = "".join(f"|(?<={re.escape(word[0])}){re.escape(word[1:])}" for word in words)
    return re.compile(f"[{signs}{first}{_NUMERAL + '十百' if more else ''}](?:(?<=[{signs}]){tails}{more})")


_SCAN: Final = _scan(
    r"\d@＠\u00b2\u00b3\u00b9\u2070-\u2089\u2460-\u249b\u24ea-\u24ff",
    _TELLS,
    rf"|(?<=[{_NUMERAL}])(?:(?:[\s\-]?[{_NUMERAL}]){{6}}|[{_NUMERAL}十百]{{0,4}}[{_HOUSE_SIGNS}])"
    rf"|(?<=[十百])[{_NUMERAL}]?[{_HOUSE_SIGNS}]",
)
_INVISIBLE: Final = re.compile(
    "[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufe00-\ufe0f\ufeff\u20e3]"
)
_OTHER_DIGIT: Final = re.compile(r"[^\D0-9]")
_LONG_NUMBER: Final = re.compile(r"\d(?:[ \-.·_/()]{0,3}\d){5}")
_MOBILE: Final = re.compile(r"1[3-9]\d{9}")  # the numeral after it may be a word's: "…五六七八一直没人接"
_NUMERAL_RUN: Final = re.compile(rf"[{_NUMERAL}](?:[\s\-]?[{_NUMERAL}]){{6,}}")
_MIXED_RUN: Final = re.compile(
    rf"(?=[\d\s\-]{{0,40}}[{_NUMERAL}])[\d{_NUMERAL}](?:[\s\-]?[\d{_NUMERAL}]){{6,}}"
)


def redacted(text: str) -> str:
    """The text with ‹phone›, ‹id›, ‹plate›, ‹mail›, ‹address›, ‹card› and ‹name› in place of such things."""
    return text if _SCAN.search(text) is None else _redacted(text)


def is_clean(text: str) -> bool:
    """Whether ``redacted`` would return the text as it is."""
    return redacted(text) == text


def _redacted(text: str) -> str:
    """The last reading in which something was found, else the text itself."""
    result, reading = text, _ascii_digits(text)
    for rewrite in _REWRITES:
        written = rewrite(reading)
        if written == reading and rewrite is not _as_it_is:
            continue
        reading = _once(written)
        result = reading if reading != written else result
    return result


def _ascii_digits(text: str) -> str:
    if text.isascii():
        return text
    return _OTHER_DIGIT.sub(lambda match: str(unicodedata.decimal(match[0])), text)


def _as_it_is(text: str) -> str:
    return text


def _plain(text: str) -> str:
    """Compatibility forms (full width, circled) as plain ones, invisible characters gone."""
    if text.isascii():
        return text
    return _ascii_digits(unicodedata.normalize("NFKC", _INVISIBLE.sub("", text)))


def _numerals_as_digits(text: str) -> str:
    return _NUMERAL_RUN.sub(lambda run: _MOBILE.sub(r" \g<0> ", _translated(run)), text)


def _mixed_numerals_as_digits(text: str) -> str:
    return _MIXED_RUN.sub(_translated, text)


def _translated(match: re.Match[str]) -> str:
    return "".join(_NUMERALS.get(sign, sign) for sign in match[0])


_REWRITES: Final[tuple[Callable[[str], str], ...]] = (
    _as_it_is,
    _plain,
    _numerals_as_digits,
    _mixed_numerals_as_digits,
)


_GATES: Final[tuple[tuple[re.Pattern[str], tuple[Rule, ...]], ...]] = (
    (_scan("@", ("(at)", "[at]", "(AT)", "[AT]")), MAIL_RULES),
    (re.compile(r"(?i:plate|registration|tag)|[车牌使领WJ" + PROVINCES + "]"), PLATE_RULES),
    (_LONG_NUMBER, DIGIT_RULES),
    (re.compile(f"[{_HOUSE_SIGNS}]"), CHINESE_HOUSE_RULES),
    (re.compile(r"[\dxX][A-Za-z]?\s+[A-Za-z\d]|(?i:apt|apartment|suite|flat|box)"), ENGLISH_HOUSE_RULES),
    (_scan("\0", _TELLS), NAME_RULES),
)
"""Rules by kind, the certain kinds first, each behind a look whether its kind can be there at all."""


def _once(text: str) -> str:
    """Every rule once, in order."""
    for gate, rules in _GATES:
        if gate.search(text) is not None:
            text = _apply(rules, text)
    return text


def _apply(rules: tuple[Rule, ...], text: str) -> str:
    for rule in rules:
        text = rule.pattern.sub(lambda match, rule=rule: _replaced(match, rule), text)  # type: ignore[misc]
    return text


def _replaced(match: re.Match[str], rule: Rule) -> str:
    if rule.judge is not None and not rule.judge(match):
        return match[0]
    if "it" not in match.re.groupindex:
        return f"‹{rule.mark}›"
    start, end = match.span("it")
    head, tail = match.string[match.start() : start], match.string[end : match.end()]
    return f"{head}‹{rule.mark}›{tail}"
