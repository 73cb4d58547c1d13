"""Payloads to columns: what can be read is read, whatever stands beside it."""

import csv
import io
import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.events import Reason
from streams.sources.columns import LARGEST_RECORD, Columns
from streams.sources.csv_records import csv_chunks, read_csv
from streams.sources.json_records import JsonReader, dig

READER = JsonReader(("a", "b"))


def read(payload: bytes, **more: Any) -> tuple[list[Any], dict[int, Reason]]:
    columns = READER.read(payload, **more)
    return list(columns.column("a")), {place: why.reason for place, why in columns.refused.items()}


SHAPES = {
    "lines": b'{"a":1}\n{"a":2}\n',
    "lines with carriage returns": b'{"a":1}\r\n{"a":2}\r\n',
    "lines with blank ones": b'\n{"a":1}\n\n{"a":2}',
    "byte order mark": b'\xef\xbb\xbf{"a":1}\n{"a":2}',
    "array": b'[{"a":1}, {"a":2}]',
    "array over lines": b'[\n {"a":1},\n {"a":2}\n]',
}


@pytest.mark.parametrize("shape", SHAPES)
def test_shapes(shape: str) -> None:
    assert read(SHAPES[shape]) == ([1, 2], {})


def test_one_object_over_several_lines_is_one_record() -> None:
    assert read(b'{\n "a": 1,\n "b": {"c": 2}}') == ([None], {0: Reason.BAD_VALUE})
    assert read(b'{\n "a": 1,\n "b": 2}') == ([1], {})


def test_a_member_may_hold_the_records() -> None:
    reader = JsonReader(("a",), member="value")
    assert list(reader.read(b'{"value": [{"a": 1}, {"a": 2}], "next": "x"}').column("a")) == [1, 2]
    assert list(reader.read(b'{"a": 3}').column("a")) == [3]


def test_paths() -> None:
    reader = JsonReader(("a.b", "c.0", "d.e"))
    columns = reader.read(b'{"a": {"b": 1}, "c": [5, 6], "d.e": "flat"}\n{"a": 3}\n{"a": {"b": {}}}')
    assert [list(columns.column(name)) for name in ("a.b", "c.0", "d.e")] == [
        [1, None, None],
        [5, None, None],
        ["flat", None, None],
    ]
    assert columns.refused[2].field == "a.b"
    assert dig({"a": [1]}, "a.x") is None


BROKEN = {
    "truncated line": (b'{"a":1}\n{"a":', [1, None], {1: Reason.MALFORMED}),
    "not utf8": (b'{"a":"\xff"}\n{"a":2}', [None, 2], {0: Reason.NOT_UTF8}),
    "not utf8 where nobody reads": (b'{"a":1,"z\xff":0}\n{"a":2', [1, None], {1: Reason.MALFORMED}),
    "nan": (b'{"a":NaN}\n{"a":2}', [None, 2], {0: Reason.MALFORMED}),
    "no object": (b'5\n"x"\n[1]\n{"a":2}', [None, None, None, 2], dict.fromkeys(range(3), Reason.MALFORMED)),
    "nested": (b'{"a":{}}\n{"a":2}', [None, 2], {0: Reason.BAD_VALUE}),
    "empty": (b"", [None], {0: Reason.MALFORMED}),
    "blank": (b" \n\n", [None], {0: Reason.MALFORMED}),
    "empty array": (b"[]", [None], {0: Reason.MALFORMED}),
    "truncated array": (b'[{"a":1},{"a":2},{"a"', [1, 2, None], {2: Reason.MALFORMED}),
    "array with a bad element": (b'[{"a":1},5,{"a":3}]', [1, None, 3], {1: Reason.MALFORMED}),
    "array with bad bytes": (b'[{"a":1},{"a":"\xff"},{"a":3}]', [1, None, 3], {1: Reason.NOT_UTF8}),
    "deep nesting": (b'{"z":' * 5000 + b"\n" + b'{"a":2}', [None, 2], {0: Reason.MALFORMED}),
    "rubbish": (b'{"a":1}\n\x00\x01\xfe\n{"a":2}', [1, None, 2], {1: Reason.NOT_UTF8}),
}


@pytest.mark.parametrize("mistake", BROKEN)
def test_a_broken_record_is_refused_alone(mistake: str) -> None:
    payload, values, reasons = BROKEN[mistake]
    found, refused = read(payload)
    assert ([value if isinstance(value, int) else None for value in found], refused) == (values, reasons)


def test_a_hundred_megabyte_line_is_refused_unread() -> None:
    payload = b'{"a":1}\n{"a":"' + b"x" * 100_000_000 + b'"}\n{"a":3}'
    found, refused = read(payload)
    assert (found, refused) == ([1, None, 3], {1: Reason.TOO_LARGE})


def test_every_record_can_be_had_as_it_came() -> None:
    assert READER.read(b'{"a":1}\n{"a":\n{"a":3}').raw(1) == b'{"a":'  # type: ignore[misc]
    assert READER.read(b'\n{"a":1}\n\n{"a":2}').raw(1) == b'{"a":2}'  # type: ignore[misc]
    assert READER.read(b'[{"a":1}, {"a":2}]').raw(1) == b'{"a":2}'  # type: ignore[misc]


SCALARS = st.one_of(st.none(), st.integers(-(2**60), 2**60), st.text(max_size=5), st.booleans())
RECORDS = st.lists(st.fixed_dictionaries({}, optional={"a": SCALARS, "b": SCALARS, "c": SCALARS}), min_size=1)


@given(RECORDS, st.data())
@settings(deadline=None)
def test_damage_to_one_line_leaves_the_others(records: list[dict[str, Any]], data: st.DataObject) -> None:
    lines = [json.dumps(record).encode() for record in records]
    place = data.draw(st.integers(0, len(lines) - 1))
    lines[place] = data.draw(st.sampled_from([b"{", b"\xff\xfe", b"[]", b'{"a":[]}', b"null"]))
    columns = READER.read(b"\n".join(lines), is_lines=True)
    assert columns.length == len(records)
    assert list(columns.refused) == [place]
    rest = [column for number, column in enumerate(columns.column("a")) if number != place]
    assert rest == [record.get("a") for number, record in enumerate(records) if number != place]


def table(columns: Columns) -> dict[str, list[Any]]:
    return {name: list(cells) for name, cells in columns.cells.items()}


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_csv_finds_its_delimiter(delimiter: str) -> None:
    payload = "\ufeffa,b\n1,x\n2,y\n".replace(",", delimiter).encode()
    assert table(read_csv(payload)) == {"a": ["1", "2"], "b": ["x", "y"]}


def test_csv_quotes_newlines_and_blank_lines() -> None:
    payload = b'\n\r\na, b\r\n"1\n2","say ""hi"""\r\n\r\n3,4\r\n'
    assert table(read_csv(payload)) == {"a": ["1\n2", "3"], "b": ['say "hi"', "4"]}


CSV_BROKEN = {
    "cut off in a quote": (b'a,b\n1,2\n3,"4', {1: Reason.MALFORMED}),
    "cut off": (b"a,b\n1,2\n3", {1: Reason.MALFORMED}),
    "too wide": (b"a,b\n1,2,3\n4,5", {0: Reason.MALFORMED}),
    "rubbish after a quote": (b'a,b\n"1"x,2\n4,5', {0: Reason.MALFORMED}),
    "not utf8": (b"a,b\n1,\xff\n4,5", {0: Reason.NOT_UTF8}),
    "huge cell": (b"a,b\n1,2\n3," + b"x" * (LARGEST_RECORD + 2), {1: Reason.TOO_LARGE}),
    "empty": (b"", {0: Reason.MALFORMED}),
    "header only": (b"a,b\n", {0: Reason.MALFORMED}),
}


@pytest.mark.parametrize("mistake", CSV_BROKEN)
def test_a_broken_csv_row_is_refused_alone(mistake: str) -> None:
    payload, reasons = CSV_BROKEN[mistake]
    columns = read_csv(payload)
    assert {place: why.reason for place, why in columns.refused.items()} == reasons
    assert all(cell for cells in columns.cells.values() for i, cell in enumerate(cells) if i not in reasons)


def test_a_csv_record_can_be_fed_again_alone() -> None:
    columns = read_csv(b'a,b\n1,"x,y"\n2\n')
    assert columns.raw is not None
    assert table(read_csv(columns.raw(0))) == {"a": ["1"], "b": ["x,y"]}
    assert columns.raw(1) == b"a,b\n2\n"


@given(
    st.lists(st.tuples(st.text('ab\n",;é', max_size=4), st.text("xy ", min_size=1, max_size=3)), min_size=1),
    st.integers(1, 4),
)
def test_how_a_csv_is_cut_has_no_meaning(rows: list[tuple[str, str]], size: int) -> None:

    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([("a", "b"), *rows])
    whole = read_csv(out.getvalue().encode(), ",")
    parts = list(csv_chunks(io.StringIO(out.getvalue(), newline=""), ",", size))
    assert [cell for part in parts for cell in part.column("a")] == list(whole.column("a"))
    assert [cell for part in parts for cell in part.column("b")] == [b for _, b in rows]


def test_reader_is_as_strict_as_msgspec() -> None:
    assert msgspec.json.Decoder().decode_lines(SHAPES["lines with blank ones"]) == [{"a": 1}, {"a": 2}]
