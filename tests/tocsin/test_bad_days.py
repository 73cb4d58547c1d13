"""The real program on a bad day: a clock that goes back, a full disk, damaged data, bodies far too large."""

import gzip
import json
import re
import resource
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.tocsin.test_up import COMMAND, ROOT, Up, reading
from tocsin import clock
from tocsin.store import FILE_NAME

LINES = {"content-type": "application/x-ndjson"}
ACCEPTED = 'tocsin_events_total{feed="sensors",outcome="accepted"}'
MILL_STREET = 'tocsin_unit_mode{tier="street",unit="mill-street"}'
MEGABYTE = 1_000_000
HUNDRED = 100 * MEGABYTE


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Up]:
    running = Up(tmp_path / "store")
    yield running
    if running.process.poll() is None:
        running.process.kill()
        running.process.communicate()


def post(up: Up, body: bytes, **headers: str) -> httpx.Response:
    return httpx.post(f"{up.url}/intake/sensors", content=body, headers={**LINES, **headers}, timeout=120)


def peak_bytes(pid: int) -> int:
    """The most memory that a process has held so far."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) * 1_024


def started(store: Path) -> subprocess.CompletedProcess[str]:
    """A start that is expected to be refused."""
    return subprocess.run(
        [*COMMAND, "--store", str(store), "--port", "0"],
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def decided(up: Up, store: Path) -> None:
    """One decision in the journal, then a calm end."""
    assert post(up, reading(25.0)).status_code == 202
    up.until(MILL_STREET, 3)
    assert up.end() == (0, "")


def change(store: Path, statement: str) -> None:
    with sqlite3.connect(store / FILE_NAME) as connection:
        assert connection.execute(statement).rowcount > 0
    connection.close()


def test_the_clock_of_the_machine_goes_back_an_hour(tmp_path: Path) -> None:
    """What comes is counted as late or future, a gas alarm acts at once, decision time stays."""
    offset = tmp_path / "offset"
    offset.write_text("0")
    up = Up(tmp_path / "store", before=[sys.executable, "tests/tocsin/shifted_clock.py", str(offset)])
    try:
        assert post(up, reading(1.0)).status_code == 202
        up.until(ACCEPTED, 1)
        before = up.metric("tocsin_decision_timestamp_seconds")
        offset.write_text("-3600")
        hour_ago = json.loads(reading(30.0))
        hour_ago["time"] = clock.text(clock.now() - 3_600).replace(" ", "T") + "+00:00"
        assert post(up, json.dumps(hour_ago).encode()).status_code == 202
        assert post(up, reading(2.0)).status_code == 202
        for reason in ("late", "future"):
            up.until(f'tocsin_rejected_events_total{{feed="sensors",reason="{reason}"}}', 1)
        up.until(MILL_STREET, 3)  # a gas alarm does not wait for the clock
        assert up.metric("tocsin_decision_timestamp_seconds") >= before
        offset.write_text("120")
        up.until_at_least("tocsin_decision_timestamp_seconds", before + 60)
        assert up.end() == (0, "")
    finally:
        up.process.kill()
        up.process.communicate()
    verified = subprocess.run(
        [sys.executable, "-m", "tocsin", "audit", "verify", str(tmp_path / "store"), "--json"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert json.loads(verified.stdout)["entries"] >= 1


@pytest.mark.parametrize(
    ("room", "where"), [(20_000, "at the decision"), (200_000, "at a later one, or while taking in")]
)
def test_the_disk_fills_and_nothing_that_was_promised_is_lost(
    up: Up, tmp_path: Path, room: int, where: str
) -> None:
    """A gas alarm is taken, and files may not grow: with least room its decision does not fit."""
    store = tmp_path / "store"
    assert post(up, reading(1.0)).status_code == 202
    up.until(ACCEPTED, 1)
    largest = max(path.stat().st_size for path in store.iterdir() if path.is_file())
    resource.prlimit(up.process.pid, resource.RLIMIT_FSIZE, (largest + room, largest + room))
    promised = 1
    for number in range(2_000):
        try:
            if post(up, reading(25.0 + number)).status_code == 202:
                promised += 1
        except httpx.HTTPError:
            break
    _, complaint = up.process.communicate(timeout=120)
    assert up.process.returncode == 6
    assert (complaint.count("\n"), "make room or mend the disk" in complaint) == (1, True), complaint
    again = Up(store)
    again.until("tocsin_waiting_messages", 0)
    again.until_at_least("tocsin_journal_entries_total", 1)
    assert promised <= again.metric(ACCEPTED) <= promised + 1, "one may be kept whose answer was cut off"
    assert again.metric(MILL_STREET) == 3
    assert again.end()[0] == 0
    assert (store / "notifications.jsonl").read_text()


def test_a_program_killed_behind_a_decision_starts_again(up: Up, tmp_path: Path) -> None:
    """No state was kept since the decision: the start folds it again and finds the same words."""
    assert post(up, reading(25.0)).status_code == 202
    up.until(MILL_STREET, 3)
    up.process.kill()
    up.process.communicate()
    again = Up(tmp_path / "store")
    again.until(MILL_STREET, 3)
    assert again.metric("tocsin_journal_entries_total") == 1
    assert again.end()[0] == 0


@pytest.mark.parametrize("share", [0.0, 0.5])
def test_corrupt_states_are_passed_over_at_the_start(up: Up, tmp_path: Path, share: float) -> None:
    store = tmp_path / "store"
    decided(up, store)
    for path in (store / "snapshots").iterdir():
        path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    again = Up(store)
    again.until(MILL_STREET, 3)
    assert again.metric("tocsin_journal_entries_total") == 1
    code, complaint = again.end()
    assert code == 0 and "the ledger is folded again" in complaint, "it is said"
    assert len((store / "notifications.jsonl").read_text().splitlines()) == 1


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE journal SET line = CAST(replace(CAST(line AS TEXT), 'mill-', 'hill-') AS BLOB)",
        "UPDATE journal SET line = substr(line, 1, length(line) - 9)",
        "DELETE FROM journal WHERE seq = (SELECT max(seq) FROM journal)",
    ],
    ids=["tampered", "tail-cut-short", "tail-missing"],
)
def test_a_journal_that_was_changed_keeps_the_program_from_starting(
    up: Up, tmp_path: Path, damage: str
) -> None:
    store = tmp_path / "store"
    decided(up, store)
    change(store, damage)
    for done in (started(store), subprocess.run(
        [sys.executable, "-m", "tocsin", "audit", "verify", str(store)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )):  # fmt: skip
        assert (done.returncode, done.stderr.count("\n")) == (4, 1), done.stderr
        assert "entry" in done.stderr and "restore" in done.stderr


def test_a_body_of_a_hundred_megabytes_is_refused_without_being_held(up: Up) -> None:
    assert post(up, reading(1.0)).status_code == 202
    before = peak_bytes(up.process.pid)
    line = json.dumps({**json.loads(reading(2.0)), "note": "x" * HUNDRED}).encode()
    try:
        answer = post(up, line)
        assert (answer.status_code, "send parts" in answer.text) == (413, True)
    except httpx.TransportError:  # it may hang up on a sender that goes on after the answer
        pass
    assert post(up, reading(3.0)).status_code == 202
    up.until(ACCEPTED, 2)
    assert peak_bytes(up.process.pid) - before < HUNDRED / 2
    assert up.metric('tocsin_intake_requests_total{edge="http",feed="sensors",status="413"}') == 1


def test_a_bomb_is_refused_without_being_unpacked(up: Up) -> None:
    assert post(up, reading(1.0)).status_code == 202
    before = peak_bytes(up.process.pid)
    bomb = gzip.compress(bytes(2 * HUNDRED))
    answer = post(up, bomb, **{"content-encoding": "gzip"})
    assert (answer.status_code, "unpacks to more than" in answer.text) == (413, True)
    assert peak_bytes(up.process.pid) - before < HUNDRED / 2
    assert up.metric('tocsin_intake_requests_total{edge="http",feed="sensors",status="413"}') == 1


def test_a_line_of_a_hundred_megabytes_in_the_inbox_is_a_dead_letter_among_taken_lines(
    up: Up, tmp_path: Path
) -> None:
    folder = tmp_path / "store" / "inbox" / "sensors"
    folder.mkdir(parents=True, exist_ok=True)
    line = json.dumps({**json.loads(reading(2.0)), "note": "x" * HUNDRED}).encode() + b"\n"
    (folder / ".readings").write_bytes(reading(1.0) + line + reading(3.0))
    (folder / ".readings").rename(folder / "readings.jsonl")
    up.until(ACCEPTED, 2)
    up.until('tocsin_dead_letters{feed="sensors",reason="too_large"}', 1)
    assert peak_bytes(up.process.pid) < 12 * HUNDRED, "kept whole and sealed: several times its size"


AND_ITS_PEAK = """
import sys
from pathlib import Path
from tocsin.cli import run
code = run(sys.argv[1:])
sys.stderr.write(Path("/proc/self/status").read_text())
sys.exit(code)
"""


def replayed(path: Path) -> tuple[dict[str, int], int]:
    """Outcomes of a replay by the real program, and the most memory that it held, in bytes."""
    command = [sys.executable, "-c", AND_ITS_PEAK, "replay", COMMAND[-1], str(path), "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    peak = re.findall(r"VmHWM:\s+(\d+) kB", done.stderr)[0]
    return json.loads(done.stdout)["outcomes"], int(peak) * 1_024


def hotline(number: int, text: str, is_csv: bool) -> str:
    cells = (str(number), f"2025-03-01 08:0{number}:00", "noise", "113.0105", "30.0145", "", text)
    names = ("number", "called", "subject", "lon", "lat", "street", "text")
    return ",".join(cells) + "\n" if is_csv else json.dumps(dict(zip(names, cells, strict=True))) + "\n"


@pytest.mark.parametrize("name", ["calls.jsonl", "calls.csv"])
@pytest.mark.parametrize("place", [1, 2, 3], ids=["first", "between", "last"])
def test_a_line_of_a_hundred_megabytes_in_a_history_costs_no_memory(
    tmp_path: Path, name: str, place: int
) -> None:
    peaks = []
    for size in (100, HUNDRED):
        is_csv = name.endswith(".csv")
        lines = [hotline(n, "x" * (size if n == place else 9), is_csv) for n in (1, 2, 3)]
        header = "number,called,subject,lon,lat,street,text\n" if is_csv else ""
        (tmp_path / name).write_text(header + "".join(lines))
        outcomes, peak = replayed(tmp_path / name)
        peaks.append(peak)
        assert outcomes == ({"accepted": 3} if size == 100 else {"accepted": 2, "too_large": 1})
    assert peaks[1] - peaks[0] < 1.2 * HUNDRED, "a few blocks, never the line several times"
