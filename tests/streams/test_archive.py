"""Archives and recorded files: what is written comes back, what is damaged is refused in a sentence."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from streams.archive import EventWriter, LedgerWriter, archive_length, read_events, read_ledger, read_parquet
from streams.commands import Command
from streams.errors import DataError
from streams.events import Event
from streams.intake import Intake
from streams.ledger import ROW, Beat, Record, RowArray, Rows, blank_rows
from streams.ledger import settings as settings_record
from streams.sources.columns import Coded, as_list
from streams.tables import read_history


def rows(length: int, seed: int = 0) -> RowArray:
    made = blank_rows(length)
    rng = np.random.default_rng(seed)
    for name in ROW.names or ():
        if name != "spare":
            bounds = np.iinfo(ROW[name])
            made[name] = rng.integers(bounds.min, bounds.max, length, ROW[name], endpoint=True)
    return made


def command(number: int) -> Command:
    return Command(
        id=f"c{number}", stamp=number, kind="acknowledge", unit="mill", actor="li", role="officer",
        actor_unit="mill", note="签收",
    )  # fmt: skip


RECORDS = st.lists(
    st.one_of(
        st.integers(1, 9).map(lambda n: Rows(rows(n, n))),
        st.integers(0, 99).map(lambda n: Beat(stamp=n)),
        st.integers(0, 99).map(command),
        st.integers(0, 99).map(lambda n: settings_record("policy", n, {"名": [1, None]})),
    )
)


def flat(records: list[Record]) -> list[Any]:
    """Records with every row by itself: how rows are cut has no meaning."""
    return [
        part
        for record in records
        for part in ([row.tobytes() for row in record.rows] if isinstance(record, Rows) else [record])
    ]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(RECORDS, st.integers(1, 20), st.integers(1, 20))
def test_a_ledger_comes_back(tmp_path: Path, records: list[Record], group: int, chunk: int) -> None:
    path = tmp_path / "ledger.parquet"
    with LedgerWriter(path, group) as writer:
        for record in records:
            writer.append(record)
    assert flat(list(read_ledger(path, chunk))) == flat(records)
    assert archive_length(path) == len(flat(records))


def test_an_unfinished_run_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), LedgerWriter(tmp_path / "ledger.parquet") as writer:
        writer.append(Rows(rows(3)))
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_events_come_back(tmp_path: Path) -> None:
    made = [
        Event(source="calls", kind="hotline", system="s", id="1", happened_at=5, received_at=6, area="a",
              category="gas", text="煤气味", severity=2),
        Event(source="probes", kind="sensor", system="s", id="2", happened_at=5, received_at=6, area="a",
              category="gas", sensor="g1", value=1.5, unit="ppm", is_exercise=True),
    ]  # fmt: skip
    with EventWriter(tmp_path / "events.parquet", 1) as writer:
        writer.append([made[0], None])
        writer.append([made[1]])
    assert list(read_events(tmp_path / "events.parquet")) == made


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    path = tmp_path / "ledger.parquet"
    with LedgerWriter(path) as writer:
        writer.append(Rows(rows(5000)))
        writer.append(Beat(stamp=1))
    return path


def missing(path: Path) -> None:
    path.unlink()


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def corrupt_page(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 4] ^= 0xFF
    path.write_bytes(bytes(data))


def other_kind(path: Path) -> None:
    with EventWriter(path):
        pass


def foreign(path: Path) -> None:
    parquet.write_table(pa.table({"x": [1]}), path)


def newer_version(path: Path) -> None:
    table = parquet.read_table(path)
    parquet.write_table(
        table.replace_schema_metadata({"tocsin.kind": "ledger", "tocsin.schema_version": "99"}), path
    )


DAMAGE: list[tuple[Callable[[Path], None], str]] = [
    (missing, "ledger.parquet: no such file"),
    (truncated, "is cut off or damaged"),
    (empty, "is cut off or damaged"),
    (corrupt_page, "is cut off or damaged"),
    (other_kind, "is no ledger archive of Tocsin"),
    (foreign, "is no ledger archive of Tocsin"),
    (newer_version, "has schema version 99, this program reads 1; update Tocsin"),
]


@pytest.mark.parametrize(("damage", "sentence"), DAMAGE, ids=lambda value: getattr(value, "__name__", ""))
def test_a_damaged_archive_is_refused(ledger: Path, damage: Callable[[Path], None], sentence: str) -> None:
    damage(ledger)
    with pytest.raises(DataError) as error:
        list(read_ledger(ledger))
    assert sentence in str(error.value)


def test_foreign_columns_keep_their_values(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    stamps = pa.array([0, None, 1_000_000_500_000], pa.timestamp("us"))
    table = pa.table(
        {
            "word": pa.array(["a", None, "a"]).dictionary_encode(),
            "at": stamps,
            "zoned": stamps.cast(pa.timestamp("us", "UTC")),
            "n": [1, 2, 3],
            "hole": [1, None, 3],
            "x": [1.5, None, 2.0],
            "s": ["p", None, "q"],
        }
    )
    parquet.write_table(table, path)
    (columns,) = read_parquet(path)
    assert isinstance(columns.cells["word"], Coded)
    assert as_list(columns.column("word")) == ["a", None, "a"]
    assert columns.column("at").dtype == "datetime64[s]"  # type: ignore[union-attr]
    assert as_list(columns.column("n")) == [1, 2, 3]
    assert as_list(columns.column("hole")) == [1, None, 3]
    assert as_list(columns.column("x")) == [1.5, None, 2.0]
    assert as_list(columns.column("missing")) == [None] * 3


LINES = [
    {"id": str(k), "at": f"2024-06-11T17:{k:02d}:00", "lon": 120.005, "lat": 30.005, "type": "water"}
    for k in range(9)
]


def write_csv(path: Path) -> None:
    body = [",".join(map(str, line.values())) for line in LINES]
    path.write_text("\n".join([",".join(LINES[0]), *body]), encoding="utf-8-sig")


def write_json_lines(path: Path) -> None:
    import json

    path.write_text("\n".join(map(json.dumps, LINES)))


def write_parquet(path: Path) -> None:
    parquet.write_table(pa.Table.from_pylist(LINES), path)


@pytest.mark.parametrize(
    ("name", "write"),
    [("x.csv", write_csv), ("x.ndjson", write_json_lines), ("x.parquet", write_parquet)],
)
def test_a_history_is_the_same_from_every_file(
    tmp_path: Path, hotline: Intake, name: str, write: Callable[[Path], None]
) -> None:
    path = tmp_path / name
    write(path)
    taken = list(read_history(path, hotline, 2_000_000_000, chunk_rows=4))
    made = np.concatenate([part.rows for part in taken])
    assert made["received_at"].tolist() == made["event_at"].tolist()
    assert made["event_at"].tolist() == [1_718_096_400 + 60 * k for k in range(9)]
    events = [event for part in taken for event in part.events if event]
    assert [event.id for event in events] == [line["id"] for line in LINES]


HISTORY_MISTAKES = {
    "missing_column.csv": (b"id,at,lon,lat,sort\n1,2,3,4,5", "has no column 'type', which the mapping names"),
    "near_column.csv": (b"id,at,lon,lat,typo\n1,2,3,4,5", "did you mean typo?"),
    "empty.csv": (b"", "holds no record"),
    "header_only.csv": (b"id,at\n", "holds no record"),
    "empty.ndjson": (b"", "holds no record"),
    "cut.parquet": (b"PAR1abc", "is cut off or damaged"),
}


@pytest.mark.parametrize("name", HISTORY_MISTAKES)
def test_a_file_that_cannot_be_read_at_all(tmp_path: Path, hotline: Intake, name: str) -> None:
    body, sentence = HISTORY_MISTAKES[name]
    (tmp_path / name).write_bytes(body)
    with pytest.raises(DataError) as error:
        list(read_history(tmp_path / name, hotline, 0))
    assert sentence in str(error.value)
    assert name in str(error.value)


def test_a_truncated_file_gives_what_it_has(tmp_path: Path, hotline: Intake) -> None:
    write_csv(tmp_path / "x.csv")
    whole = (tmp_path / "x.csv").read_bytes()
    (tmp_path / "x.csv").write_bytes(whole[:-30])
    (taken,) = read_history(tmp_path / "x.csv", hotline, 2_000_000_000)
    assert taken.counts == {"accepted": 8, "malformed": 1}
    assert taken.rejected[0][1].where == "x.csv:9"
