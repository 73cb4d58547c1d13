"""Cutting a payload by partition: every record once, repeats together, whatever stands beside them."""

import json
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from streams.connect.refusals import refused_as
from streams.events import Reason
from streams.sources.report import REPORT
from tests.live.edge_city import ROOT
from tocsin import config
from tocsin.doors import intakes
from tocsin.live.spreading import Spreader

CITY = config.load(ROOT / "tocsin" / "starter").city
READER = intakes(CITY, b"key of a test")[0]
WIDE = [
    type(feed)(**{**{n: getattr(feed, n) for n in feed.__struct_fields__}, "partitions": 4})
    for feed in CITY.feeds
]
SPREADER = Spreader(WIDE, {feed.id: READER for feed in WIDE})
LINES = "application/x-ndjson"


def texts(parts: list[tuple[int, bytes, str]]) -> Counter[bytes]:
    return Counter(line for _, body, _ in parts for line in body.split(b"\n"))


@given(
    st.lists(
        st.one_of(st.integers(0, 30), st.sampled_from([b"garbage", b"[]", b'{"number":', b"\xff"])),
        min_size=1,
    )
)
def test_every_line_goes_to_one_partition(items: list[int | bytes]) -> None:
    given_lines = [
        item if isinstance(item, bytes) else json.dumps({"number": str(item)}).encode() for item in items
    ]
    parts = SPREADER.spread("hotline", b"\n".join(given_lines), LINES)
    assert texts(parts) == Counter(given_lines)
    for line in {line for line in given_lines if line.startswith(b'{"number": ')}:
        assert len([n for n, body, _ in parts if line in body.split(b"\n")]) == 1


@given(st.lists(st.integers(0, 30), min_size=1))
def test_every_row_of_a_table_too(numbers: list[int]) -> None:
    rows = [f'{number},"a, b"'.encode() for number in numbers]
    parts = SPREADER.spread("hotline", b"\n".join([b"number,text", *rows]), "text/csv")
    assert {kind for _, _, kind in parts} == {"text/csv"}
    found = texts(parts)
    assert found.pop(b"number,text") == len(parts) and found == Counter(rows)


def test_what_nobody_is_to_read_is_not_cut() -> None:
    body, kind = b'{"number": "1"}\n{"number": "2"}', refused_as(Reason.MALFORMED)
    assert SPREADER.spread("hotline", body, kind) == [(0, body, kind)]


def test_a_report_goes_whole_to_the_first_partition_and_stays_one() -> None:
    body = json.dumps({"id": "wang-b", "number": "7", "text": "gas"}).encode()
    assert SPREADER.spread("hotline", body, REPORT) == [(0, body, REPORT)]
