"""What a person wrote down on the console, read by the intake of a feed in any format."""

import msgspec
import pytest

from streams.events import Reason
from streams.intake import Intake
from streams.ledger import MARK_EXERCISE, MARK_REJECTED
from streams.sources.report import REPORT, Report

AT = 1_718_100_000
SAID = Report(id="lu-b", by="lu", at=AT - 5, category="gas", area="bank", text="smell, call 13812345678")


def take(intake: Intake, **changed: object):  # type: ignore[no-untyped-def]
    return intake.read(msgspec.structs.replace(SAID, **changed).payload(), AT, "report by lu", REPORT)


def test_a_report_is_an_event_of_its_feed_redacted_and_never_fast(hotline: Intake) -> None:
    taken = take(hotline)
    (event,) = taken.events
    assert event is not None
    assert (event.source, event.system, event.id) == ("calls", "console", "lu-b")
    assert (event.happened_at, event.received_at, event.area, event.category) == (AT - 5, AT, "bank", "gas")
    assert (event.severity, event.text) == (0, "smell, call ‹phone›")
    assert taken.rows["partition"].tolist() == [3]


def test_its_text_is_redacted_even_where_the_feeds_own_is_not(hotline: Intake) -> None:
    trusting = msgspec.structs.replace(
        hotline, feed=msgspec.structs.replace(hotline.feed, redacts_text=False)
    )
    (event,) = take(trusting).events
    assert event is not None and event.text == "smell, call ‹phone›"


@pytest.mark.parametrize("name", ["mapping", "open311", "cad"])
def test_the_format_of_the_feed_does_not_matter(hotline: Intake, name: str) -> None:
    feed = msgspec.structs.replace(hotline.feed, format=name)
    assert take(msgspec.structs.replace(hotline, feed=feed)).rejected == []


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"area": "", "longitude": 10.0, "latitude": 10.0}, Reason.UNMAPPABLE),
        ({"area": "atlantis"}, Reason.UNKNOWN_AREA),
        ({"category": "ufo"}, Reason.UNKNOWN_CATEGORY),
        ({"at": AT + 10_000}, Reason.FUTURE),
    ],
)
def test_what_cannot_be_counted_is_a_rejected_row_without_its_words(
    hotline: Intake, changed: dict[str, object], reason: Reason
) -> None:
    taken = take(hotline, **changed)
    assert taken.rows["mark"].tolist() == [MARK_REJECTED]
    ((_, why),) = taken.rejected
    assert why.reason is reason and "138" not in why.detail
    assert b"13812345678" in taken.raw(0), "for the vault, to be fed again"


def test_a_point_finds_its_area_and_an_exercise_is_marked(hotline: Intake) -> None:
    taken = take(hotline, area="", longitude=120.005, latitude=30.005, is_exercise=True)
    (event,) = taken.events
    assert event is not None and (event.area, event.is_exercise) == ("bank", True)
    assert int(taken.rows["mark"][0]) & MARK_EXERCISE


def test_rubbish_under_the_name_of_a_report_is_rejected_like_any_other(hotline: Intake) -> None:
    for rubbish in (b"", b"{", b"[1]", b"\xff\xfe", b"null"):
        taken = hotline.read(rubbish, AT, "report by lu", REPORT)
        assert taken.rows["mark"].tolist() == [MARK_REJECTED], rubbish
