"""``tocsin export``: the documented tables, no person in them, and examples that run as documented."""

import re
from pathlib import Path

import msgspec
import pandas as pd
import pytest
from pyarrow import parquet

from streams.exports import SCHEMA_VERSION, TABLES
from streams.ledger import KIND_CODE, MARK_EXERCISE, Rows
from tests.tocsin.what_if_city import CITY, ledger
from tocsin.cli import run
from tocsin.replaying import History, Origin, play
from tocsin.run_directory import read_run

PAGE = Path(__file__).parents[2] / "docs" / "data-formats.md"
DEMO = Path(__file__).parents[2] / "config" / "demo"


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "district"
    play(CITY, History(ledger(), 0), out, origin=Origin(DEMO))
    return out


@pytest.fixture(scope="module")
def exported(kept, tmp_path_factory):
    out = tmp_path_factory.mktemp("export")
    assert run(["export", str(kept), "--out", str(out), "--k", "5"]) == 0
    return out


def frame(exported, name):
    return pd.read_parquet(exported / f"{name}.parquet")


def test_counts_are_those_of_the_ledger(exported):
    rows = [record.rows for record in ledger() if isinstance(record, Rows)]
    ids = {
        int(row["id_hash"])
        for part in rows
        for row in part[(part["mark"] & MARK_EXERCISE == 0) & (part["mark"] & 6 == 0)]
        if row["kind"] in (KIND_CODE["hotline"], KIND_CODE["incident"]) and row["series"] >= 0
    }
    counts = frame(exported, "counts")
    assert counts.events.min() >= 5
    assert 0.9 * len(ids) < counts.events.sum() <= len(ids)
    assert set(counts.tier) <= {"area", "street", "district", "city"}


def test_hotspots_have_at_least_k_events_and_the_last_word(exported, kept):
    hotspots, own = frame(exported, "hotspots"), read_run(kept)
    assert hotspots.observed.min() >= 5
    assert set(hotspots.observed % 5) == {0}, "nothing is found by subtracting counts from it"
    observed = {told.id: told.why.observed for told in own.hotspots}
    assert all(0 <= observed[row.id] - row.observed < 5 for row in hotspots.itertuples())
    assert len(hotspots) == sum(told.why.observed >= 5 for told in own.hotspots) > 0
    last = {label.hotspot: label.verdict for label in own.labels}
    assert dict(hotspots.dropna(subset="verdict").set_index("id").verdict) == {
        name: verdict for name, verdict in last.items() if name in set(hotspots.id)
    }


def test_decisions_name_no_person_and_no_event(exported, kept):
    journal = frame(exported, "journal")
    assert len(journal) == len(list(read_run(kept).entries()))
    actors = {entry.actor for entry in read_run(kept).entries() if entry.actor}
    tables = [parquet.read_table(exported / f"{name}.parquet").to_pylist() for name in TABLES]
    told = {value for table in tables for row in table for value in row.values() if isinstance(value, str)}
    assert actors and not actors & told
    assert {"actor", "note", "trigger_id", "text"}.isdisjoint(
        column for name in TABLES for column in TABLES[name].names
    )


def test_a_decision_on_one_report_is_left_out(kept):
    from tocsin.exporting import is_by_one_report

    entry = next(read_run(kept).entries())
    by_event = msgspec.structs.replace(entry, trigger="fast", trigger_id="event 00ff")
    by_device = msgspec.structs.replace(entry, trigger="fast", trigger_id="sensor mill-gas-1")
    assert [is_by_one_report(one) for one in (entry, by_event, by_device)] == [False, True, False]


def test_files_say_what_they_are(exported):
    for name in TABLES:
        metadata = parquet.read_schema(exported / f"{name}.parquet").metadata
        assert metadata[b"tocsin.kind"] == name.encode()
        assert metadata[b"tocsin.schema_version"] == str(SCHEMA_VERSION).encode()
        assert metadata[b"tocsin.k"] == b"5"


def documented(name):
    """Columns of a table in the page, with their types."""
    part = PAGE.read_text(encoding="utf-8").split(f"### `{name}.parquet`\n")[1].split("\n#")[0]
    return [
        (column, kind)
        for names, kind in re.findall(r"^\| (`[^|]*) \| ([^|]*) \|", part, re.MULTILINE)
        for column in re.findall(r"`(\w+)`", names)
    ]


WORDS = {
    "timestamp[s, tz=UTC]": "instant",
    "int64": "int64",
    "int8": "int8",
    "double": "double",
    "bool": "bool",
}


@pytest.mark.parametrize("name", TABLES)
def test_the_page_documents_every_column(name):
    fields = [(field.name, WORDS.get(str(field.type), "text")) for field in TABLES[name]]
    lists = [column for column in TABLES[name] if str(column.type).startswith("list")]
    fields = [(n, "list of text") if n in {f.name for f in lists} else (n, kind) for n, kind in fields]
    assert documented(name) == fields


@pytest.mark.parametrize("number", range(2), ids=["pandas", "duckdb"])
def test_the_examples_of_the_page_run(number, exported, monkeypatch):
    part = PAGE.read_text(encoding="utf-8").split("## Export\n")[1].split("\n## ")[0]
    code = re.findall(r"```python\n(.*?)```", part, re.DOTALL)[number]
    monkeypatch.chdir(exported.parent)
    (exported.parent / "export").symlink_to(exported) if not (exported.parent / "export").exists() else None
    found: dict = {}
    exec(code, found)
    assert len(found["result"]) > 0


@pytest.mark.parametrize(
    ("k", "says"), [("1", "gives away single events; use 2 or more"), ("-3", "use 2 or more")]
)
def test_too_small_a_k_is_refused(kept, tmp_path, k, says, capsys):
    assert run(["export", str(kept), "--out", str(tmp_path), "--k", k]) == 2
    assert says in capsys.readouterr().err


def test_what_is_no_run_is_refused(tmp_path, capsys):
    assert run(["export", str(tmp_path), "--out", str(tmp_path / "x")]) == 3
    assert "is no whole run directory" in capsys.readouterr().err
