"""A data directory from outside: its journal proved, its dead letters fed again, its bytes sealed."""

import json
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

import tocsin
from streams.errors import DataError
from tocsin import clock, config
from tocsin.cli import run
from tocsin.keys import DayVault
from tocsin.wiring import Running

STARTER = Path(tocsin.__file__).parent / "starter"
NDJSON = "application/x-ndjson"


class Clock:
    """Seconds UTC that a test moves."""

    def __init__(self) -> None:
        self.at = clock.now() // 900 * 900

    def __call__(self) -> int:
        return self.at


@pytest.fixture
def city(tmp_path: Path) -> Path:
    return Path(shutil.copytree(STARTER, tmp_path / "city"))


@pytest.fixture
def store(tmp_path: Path, city: Path) -> Iterator[Path]:
    """A closed data directory: one gas alarm was decided, one call has a category that nobody knows."""
    at = Clock()
    running = Running(config.load(city), tmp_path / "store", at)
    at.at += 60
    stamp = clock.text(at.at).replace(" ", "T") + "+00:00"
    reading = json.dumps({"device": "mill-gas-1", "time": stamp, "lel": 30.0})
    call = json.dumps(
        {
            "number": "7",
            "called": stamp,
            "subject": "smoke",
            "lon": 113.03,
            "lat": 30.005,
            "text": "call 13812345678",
        }
    )
    running.run.submit_raw("sensors", reading.encode(), NDJSON, at.at, "test")
    running.run.submit_raw("hotline", call.encode(), NDJSON, at.at, "test")
    running.run.drain()
    at.at += 60
    running.run.beat()
    running.run.drain()
    running.run.stop()
    running.close()
    yield tmp_path / "store"


def test_a_whole_journal_is_proved(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["audit", "verify", str(store), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["entries"], told["is_whole"], len(told["last_hash"])) == (1, True, 64)


def test_a_changed_journal_is_refused(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with sqlite3.connect(store / "tocsin.sqlite") as connection:
        connection.execute("UPDATE journal SET line = CAST(replace(line, 'PROVISIONAL', 'NORMAL') AS BLOB)")
    connection.close()
    assert run(["audit", "verify", str(store)]) == 4
    assert capsys.readouterr().err.count("\n") == 1


def test_a_journal_may_be_a_file(store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with sqlite3.connect(store / "tocsin.sqlite") as connection:
        lines = [row[0] for row in connection.execute("SELECT line FROM journal ORDER BY seq")]
    connection.close()
    path = tmp_path / "journal.jsonl"
    path.write_bytes(b"".join(line.rstrip(b"\n") + b"\n" for line in lines))
    assert run(["audit", "verify", str(path)]) == 0
    assert "1 entries, chain whole" in capsys.readouterr().out
    path.write_bytes(path.read_bytes()[:-20])
    assert run(["audit", "verify", str(path)]) == 4


def letters(store: Path, capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    capsys.readouterr()
    assert run(["dead-letters", "list", "--store", str(store), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_a_dead_letter_is_listed_without_its_text(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (letter,) = letters(store, capsys)
    assert (letter["reason"], letter["source"], letter["state"]) == ("unknown_category", "hotline", "listed")
    assert "13812345678" not in json.dumps(letter)


def test_a_dead_letter_is_taken_once_its_mapping_is_mended(
    store: Path, city: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mapping = city / "feeds" / "hotline.toml"
    mapping.write_text(
        mapping.read_text().replace('"gas*" = "gas-smell"', '"smoke" = "gas-smell", "gas*" = "gas-smell"')
    )
    arguments = ["dead-letters", "retry", "--city", str(city), "--store", str(store)]
    assert run([*arguments, "--reason", "malformed"]) == 0
    assert run([*arguments, "--reason", "unknown_category"]) == 0
    assert [letter["state"] for letter in letters(store, capsys)] == ["retried"]
    again = Running(config.load(city), store, Clock())
    try:
        again.run.drain()
        hotline = again.run.fold.state.sealing.counts[0]
        assert hotline[0] == 1
    finally:
        again.close()


def test_a_number_that_is_not_listed_is_refused(
    store: Path, city: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["dead-letters", "retry", "99", "--city", str(city), "--store", str(store)]) == 3
    assert "there is no letter 99" in capsys.readouterr().err


def test_nothing_personal_lies_open_in_the_data_directory(store: Path) -> None:
    for path in store.rglob("*"):
        if path.is_file():
            assert b"13812345678" not in path.read_bytes(), path


def test_keys_are_for_the_owner_alone(store: Path) -> None:
    secrets = [store / "pseudonym.key", *(store / "keys").glob("*.key")]
    assert len(secrets) == 2
    assert {path.stat().st_mode & 0o077 for path in secrets} == {0}


def test_bytes_cannot_be_read_once_their_day_is_over_its_time(tmp_path: Path) -> None:
    at = Clock()
    vault = DayVault(tmp_path / "keys", 7, at)
    sealed = vault.seal(b"call 13812345678")
    assert vault.open(sealed) == b"call 13812345678"
    at.at += 9 * 86_400
    vault.seal(b"another")
    with pytest.raises(DataError):
        vault.open(sealed)
