"""What must go, what must stay, and that nothing gets through by its surroundings or its spelling."""

import re
from datetime import date

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from streams.redaction import _SCAN, is_clean, redacted
from streams.redaction_rules import is_chinese_id

GOES = {
    # phones
    "请联系13812345678谢谢": "请联系‹phone›谢谢",
    "电话：138 1234 5678": "电话：‹phone›",
    "手机138-1234-5678，在家": "手机‹phone›，在家",
    "+86 138 1234 5678": "‹phone›",
    "8613812345678打来": "‹phone›打来",
    "０１３８１２３４５６７８": "‹phone›",
    "我的号码是一三八一二三四五六七八": "我的号码是 ‹phone› ",
    "幺三八零零一三八零零零": " ‹phone› ",
    "一三八一二三四五六七八一直没人接": " ‹phone› 1直没人接",
    "138一二三四5678": "‹phone›",
    "80㎡13812345678出租": "80㎡‹phone›出租",
    "138\u200b1234\u200b5678": "‹phone›",
    "1 3 8 1 2 3 4 5 6 7 8": "‹phone›",
    "座机010-87654321": "座机‹phone›",
    "(0571)87654321转12": "‹phone›",
    "call me at (617) 555-0123 please": "call me at ‹phone› please",
    "617-555-0123": "‹phone›",
    "617.555.0123": "‹phone›",
    "6175550123 is mine": "‹phone› is mine",
    "1-617-555-0123": "‹phone›",
    "+1 617 555 0123": "‹phone›",
    "+44 20 7946 0958": "‹phone›",
    "0049 30 901820 from Berlin": "‹phone› from Berlin",
    "my cell: 5550123": "my cell: ‹phone›",
    "ring 555-0123": "ring ‹phone›",
    "微信 87654321": "微信 ‹phone›",
    "投诉400-810-1234": "投诉‹phone›",
    # national ids
    "身份证11010519491231002X": "身份证‹id›",
    "ID 440524188001010014 given": "ID ‹id› given",
    "110105 19491231 002X": "‹id›",
    "身份证号：110105194912310029": "身份证号：‹id›",
    "SSN 078-05-1120": "SSN ‹id›",
    "219 09 9999": "‹id›",
    "social security 219099999": "social security ‹id›",
    "护照 E12345678": "护照 ‹id›",
    "6222 0202 0011 2233 445": "‹card›",
    "银行卡6222020200112233445": "银行卡‹card›",
    # licence plates
    "京A12345违停": "‹plate›违停",
    "沪AD12345占道": "‹plate›占道",
    "粤B·12345": "‹plate›",
    "浙a 12B45 乱停": "‹plate› 乱停",
    "苏E5K9Z1": "‹plate›",
    "粤Z1234港": "‹plate›",
    "license plate ABC-1234": "license plate ‹plate›",
    "plate 7ABC123 fled": "plate ‹plate› fled",
    # mail addresses
    "abc.def@example.com.cn谢谢": "‹mail›谢谢",
    "邮箱zhang_wei88@qq.com": "邮箱‹mail›",
    "j.o'hara+311@city.example.org": "‹mail›",
    "abc(at)qq.com": "‹mail›",
    "abc @ qq.com": "‹mail›",
    "ｊｏｅ＠ｅｘａｍｐｌｅ．ｃｏｍ": "‹mail›",
    # addresses with a house number
    "中山路12号有煤气味": "中山路‹address›有煤气味",
    "阳光小区3号楼2单元501室漏水": "阳光小区‹address›漏水",
    "朝阳路八号院着火": "朝阳路‹address›着火",
    "延安西路1262弄3号": "延安西路‹address›",
    "3栋2单元501": "‹address›",
    "住1201室": "住‹address›",
    "滨江公寓B座1203": "滨江公寓‹address›",
    "There is smoke at 123 Main St": "There is smoke at ‹address› Main St",
    "123 main st smells of gas": "‹address› main st smells of gas",
    "45 E MAIN ST": "‹address› E MAIN ST",
    "17-19 Elm Avenue, Apt 4B": "‹address› Elm Avenue, ‹address›",
    "1600 42nd Street": "‹address› 42nd Street",
    "P.O. Box 1234": "‹address›",
    # names
    "王先生反映": "‹name›先生反映",
    "我叫张伟，住在附近": "我叫‹name›，住在附近",
    "Mr. John Smith called": "Mr. ‹name› called",
    "my name is Jane Doe and": "my name is ‹name› and",
    "Caller: Maria Gomez": "Caller: ‹name›",
}  # fmt: skip

STAYS = [
    "工单号20240612001234", "案件编号101000295613", "Case 101000295613 opened", "20240612-000123",
    "case 6175550123 reopened", "ticket #5550123", "ref 555-0123", "工单 FW20240612000388",
    "拖欠工资12345元", "欠薪1,234,567.89元", "$1,234,567 lost", "罚款2000000元",
    "2024-06-12 08:30:15发生", "since 12/31/2015 17:40", "1456300800", "从18:30到19:45", "9月10号开始",
    "地铁10号线", "15路公交车", "乘坐302路", "Bus 39 Huntington Ave", "route 9 Oak St", "1号线故障",
    "拨打12345无人接听", "110 119 120 911", "call 911 or 311", "12345热线", "12369没人接",
    "长安街堵车", "Main St and 4th Ave are flooded", "中山路路灯不亮", "I-95 at exit 12",
    "水位12.35米，流量1500立方米", "15.5 16.5 17.5 18.5", "pressure 101325 Pa", "PM2.5 浓度 350", "80㎡",
    "3 cars blocking Main St", "100 Block of Main St", "At 12:30 Main St closed", "20 street lights out",
    "2号航站楼", "机场2号口", "路灯3盏不亮", "一直下雨，一个星期了", "他一九八四年来的", "等了两三个小时",
    "停水3天，影响500户", "电压380V", "500kV变电站", "温度36.5度", "排队200人",
    "12345 and 110 did not answer",
    "meet at 5 pm @ the park", "树高15米，直径60厘米", "第3次投诉", "GB 11643-1999", "version 1.2.3.4",
    "2011-2012", "10:00-12:00", "W 4th St", "",
]  # fmt: skip


@pytest.mark.parametrize("text", GOES)
def test_what_identifies_a_person_goes(text: str) -> None:
    assert redacted(text) == GOES[text]


@pytest.mark.parametrize("text", STAYS)
def test_what_tells_of_the_matter_stays(text: str) -> None:
    assert redacted(text) == text
    assert is_clean(text)


@pytest.mark.parametrize("text", GOES)
def test_a_redacted_text_is_clean(text: str) -> None:
    assert redacted(GOES[text]) == GOES[text]


def test_the_tables_are_large() -> None:
    assert len(GOES) + len(STAYS) >= 80


def test_a_text_without_digits_passes_after_one_scan() -> None:
    assert _SCAN.search("路灯不亮，晚上看不清，希望尽快处理") is None
    assert _SCAN.search("The street light has been out since Monday") is None


@given(st.text())
def test_redacting_twice_is_redacting_once(text: str) -> None:
    assert redacted(redacted(text)) == redacted(text)


WORDS = ["请回电", "谢谢", "路灯不亮 ", " 3 ", "，", "电话", "case ", "No. ", "中山路", "80㎡", "一", " at ",
         "。", "\n", " 12:30 ", "(", ")", "x", "元 ", "@", "-", " #",
         "第", "\u200b", "京", "工单号"]  # fmt: skip


def around(secret: st.SearchStrategy[str]) -> st.SearchStrategy[tuple[str, str, str]]:
    """A secret between surroundings that do not prolong it: no digit or letter beside it."""
    text = st.one_of(
        st.text(st.characters(exclude_categories=["Nd", "Nl", "No", "Cs"]), max_size=12),
        st.lists(st.sampled_from(WORDS), max_size=4).map("".join),
    )
    return st.tuples(text, secret, text).filter(lambda parts: _is_apart(*parts))


def _is_apart(before: str, _secret: str, after: str) -> bool:
    return not re.search(r"[0-9A-Za-z.+\-@(_/·!#$%&'*=?^`{|}~]\s{0,3}$", before) and not re.match(
        r"\s?[0-9A-Za-z.\-@_/·+%&,:]", after
    )


def digits(count: int) -> st.SearchStrategy[str]:
    return st.text("0123456789", min_size=count, max_size=count)


MOBILES = st.builds("1{}{}".format, st.sampled_from("3456789"), digits(9))
SPACED = MOBILES.flatmap(
    lambda n: st.sampled_from(
        [n, f"{n[:3]} {n[3:7]} {n[7:]}", f"{n[:3]}-{n[3:7]}-{n[7:]}", f"+86{n}", f"+86 {n}"]
    )
)
FULL_WIDTH = MOBILES.map(lambda n: n.translate({ord(d): ord(d) + 0xFEE0 for d in "0123456789"}))
CHINESE = MOBILES.map(lambda n: n.translate(str.maketrans("0123456789", "零一二三四五六七八九")))
AMERICAN = st.builds(
    "{}{}{}{}{}{}".format,
    st.sampled_from("23456789"), digits(2), st.just("-"), st.sampled_from("23456789"), digits(2),
    digits(4).map("-{}".format),
)  # fmt: skip


def with_check_digit(head: str) -> str:
    return next(head + check for check in "0123456789X" if is_chinese_id(head + check))


BIRTHDAYS = st.dates(min_value=date(1900, 1, 1)).filter(lambda d: d.year < 2100)
CHINESE_IDS = st.builds(
    lambda place, born, order: with_check_digit(f"{place}{born:%Y%m%d}{order}"),
    digits(6),
    BIRTHDAYS,
    digits(3),
)
SSNS = st.builds(
    "{}-{}-{}".format,
    digits(3).filter(lambda d: d[0] != "9" and d not in ("000", "666")),
    digits(2),
    digits(4),
)
LOCAL_PARTS = st.text("abcdefghijklmnopqrstuvwxyzABCZ0123456789._+-", min_size=1, max_size=12)
MAILS = st.builds(
    "{}@{}.{}".format, LOCAL_PARTS, st.from_regex(r"[a-z0-9][a-z0-9\-]{0,8}", fullmatch=True),
    st.sampled_from(["com", "cn", "org.cn", "co.uk"]),
)  # fmt: skip
PLATES = st.builds(
    "{}{}{}".format,
    st.sampled_from("京沪粤浙苏川鄂"),
    st.sampled_from("ABCDEFGHJK"),
    st.text("ABCDEFGHJKLMNPQRSTUVWXYZ0123456789", min_size=5, max_size=6).filter(
        lambda t: any(map(str.isdigit, t))
    ),
)


@given(around(st.one_of(SPACED, FULL_WIDTH, CHINESE, AMERICAN)))
@example(("80㎡", "13812345678", ""))
@example(("第一", "13812345678", "元"))
def test_no_phone_survives_whatever_stands_around_it(parts: tuple[str, str, str]) -> None:
    assert not survives(parts)


@given(around(st.one_of(CHINESE_IDS, SSNS)))
def test_no_national_id_survives(parts: tuple[str, str, str]) -> None:
    assert not survives(parts)


@given(around(MAILS))
def test_no_mail_address_survives(parts: tuple[str, str, str]) -> None:
    assert not survives(parts)


@given(around(PLATES))
def test_no_plate_survives(parts: tuple[str, str, str]) -> None:
    assert not survives(parts)


def survives(parts: tuple[str, str, str]) -> bool:
    """Whether a secret, or the digits of a long number, can still be read."""
    before, secret, after = parts
    assume(secret not in before + after)
    text = redacted("".join(parts))
    digits_, left = re.sub(r"\D", "", secret), re.sub(r"\D", "", text)
    return secret in text or (digits_ in left and re.search(r"\d{7}", secret) is not None)
