"""A watched directory: whole files once, in pieces that end with a record, whatever is killed in between."""

import csv
import gzip
import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.connect import watch
from streams.connect.watch import Watch, pieces
from streams.errors import AwayError, BusyError, DataError, TocsinError


class Desk:
    """Keeps pieces; ``room`` is how many more it takes, ``away`` what it says instead."""

    def __init__(self, room: int = 10**9) -> None:
        self.away: TocsinError | None = None
        self.kept: list[bytes] = []
        self.files: dict[str, int] = {}
        self.room = room

    def submit_piece(
        self, feed: str, payload: bytes, content_type: str, at: int, where: str, digest: str, number: int
    ) -> Any:
        if self.away is not None:
            raise self.away
        if self.room <= 0:
            raise BusyError("intake", "too much waits")
        self.room -= 1
        self.kept.append(payload)
        self.files[digest] = number

    def pieces_taken(self, digest: str) -> int:
        return self.files.get(digest, 0)

    def note_done(self, digest: str) -> None:
        self.files[digest] = -1


def look_twice(directory: Path, desk: Desk) -> list[Path]:
    watched = Watch("calls", directory, desk, lambda: 1)
    assert watched.look() == []
    return watched.look()


def test_a_file_is_taken_when_it_has_stopped_growing(tmp_path: Path) -> None:
    desk, path = Desk(), tmp_path / "a.csv"
    watched = Watch("calls", tmp_path, desk, lambda: 1)
    path.write_text("id\n1\n")
    assert watched.look() == []
    path.write_text("id\n1\n2\n")
    assert watched.look() == [] and desk.kept == []
    assert watched.look() == [tmp_path / "done" / "a.csv"]
    assert desk.kept == [b"id\n1\n2\n"] and watched.look() == []


def test_the_same_content_is_taken_once_whatever_its_name(tmp_path: Path) -> None:
    desk = Desk()
    (tmp_path / "a.csv").write_text("id\n1\n")
    look_twice(tmp_path, desk)
    (tmp_path / "a.csv").write_text("id\n1\n")
    (tmp_path / "b.csv").write_text("id\n1\n")
    moved = look_twice(tmp_path, desk)
    assert [path.name for path in moved] == ["a.2.csv", "b.csv"] and len(desk.kept) == 1
    watched = Watch("other", tmp_path, desk, lambda: 1)
    (tmp_path / "c.csv").write_text("id\n1\n")
    watched.look()
    watched.look()
    assert len(desk.kept) == 2, "another feed is another thing"


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("empty.csv", b"", "is empty; write it anew"),
        ("blank.json", b" \n", "is empty"),
        ("what.xml", b"<a/>", "of no known kind"),
        ("cut.csv.gz", gzip.compress(b"id\n1\n", mtime=0)[:-4], "cut short"),
        ("bomb.csv.gz", gzip.compress(bytes(8 << 20), mtime=0), "200 times"),
    ],
)
def test_what_cannot_be_read_is_put_aside_with_its_reason(
    tmp_path: Path, name: str, content: bytes, sentence: str
) -> None:
    desk = Desk()
    (tmp_path / name).write_bytes(content)
    assert look_twice(tmp_path, desk) == [tmp_path / "failed" / name]
    assert sentence in (tmp_path / "failed" / f"{name}.txt").read_text()
    assert not desk.kept


def test_unfinished_names_and_directories_are_left_alone(tmp_path: Path) -> None:
    for name in (".hidden.csv", "a.csv.part", "b.tmp"):
        (tmp_path / name).write_text("id\n1\n")
    (tmp_path / "done").mkdir()
    assert look_twice(tmp_path, Desk()) == []


def test_an_interrupted_file_goes_on_where_it_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch.pieces, "__defaults__", (20,))
    lines = b"".join(b'{"id": %d}\n' % n for n in range(40))
    desk = Desk(room=3)
    (tmp_path / "a.ndjson.gz").write_bytes(gzip.compress(lines))
    assert look_twice(tmp_path, desk) == []
    desk.room = 10**9
    assert look_twice(tmp_path, desk) == [tmp_path / "done" / "a.ndjson.gz"]
    assert b"".join(desk.kept) == lines and len(desk.kept) > 4


ROWS = st.lists(st.tuples(st.text('a,"\n\r \u5b57', max_size=8), st.integers()), min_size=1, max_size=30)


@given(ROWS, st.integers(1, 60))
def test_pieces_of_a_csv_hold_its_records(rows: list[tuple[str, int]], size: int) -> None:
    def read(text: str) -> list[list[str]]:
        return list(csv.reader(io.StringIO(text, newline="")))

    out = io.StringIO(newline="")
    csv.writer(out).writerows([("te\nxt", "number"), *rows])
    parts = [read(part.decode()) for part in pieces(out.getvalue().encode(), "text/csv", size)]
    header, *expected = read(out.getvalue())
    assert all(part[0] == header for part in parts)
    assert [record for part in parts for record in part[1:]] == expected


def test_a_broker_that_is_away_holds_a_file_up_and_ends_nothing(tmp_path: Path) -> None:
    desk = Desk()
    (tmp_path / "a.csv").write_text("id\n1\n")
    watched = Watch("calls", tmp_path, desk, lambda: 1)
    desk.away = AwayError("broker", "does not answer")
    assert watched.look() == [] and watched.look() == [] and (tmp_path / "a.csv").exists()
    desk.away = None
    assert watched.look() == [tmp_path / "done" / "a.csv"]


@given(st.lists(st.dictionaries(st.text(max_size=3), st.integers()), min_size=1), st.integers(1, 60))
def test_a_json_array_is_cut_between_its_records(records: list[Any], size: int) -> None:
    parts = list(pieces(json.dumps(records).encode(), "application/json", size))
    assert [record for part in parts for record in json.loads(part)] == records


def test_a_long_file_that_is_no_array_is_refused_in_a_sentence() -> None:
    for payload in (b'{"a": 1, "b": 2}', b'[{"a": 1}, {"b"'):
        with pytest.raises(DataError, match=r"no JSON array; write one record on each line"):
            list(pieces(payload, "application/json", 5))
