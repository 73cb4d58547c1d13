"""The real program, live: taken in over HTTP and from a directory, decided, told, and ended by a signal."""

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

import tocsin
from tocsin import clock

ROOT = Path(tocsin.__file__).parent.parent
COMMAND = [sys.executable, "-m", "tocsin", "up", str(ROOT / "tocsin" / "starter")]


class Up:
    """``tocsin up`` in a process of its own."""

    def __init__(self, store: Path, port: str = "0", before: list[str] | None = None) -> None:
        """``before`` stands in for ``python -m tocsin``."""
        arguments = [*(before or COMMAND[:3]), *COMMAND[3:], "--store", str(store), "--port", port]
        self.process = subprocess.Popen(
            arguments, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        self.said = self.process.stdout.readline()
        found = re.search(r"http://[\d.]+:(\d+)", self.said)
        self.url = found[0] if found else ""
        self.port = found[1] if found else ""

    def metric(self, line: str) -> float:
        """The value behind a sample's name and labels; -1 if it is not there."""
        page = httpx.get(f"{self.url}/metrics", timeout=60).text
        found = re.search(rf"^{re.escape(line)} (.*)$", page, re.MULTILINE)
        return float(found[1]) if found else -1.0

    def until(self, line: str, value: float) -> None:
        """Wait until a sample has the value."""
        for _ in range(1200):
            if self.metric(line) == value:
                return
            time.sleep(0.05)
        pytest.fail(f"{line} is {self.metric(line)}, not {value}")

    def until_at_least(self, line: str, value: float) -> None:
        """Wait until a sample has the value or more."""
        for _ in range(1200):
            if self.metric(line) >= value:
                return
            time.sleep(0.05)
        pytest.fail(f"{line} is {self.metric(line)}, less than {value}")

    def end(self) -> tuple[int, str]:
        """SIGTERM; the exit code and what was complained of."""
        self.process.send_signal(signal.SIGTERM)
        _, complaint = self.process.communicate(timeout=60)
        return self.process.returncode, complaint


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Up]:
    running = Up(tmp_path / "store")
    yield running
    if running.process.poll() is None:
        running.process.kill()
        running.process.communicate()


def reading(value: float) -> bytes:
    now = clock.text(clock.now()).replace(" ", "T") + "+00:00"
    return json.dumps({"device": "mill-gas-1", "time": now, "lel": value}).encode() + b"\n"


def test_a_reading_over_its_limit_is_told_at_once_and_survives_a_restart(up: Up, tmp_path: Path) -> None:
    store = tmp_path / "store"
    answer = httpx.post(
        f"{up.url}/intake/sensors", content=reading(25.0),
        headers={"content-type": "application/x-ndjson"}, timeout=60,
    )  # fmt: skip
    assert (answer.status_code, answer.json()["accepted"]) == (202, 1)
    up.until('tocsin_unit_mode{tier="street",unit="mill-street"}', 3)
    up.until('tocsin_deliveries{receiver="duty-room",state="delivered"}', 1)
    assert up.end() == (0, "")
    told = json.loads((store / "notifications.jsonl").read_text())
    assert "Mill Street: provisional response" in told["texts"][0]
    again = Up(store)
    try:
        assert again.metric('tocsin_unit_mode{tier="street",unit="mill-street"}') == 3
        assert again.metric("tocsin_journal_entries_total") == 1
    finally:
        assert again.end() == (0, "")
    assert len((store / "notifications.jsonl").read_text().splitlines()) == 1


def test_a_file_in_the_inbox_is_taken(up: Up, tmp_path: Path) -> None:
    folder = tmp_path / "store" / "inbox" / "sensors"
    assert httpx.get(f"{up.url}/healthz", timeout=60).json() == {"status": "ok"}
    assert httpx.get(f"{up.url}/readyz", timeout=60).status_code == 200
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "readings.jsonl.part").write_bytes(reading(1.0))
    (folder / "readings.jsonl.part").rename(folder / "readings.jsonl")
    up.until('tocsin_events_total{feed="sensors",outcome="accepted"}', 1)


def test_a_second_process_is_refused_in_a_sentence(up: Up, tmp_path: Path) -> None:
    call = [*COMMAND, "--store", str(tmp_path / "store")]
    second = subprocess.run(call, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (second.returncode, second.stderr.count("\n")) == (5, 1), second.stderr
    assert f"process {up.process.pid} has this data directory open" in second.stderr
    call = [*COMMAND, "--store", str(tmp_path / "other"), "--port", up.port]
    third = subprocess.run(call, cwd=ROOT, capture_output=True, text=True, check=False)
    assert third.returncode == 5
    assert "cannot be listened on: " in third.stderr
