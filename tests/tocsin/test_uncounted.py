"""Bad input through the whole program: counted by reason, listed, fed again, and nothing else is lost."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import tocsin
from streams.errors import ConfigError
from streams.events import Reason
from streams.sealing import OUTCOMES
from tocsin import clock, config
from tocsin.cli import run
from tocsin.doors import intakes
from tocsin.stored import retry_letters, uncounted
from tocsin.wiring import Running

STARTER = Path(tocsin.__file__).parent / "starter"
NDJSON = "application/x-ndjson"
START = clock.now() // 900 * 900


def call(number: str, at: int, **changes: Any) -> bytes:
    """A call as the starter's hotline would send it."""
    stamp = clock.text(at).replace(" ", "T") + "+00:00"
    good = {"number": number, "called": stamp, "subject": "gas smell", "lon": 113.0105, "lat": 30.0145}
    return json.dumps({**good, "text": f"call {number}", **changes}, ensure_ascii=False).encode()


BAD: dict[Reason, bytes] = {
    Reason.MALFORMED: b'{"number": "8", "called"',
    Reason.NOT_UTF8: call("é", START).decode().encode("latin-1"),
    Reason.TOO_LARGE: call("big", START, text="x" * 2_000_000),
    Reason.MISSING_FIELD: call("9", START, subject=""),
    Reason.BAD_VALUE: call("10", START, lon="NaN"),
    Reason.BAD_TIME: call("11", START, called="the day before yesterday"),
    Reason.FUTURE: call("12", START + 86_400),
    Reason.ANCIENT: call("13", START - 40 * 365 * 86_400),
    Reason.UNKNOWN_CATEGORY: call("14", START, subject="smoke"),
    Reason.UNKNOWN_AREA: call("15", START, lon=None, lat=None, street="Nowhere Lane"),
    Reason.UNMAPPABLE: call("16", START, lon=10.0),
    Reason.SWAPPED_COORDINATES: call("17", START, lon=30.0145, lat=113.0105),
    Reason.DUPLICATE: call("1", START + 10),
    Reason.CONFLICT: call("1", START + 20, subject="noise"),
}
GOOD = [call(str(number), START + 10) for number in (1, 2, 3)]
FOUND_LATER = (Reason.DUPLICATE, Reason.CONFLICT, Reason.LATE)


@pytest.fixture
def city(tmp_path: Path) -> Path:
    return Path(shutil.copytree(STARTER, tmp_path / "city"))


@pytest.fixture
def counts(tmp_path: Path, city: Path) -> Iterator[dict[str, int]]:
    """A closed data directory of all mistakes among good calls, and what the fold counted, by outcome."""
    running = Running(config.load(city), tmp_path / "store", lambda: START + 60)
    payload = b"\n".join([GOOD[0], *BAD.values(), *GOOD[1:]])
    running.run.submit_raw("hotline", payload, NDJSON, START + 60, "test")
    later = START + 7_200
    running.run.submit_raw("hotline", call("4", later), NDJSON, later, "test")
    running.run.submit_raw("hotline", call("5", START), NDJSON, later, "test")  # its bucket has passed
    running.run.drain()
    counted = dict(zip(OUTCOMES, running.run.fold.state.sealing.counts.sum(axis=0).tolist(), strict=True))
    running.run.stop()
    running.close()
    yield counted


def test_each_mistake_is_counted_once_by_its_reason_and_nothing_else_is_lost(counts: dict[str, int]) -> None:
    wanted = dict.fromkeys([reason.value for reason in (*BAD, Reason.LATE)], 1)
    found = {outcome: number for outcome, number in counts.items() if number}
    accepted = found.pop("accepted")
    assert found == wanted
    assert accepted == len(GOOD) + 1


def test_each_mistake_can_be_listed_with_its_place_and_without_its_text(
    counts: dict[str, int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["dead-letters", "list", "--store", str(tmp_path / "store"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert sorted(x["reason"] for x in told) == sorted([*BAD, Reason.LATE])
    assert all(x["where"] and x["detail"] and x["source"] == "hotline" for x in told)
    assert {x["reason"] for x in told if x["id"] is None} == set(FOUND_LATER)
    assert "call 1" not in json.dumps(told)


@pytest.mark.parametrize("reason", [*BAD, Reason.LATE])
def test_the_list_may_be_of_one_reason(reason: Reason, counts: dict[str, int], tmp_path: Path) -> None:
    (one,) = uncounted(tmp_path / "store", reason, 1)
    assert one.reason == reason


def test_letters_are_fed_again_byte_for_byte(counts: dict[str, int], city: Path, tmp_path: Path) -> None:
    """Nothing was mended: each letter is refused again, for the same reason and at its own place."""
    store = tmp_path / "store"
    refused = [reason for reason in BAD if reason not in FOUND_LATER]
    assert len(retry_letters(city, store, (), "", every=True)) == len(refused)
    running = Running(config.load(city), store, lambda: START + 7_260)
    try:
        running.run.drain()
        again = running.run.dead_letters.letters("listed")
    finally:
        running.run.stop()
        running.close()
    assert sorted(letter.reason for letter in again) == sorted(refused)
    assert all(letter.where.startswith("retry of test:") for letter in again)


def test_a_message_of_too_many_records_is_kept_whole_and_said_so(city: Path, tmp_path: Path) -> None:
    """Places of records in a message have 20 bits."""
    running = Running(config.load(city), tmp_path / "big", lambda: START + 60)
    running.run.submit_raw("hotline", b"[" + b"0," * (1 << 20) + b"0]", "application/json", START, "test")
    running.run.door.take_in()
    (letter,) = running.run.dead_letters.letters()
    assert (letter.reason, letter.detail) == (
        "too_large",
        "holds 1048577 records, one message at most 1048576; send it in parts",
    )
    running.close()


def test_a_mapping_that_does_not_fit_names_its_file(city: Path) -> None:
    path = city / "feeds" / "hotline.toml"
    path.write_text(path.read_text().replace('"noise"', '"no such category"'))
    with pytest.raises(ConfigError, match=r"feeds/hotline\.toml"):
        intakes(config.load(city).city, b"k" * 32)
