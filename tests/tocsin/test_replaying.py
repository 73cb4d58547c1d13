"""``tocsin replay``: raw files and the archive that they leave lead to the same journal, byte for byte."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import tocsin
from tocsin.cli import run

STARTER = Path(tocsin.__file__).parent / "starter"
BEGAN = datetime(2025, 3, 1, tzinfo=UTC)


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """Two days of calls, and of readings of which one is over its limit."""
    calls, readings = ["number,called,subject,lon,lat,street,text"], []
    for minute in range(0, 2_880, 15):
        at = (BEGAN + timedelta(minutes=minute)).isoformat()
        calls.append(f"{minute},{at},noise,113.031,30.005,,")
        readings.append({"device": "mill-gas-1", "time": at, "lel": 25.0 if minute == 1_500 else 2.0})
    (tmp_path / "calls.csv").write_text("\n".join(calls))
    (tmp_path / "readings.jsonl").write_text("\n".join(json.dumps(reading) for reading in readings))
    return [f"hotline={tmp_path / 'calls.csv'}", f"sensors={tmp_path / 'readings.jsonl'}"]


def replayed(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> dict:
    assert run(["replay", str(STARTER), *arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_raw_files_and_their_archive_give_one_journal(
    files: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    raw = replayed([*files, "--out", str(tmp_path / "out")], capsys)
    swapped = replayed([*reversed(files), "--out", str(tmp_path / "swapped")], capsys)
    archived = replayed([str(tmp_path / "out" / "ledger.parquet"), "--out", str(tmp_path / "again")], capsys)
    journals = [(tmp_path / name / "journal.jsonl").read_bytes() for name in ("out", "swapped", "again")]
    assert journals[0] == journals[1] == journals[2]
    assert raw == swapped == archived
    assert raw["outcomes"]["accepted"] == 384
    assert raw["journal"]["rows"]["Q1"] == 1
    assert json.loads((tmp_path / "out" / "summary.json").read_text()) == raw
    assert run(["audit", "verify", str(tmp_path / "out" / "journal.jsonl")]) == 0


def test_a_person_reads_a_table(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["replay", str(STARTER), *files]) == 0
    told = capsys.readouterr().out
    assert "Mill Street" in told
    assert "PROVISIONAL" in told


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        ([], 2, "no file is named"),
        (["phone=calls.csv"], 2, "no feed is called 'phone'; it may be hotline, sensors"),
        (["hotline=nowhere.csv"], 3, "no such file"),
        (["nowhere.parquet"], 3, "no such file"),
    ],
)
def test_what_cannot_be_replayed_is_refused(
    arguments: list[str], code: int, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["replay", str(STARTER), *arguments]) == code
    assert says in capsys.readouterr().err
