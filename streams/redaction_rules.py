"""What identifies a person in free text: one rule a kind, each a pattern and, where needed, a judgement.

Patterns run over text whose digits are ASCII. No boundary asks for more than "no digit beside it", because
Chinese text has no spaces and people forget theirs. What repeats is bounded, so that a hostile text costs no
more than its length.
"""

import re
from collections.abc import Callable
from typing import Final

import msgspec
import phonenumbers

Judge = Callable[[re.Match[str]], bool]
MAIL, PHONE, ID, PLATE, ADDRESS, NAME, CARD = "mail", "phone", "id", "plate", "address", "name", "card"


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """Replace what ``pattern`` finds (its group ``it``, else all) by ‹mark›, where ``judge`` agrees."""

    mark: str
    pattern: re.Pattern[str]
    judge: Judge | None = None


_S: Final = r"[ \-.·_/()]{1,3}"  # between groups of digits
_ONE: Final = r"[ \-.·_/]"  # between single digits
_MONTH_DAYS: Final = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_ID_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ID_CHECKS: Final = "10X98765432"
PROVINCES: Final = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_SURNAMES: Final = (
    "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦许何吕张孔曹严华金魏陶姜谢邹苏潘葛范彭鲁韦马方袁柳史唐"
    "薛雷贺倪汤罗毕郝安常于傅齐康伍余顾孟黄萧尹姚邵汪毛戴宋庞熊纪舒屈项祝董梁杜阮蓝闵贾江童郭梅"
    "林钟徐邱骆高夏蔡田樊胡霍虞万卢莫房丁邓洪包左石崔龚程邢裴陆翁段侯全秋仲宁武刘景龙叶司黎白蒲"
    "赖卓谭冉牛边温庄柴阎连习向古易廖耿文欧师曾关红游岳"
)
_CASE_WORDS: Final = re.compile(
    r"(?:case|ticket|request|ref(?:erence)?|order|incident|sr|id|no|number|num|account|permit|#|"
    r"工单|单号|编号|案件|案号|事件|流水号|订单|受理号|合同|批次|第)"
    r"(?:\s*(?:号|号码|编号|number|no|id))?[\s.:#：为是\-]*$",
    re.IGNORECASE,
)
_LINE_WORDS: Final = re.compile(
    r"(?:bus|route|rte?|line|exit|tram|train|engine|ladder|station|district|ward|highway|hwy|at|by|of|since|"
    r"interstate|i|no|case|#)[\s.\-]*$",
    re.IGNORECASE,
)


def _digits(match: re.Match[str]) -> str:
    return re.sub(r"[^0-9Xx]", "", match["it"] if "it" in match.re.groupindex else match[0])


def is_chinese_id(digits: str) -> bool:
    """Whether 18 characters have a date and a check digit as GB 11643 has them; the place is not judged."""
    digits = digits.upper()
    year, month, day = int(digits[6:10]), int(digits[10:12]), int(digits[12:14])
    if not (1850 <= year <= 2150 and 1 <= month <= 12 and 1 <= day <= _MONTH_DAYS[month - 1]):
        return False
    total = sum(weight * int(digit) for weight, digit in zip(_ID_WEIGHTS, digits, strict=False))
    return _ID_CHECKS[total % 11] == digits[17]


def _is_id(match: re.Match[str]) -> bool:
    return is_chinese_id(_digits(match))


def _is_abroad(match: re.Match[str]) -> bool:
    try:
        number = phonenumbers.parse("+" + _digits(match)[2:], None)
    except phonenumbers.NumberParseException:
        return False
    return bool(phonenumbers.is_possible_number(number))


def _is_no_case(match: re.Match[str]) -> bool:
    """Whether no word before it says that the number is a case's."""
    return _CASE_WORDS.search(match.string[max(0, match.start() - 24) : match.start()]) is None


def _is_no_line(match: re.Match[str]) -> bool:
    """Whether no word before it says that the number is a bus line's, a route's or a time."""
    before = match.string[max(0, match.start() - 12) : match.start()]
    found = _LINE_WORDS.search(before)
    return found is None or bool(re.search(r"\w$", before[: found.start()])) or _is_place_word(found[0])


def _is_place_word(found: str) -> bool:
    return found.strip(" .-").lower() in ("at", "by", "of")


def _is_surname(match: re.Match[str]) -> bool:
    """Whether ``Dr`` begins a name rather than ends a road's: the word before it bears no capital."""
    before = match.string[max(0, match.start() - 24) : match.start()].rstrip()
    word = re.search(r"[A-Za-z]+$", before)
    return not (match[0].startswith("Dr") and word and word[0][0].isupper())


_MOBILE: Final = (
    rf"(?:1[3-9]\d{{9}}|1[3-9]\d{_S}\d{{4}}{_S}?\d{{4}}|1[3-9]\d{{5}}{_S}\d{{4}}"
    rf"|1[3-9]\d\d{_S}\d{{3,4}}{_S}\d{{3,4}}|1(?P<one>{_ONE})[3-9](?:(?P=one)\d){{9}})"
)
_NUMERAL: Final = r"(?:\d{1,5}[A-Za-z]?|[一二三四五六七八九十百零〇两]{1,5})"
_NOT_HOUSE: Final = r"(?!线|航站|门|出口|口|站|闸|桥|坑|井|机组|台风|风|文|令|泵|变电|煤|矿|标段|公告|通知)"
_UNIT: Final = rf"(?:号楼|号院|号|號|弄|栋|幢|座|单元|室|层|楼|户|门){_NOT_HOUSE}"
_PART: Final = rf"(?:[A-Za-z]?{_NUMERAL}(?:[\-之]\d{{1,4}}){{0,2}}\s?{_UNIT}|[A-Z]座)"
_ROAD: Final = "路街道巷弄里村园苑区庄城寓厦坊湾府庭邸墅场同院楼组屯桥"
_SUFFIX: Final = (
    r"(?:Street|St|Avenue|Ave|Road|Rd|Boulevard|Blvd|Lane|Ln|Drive|Dr|Court|Ct|Place|Pl|Way|Terrace|Ter|"
    r"Parkway|Pkwy|Circle|Cir|Square|Sq|Highway|Hwy|Alley|Row|Pike|Crescent|Close)"
)
_SUFFIXES: Final = rf"(?:{_SUFFIX}|{_SUFFIX.upper().replace('(?:', '(?:', 1)})"
_HOUSE: Final = r"(?<![\d.,:/#$€¥£-])\d{1,5}(?:-\d{1,5})?[A-Za-z]?"
_WORD: Final = r"(?:[A-Z][\w'’.]*|\d{1,3}(?:st|nd|rd|th|ST|ND|RD|TH))"
_FLAT: Final = r"(?:,?\s*(?:Apt|Apartment|Unit|Suite|Ste|Flat|#)\.?\s*#?\s*\w{1,5})?"

DIGIT_RULES: Final = (
    Rule(mark=ID, pattern=re.compile(r"(?<!\d)\d{17}[\dXx](?!\d)"), judge=_is_id),
    Rule(
        mark=ID,
        pattern=re.compile(rf"(?<!\d)\d{{6}}{_S}\d{{8}}{_S}?\d{{3}}[\dXx](?!\d)"),
        judge=_is_id,
    ),
    Rule(
        mark=ID,
        pattern=re.compile(rf"(?<!\d)\d(?P<one>{_ONE})(?:\d(?P=one)){{16}}[\dXx](?!\d)"),
        judge=_is_id,
    ),
    Rule(
        mark=ID,
        pattern=re.compile(
            r"(?:身份证|证件|护照|passport|driver'?s? licen[cs]e|national id)"
            r"[^\d\n]{0,12}?(?P<it>[A-Z]{0,2}\d[\d \-]{4,20}[\dXx])",
            re.IGNORECASE,
        ),
    ),
    Rule(mark=ID, pattern=re.compile(r"(?<!\d)(?!000|666|9)\d{3}([- ])\d{2}\1\d{4}(?!\d)")),
    Rule(
        mark=ID,
        pattern=re.compile(r"(?:ssn|social security)[^\d\n]{0,12}(?P<it>\d{9})(?!\d)", re.IGNORECASE),
    ),
    Rule(mark=CARD, pattern=re.compile(r"(?<!\d)\d{4}([ \-])\d{4}\1\d{4}\1\d{4}(?:\1\d{1,3})?(?!\d)")),
    Rule(
        mark=CARD,
        pattern=re.compile(r"(?:卡号|银行卡|card)[^\d\n]{0,10}(?P<it>\d{13,19})(?!\d)", re.IGNORECASE),
    ),
    Rule(
        mark=PHONE,
        pattern=re.compile(rf"(?<!\d)(?:(?:\+|00)?86[ \-]{{0,3}})?(?:\(0\)|0)?{_MOBILE}(?!\d)"),
    ),
    Rule(mark=PHONE, pattern=re.compile(r"\+\d(?:[ \-.()/]{0,3}\d){6,15}")),
    Rule(mark=PHONE, pattern=re.compile(r"(?<!\d)00[1-9](?:[ \-.()]{0,2}\d){7,13}(?!\d)"), judge=_is_abroad),
    Rule(
        mark=PHONE,
        pattern=re.compile(
            r"(?<!\d)\(?0(?:10|2\d|[3-9]\d\d)[)\- ]{0,3}[2-9]\d{2,3}[ \-]?\d{4}"
            r"(?:\s?(?:转|-|ext\.?)\s?\d{1,5})?(?!\d)"
        ),
    ),
    Rule(mark=PHONE, pattern=re.compile(r"(?<!\d)[48]00[ \-]\d{3,4}[ \-]\d{3,4}(?!\d)")),
    Rule(
        mark=PHONE,
        pattern=re.compile(
            r"(?<!\d)(?:\+?1[ .\-]{0,2})?(?:\([2-9]\d\d\)[ .\-]{0,2}|[2-9]\d\d[ .\-])"
            r"[2-9]\d\d[ .\-]?\d{4}(?!\d)"
        ),
    ),
    Rule(
        mark=PHONE,
        pattern=re.compile(r"(?<!\d)1?[2-9]\d\d[2-9]\d{6}(?![\d.])(?!,\d)"),
        judge=_is_no_case,
    ),
    Rule(
        mark=PHONE,
        pattern=re.compile(
            r"(?:电话|手机|座机|热线|联系方式|联系|号码|致电|回电|拨打|微信|QQ|tel|telephone|phone|mobile|cell|fax|"
            r"whatsapp|wechat|call(?: me)?(?: back)?(?: at| on)?)"
            r"[^\d\n]{0,6}(?P<it>\d(?:[ \-]?\d){6,14})(?!\d)",
            re.IGNORECASE,
        ),
    ),
    Rule(mark=PHONE, pattern=re.compile(r"(?<![\d\-/])[2-9]\d\d-\d{4}(?![\d\-/])"), judge=_is_no_case),
)
"""Rules that need a long number."""

MAIL_RULES: Final = (
    Rule(
        mark=MAIL,
        pattern=re.compile(
            r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~\-]{1,64}(?:\s?@\s?|\s?[(\[](?:at|AT)[)\]]\s?)"
            r"[A-Za-z0-9\-]{1,63}(?:\.[A-Za-z0-9\-]{1,63}){1,9}"
        ),
    ),
)

PLATE_RULES: Final = (
    Rule(
        mark=PLATE,
        pattern=re.compile(
            rf"[{PROVINCES}][ ]?[A-Za-z][ ·•.\-]{{0,2}}(?=[A-Za-z]{{0,5}}\d)"
            r"[A-Za-z0-9]{4,5}[A-Za-z0-9挂学警港澳]"
        ),
    ),
    Rule(
        mark=PLATE, pattern=re.compile(r"[使领]\d{6}(?!\d)|WJ[ ]?[" + PROVINCES + r"]?[ ]?\d{4,5}[A-Z0-9]?")
    ),
    Rule(
        mark=PLATE,
        pattern=re.compile(
            r"(?:licen[cs]e plate|plate|registration|tag|车牌号?|牌照|牌号)"
            r"\s*(?:number|no|num)?[\s.:#：为是]{0,3}"
            r"(?P<it>(?=[A-Za-z \-]{0,7}\d)[A-Za-z0-9]{1,4}[ \-]?[A-Za-z0-9]{2,5})(?!\w)",
            re.IGNORECASE,
        ),
    ),
)

CHINESE_HOUSE_RULES: Final = (
    Rule(
        mark=ADDRESS,
        pattern=re.compile(
            rf"(?<=[{_ROAD}])\s?(?P<it>{_NUMERAL}(?:[\-之]\d{{1,4}}){{0,2}}\s?"
            rf"(?:号楼|号院|号|號|弄|栋|幢|座|单元|室){_NOT_HOUSE}"
            rf"(?:\s?,?{_PART})*(?:\s?[A-Za-z]?\d{{2,4}}(?![\d路年月日:.元人辆个米])室?)?)"
        ),
    ),
    Rule(
        mark=ADDRESS,
        pattern=re.compile(
            rf"[A-Za-z]?{_NUMERAL}\s?(?:号楼|栋|幢|座|单元)\s?(?:{_PART}\s?)*(?:{_PART}|\d{{2,4}}(?!\d)室?)"
        ),
    ),
    Rule(mark=ADDRESS, pattern=re.compile(r"(?<![\d.])[A-Z]?座?\d{3,4}室")),
    Rule(mark=ADDRESS, pattern=re.compile(r"[A-Z]座\s?\d{3,4}(?!\d)")),
)

ENGLISH_HOUSE_RULES: Final = (
    Rule(
        mark=ADDRESS,
        pattern=re.compile(rf"(?P<it>{_HOUSE})\s+(?:{_WORD}\s+){{1,4}}{_SUFFIXES}(?![a-z])(?!\w)"),
        judge=_is_no_line,
    ),
    Rule(
        mark=ADDRESS,
        pattern=re.compile(
            r"(?P<it>(?<![\d.,:/#$-])\d{2,5})\s+[a-z]{3,}\s+"
            r"(?:street|st|avenue|ave|road|rd|boulevard|blvd|lane|ln|drive|dr|court|ct)(?!\w|\s+(?:light|lamp|sign|tree))"
        ),
        judge=_is_no_line,
    ),
    Rule(
        mark=ADDRESS,
        pattern=re.compile(
            r"(?<![A-Za-z])(?:apt|apartment|suite|flat)\.?\s*#?\s*\d{1,5}[A-Za-z]?(?!\w)", re.IGNORECASE
        ),
    ),
    Rule(mark=ADDRESS, pattern=re.compile(r"(?<![A-Za-z])P\.?\s?O\.?\s?Box\s+\d+", re.IGNORECASE)),
)

NAME_RULES: Final = (
    Rule(
        mark=NAME,
        pattern=re.compile(
            rf"[{_SURNAMES}][\u4e00-\u9fff]{{0,2}}?(?=先生|女士|小姐|老师|师傅|阿姨|大爷|大妈)"
        ),
    ),
    Rule(
        mark=NAME,
        pattern=re.compile(
            rf"(?:我叫|我是|姓名|联系人|投诉人|来电人)(?:是|为)?[\s:：]{{0,2}}(?P<it>[{_SURNAMES}][\u4e00-\u9fff]{{1,2}})"
            r"(?=[\s,，。.;；、]|$|电|手|‹)"
        ),
    ),
    Rule(
        mark=NAME,
        pattern=re.compile(
            r"(?<![A-Za-z])(?:Mr|Mrs|Ms|Mx|Miss|Dr)\.?\s+(?P<it>[A-Z][\w'’\-]+(?:\s+[A-Z][\w'’\-]+){0,2})"
        ),
        judge=_is_surname,
    ),
    Rule(
        mark=NAME,
        pattern=re.compile(
            r"(?:[Mm]y name is|[Nn]ame:|[Cc]aller:|[Cc]ontact:|[Cc]omplainant:)\s*"
            r"(?P<it>[A-Z][\w'’\-]+(?:\s+[A-Z][\w'’\-]+){0,2})"
        ),
    ),
)
