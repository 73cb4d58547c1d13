"""``tocsin score``: a sentence for each thing that can be wrong with a table; names may hold anything."""

import csv
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from tests.tocsin.score_tables import HEAD, MONDAY, day, lines, scored, written
from tocsin.cli import run


@pytest.mark.parametrize(
    ("head", "rows", "options", "says"),
    [
        ("series,time,observd", ["a,2025-01-06,1"], [], "no column 'observed'; did you mean observd?"),
        (HEAD, [], [], "holds no row"),
        (HEAD, ["a,yesterday,1"], [], "a time that cannot be read: 'yesterday'; write them as 2025-03-01"),
        (HEAD, ["a,,1"], [], "a time that cannot be read: an empty one"),
        (HEAD, ["a,2025-01-06T00:00Z,1", "a,2025-01-13T00:00,1"], [], "mixes times with a zone"),
        (HEAD, ["a,2025-01-06,many"], [], "observed of a at 2025-01-06 is 'many', no number; write numbers"),
        (HEAD, ["a,2025-01-06,-2"], [], "is '-2', below zero; use --sensor"),
        (HEAD, ["a,2025-01-06,1.5"], [], "is '1.5', which is no count; use --sensor"),
        (HEAD, ["a,2025-01-06,inf"], [], "is 'inf', which is too large"),
        (HEAD, ["a,2025-01-06,1_000"], [], "is '1_000', no number"),
        (HEAD, ["a,0001-01-01,1"], ["--zone", "Asia/Shanghai"], "a time that cannot be read: '0001-01-01'"),
        (f"{HEAD},observed", ["a,2025-01-06,1,1"], [], "has two columns 'observed'; keep one"),
        (
            HEAD.replace(",", ";"),
            ["a;2025-01-06;1"],
            [],
            "separates its cells by semicolons; save it with commas",
        ),
        (HEAD.replace(",", "\t"), ["a\t2025-01-06\t1"], [], "separates its cells by tabs"),
        (HEAD, ["a,2025-01-06,1", "a,2025-01-06,2"], [], "two rows of a at 2025-01-06 that differ"),
        (HEAD, ["a,2025-01-06,1", "a,2025-01-08,2"], [], "2025-01-08 is no multiple of 1w after 2025-01-06"),
        (HEAD, ["a,2025-01-06,1", "a,2025-01-20,2"], [], "no two times closer than 2 steps of 1w"),
        (
            HEAD,
            lines(9),
            ["--every", "1d"],
            "no two times closer than 7 steps of 1d; did you mean --every 1w?",
        ),
        (f"{HEAD},population", ["a,2025-01-06,1,many"], [], "population holds 'many'; write how many people"),
        (f"{HEAD},population", ["a,2025-01-06,1,0"], [], "population holds '0'"),
        (
            f"{HEAD},population",
            ["a,2025-01-06,1,9"],
            ["--sensor"],
            "has a population, and readings have none",
        ),
        (f"{HEAD},lat,lon", ["a,2025-01-06,1,91,0"], [], "lat holds '91'; write degrees from -90 to 90"),
        (f"{HEAD},lat,lon", ["a,2025-01-06,1,1,here"], [], "lon holds 'here'; write degrees from -180"),
        (
            f"{HEAD},lat,lon",
            ["a,2025-01-06,1,1,2", "a,2025-01-13,1,1,3"],
            [],
            "two places of a: lon differs; write one, or two series",
        ),
        (HEAD, lines(9), ["--every", "2w"], "--every: cannot be '2w'"),
        (HEAD, lines(9), ["--every", "7min"], "--every: cannot be '7min'"),
        (HEAD, lines(9), ["--zone", "Mars/Olympus"], "no time zone is named 'Mars/Olympus'"),
        (HEAD, lines(9), ["--budget", "0"], "--budget: must be above zero, got 0"),
        (HEAD, lines(9), ["--budget", "inf"], "--budget: must be above zero, got inf"),
        (
            HEAD,
            lines(9),
            ["--out", "/no/where/o.csv"],
            "--out: there is no directory /no/where; make it first",
        ),
        (HEAD, lines(9), ["--out", "scores.txt"], "--out: scores.txt is neither .csv nor .parquet"),
        (
            HEAD,
            ["a,1970-01-01T00:00,1", "a,1970-01-01T00:01,1", "a,2900-01-01T00:01,1"],
            ["--every", "1min"],
            "split it",
        ),
        (
            HEAD,
            ["a,1970-01-01T00:00,1", "a,2020-01-01T00:00,1", "a,2020-01-01T00:15,1"],
            ["--every", "15min"],
            "spans 1753154 steps, of which 3 have a row; split it, or check its times",
        ),
    ],
)
def test_a_mistake_is_one_sentence(
    head: str,
    rows: list[str],
    options: list[str],
    says: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = written(tmp_path, rows, head)
    call = ["score", str(path), "--every", "1w", "--out", str(tmp_path / "o.csv"), *options]
    assert run(call) in (2, 3)
    told = capsys.readouterr().err
    assert says in told
    assert told.count("\n") == 1


@pytest.mark.parametrize("content", [b"", b"\x00\xff\xfe", b"PAR1"])
def test_a_file_that_is_no_table_is_one_sentence(
    content: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("t.csv", "t.parquet"):
        (tmp_path / name).write_bytes(content)
        assert run(["score", str(tmp_path / name), "--every", "1w", "--out", str(tmp_path / "o.csv")]) == 3
        assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("encoding", ["gbk", "utf-16", "utf-16-le"])
def test_a_table_in_another_encoding_is_told_what_to_do(
    encoding: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "counts.csv"
    path.write_text("\n".join([HEAD, *lines(9, ("海淀区", "朝阳区"))]), encoding=encoding)
    assert run(["score", str(path), "--every", "1w", "--out", str(tmp_path / "o.csv")]) == 3
    assert capsys.readouterr().err.endswith("counts.csv: is not UTF-8; save it as CSV UTF-8\n")


def test_names_keep_commas_quotes_newlines_and_a_byte_order_mark_is_no_part(tmp_path: Path) -> None:
    names = ("海淀, 北", 'the "old" port', "two\nlines")
    path = tmp_path / "counts.csv"
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows(
            [
                HEAD.split(","),
                *((name, MONDAY + timedelta(weeks=k), k % 5) for name in names for k in range(30)),
            ]
        )
    assert [row["series"] for row in scored(path)] == [name for name in names for _ in range(30)]


def test_one_endless_name_costs_no_more_than_it_is_long(tmp_path: Path) -> None:
    path = written(tmp_path, [*lines(3_000), f"{'x' * 900_000},{MONDAY},1"])
    assert run(["score", str(path), "--every", "1w", "--out", str(tmp_path / "o.parquet")]) == 0
    assert len(parquet.read_table(tmp_path / "o.parquet")) == 6_001


@pytest.mark.parametrize(("column", "kind"), [([[1]] * 9, "list<"), ([b"\xff"] * 9, "binary")])
def test_a_parquet_column_that_is_no_number_is_one_sentence(
    column: list[object], kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "t.parquet"
    at = [MONDAY + timedelta(weeks=k) for k in range(9)]
    parquet.write_table(pa.table({"series": ["a"] * 9, "time": at, "observed": column}), path)
    assert run(["score", str(path), "--every", "1w", "--out", str(tmp_path / "o.csv")]) == 3
    told = capsys.readouterr().err
    assert f"has a column 'observed' of {kind}" in told and told.count("\n") == 1


def test_the_table_itself_is_never_written_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path, lines(9))
    before = path.read_bytes()
    assert run(["score", str(path), "--every", "1w", "--out", str(path)]) == 2
    assert "is the table itself; name another file" in capsys.readouterr().err
    assert path.read_bytes() == before


def test_readings_that_would_fill_the_memory_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One device speaks ten times in a step: each of its readings has a row, in which all have a cell."""
    monkeypatch.setattr("tocsin.counts_table.MOST_CELLS", 20)
    often = [f"often,{day(2025, 3, 3) + timedelta(seconds=k)},1" for k in range(10)]
    rows = [*often, *(f"d{k},{day(2025, 3, 3)},1" for k in range(4))]
    call = ["score", str(written(tmp_path, rows)), "--every", "5min", "--sensor"]
    assert run([*call, "--out", str(tmp_path / "o.csv")]) == 3
    assert "holds 10 rounds of readings of 5 series; split it" in capsys.readouterr().err
