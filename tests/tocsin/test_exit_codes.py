"""Every exit code of the reference, by the real program: one sentence, no traceback, nothing half-written."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import tocsin
from tocsin.cli import EXIT_CODES

ROOT = Path(tocsin.__file__).parent.parent
STARTER = ROOT / "tocsin" / "starter"
SAMPLE = STARTER / "samples" / "hotline.csv"
DEMO = ROOT / "config" / "demo"
COUNTS = "series,time,observed\n" + "".join(f"a,2024-01-{day:02},{day % 3}\n" for day in range(1, 29))


def run(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tocsin", *map(str, arguments)], capture_output=True, text=True, check=False,
        cwd=ROOT, env={**os.environ, **environment}, stdin=subprocess.DEVNULL, timeout=300,
    )  # fmt: skip


@pytest.fixture
def city(tmp_path: Path) -> Path:
    return Path(shutil.copytree(STARTER, tmp_path / "city"))


@pytest.fixture
def replayed(city: Path, tmp_path: Path) -> Path:
    out = tmp_path / "run"
    assert run("replay", city, city / "samples" / "hotline.csv", "--out", out).returncode == 0
    return out


def on_a_broker(city: Path) -> Path:
    path = city / "tocsin.toml"
    text = path.read_text(encoding="utf-8").replace("port = 8750", 'port = 8750\ntransport = "kafka"')
    path.write_text(f'{text}\n[kafka]\nservers = "127.0.0.1:9"\n', encoding="utf-8")
    return city


def refused(code: int, says: str, *arguments: object) -> None:
    done = run(*arguments)
    assert (done.returncode, done.stderr.count("\n")) == (code, 1), done.stderr
    assert done.stderr.startswith("tocsin: ") and says in done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_the_reference_names_the_codes_that_are_tried_here() -> None:
    assert sorted(EXIT_CODES) == [0, 1, 2, 3, 4, 5, 6, 7, 130]  # 4: test_stored; 5: test_up


def test_what_is_done_leaves_with_0(city: Path) -> None:
    assert run("check", city).returncode == 0


@pytest.mark.parametrize(
    ("name", "says"),
    [("routes.toml", "untold: everything: there is no route"), ("people.toml", "people.toml has no person")],
)
def test_a_city_that_reaches_nobody_leaves_with_1_and_says_why(city: Path, name: str, says: str) -> None:
    (city / name).unlink()
    done = run("check", city)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert done.stderr.startswith(f"tocsin: {city}: does not hold together; ") and says in done.stderr
    assert "holds together" not in done.stdout


def test_a_check_that_finds_something_leaves_with_1(tmp_path: Path) -> None:
    done = run("doctor", tmp_path / "nowhere")
    assert (done.returncode, done.stderr) == (1, "")
    assert "tocsin init makes one" in " ".join(done.stdout.split())


@pytest.mark.parametrize(
    ("says", "arguments"),
    [
        ("tocsin init DIR writes one", ("check", "nowhere")),
        ("tocsin init DIR writes one", ("worker", "all", "nowhere")),
        ("'nowhere' does not exist; see --help", ("check", DEMO, "--data", "nowhere")),
        ("Missing command; see --help", ("people",)),
        ("names no file; write FEED=PATH", ("replay", STARTER, "hotline=")),
        ("name a feed, or * for all", ("keys", "new", "--feed", "")),
        ("see --help", ("keys", "new", "--feed", "x", "--days", "99999999")),
        ("no time zone is named 'Mars'", ("score", "x.csv", "--every=1d", "--zone=Mars", "--out=y.csv")),
        ("is a file; name a directory", ("up", STARTER, "--store", __file__)),
        ("File exists; name another path", ("replay", STARTER, SAMPLE, "--out", __file__)),
    ],
)  # fmt: skip
def test_wrong_usage_leaves_with_2(says: str, arguments: tuple[object, ...]) -> None:
    refused(2, says, *arguments)


def test_what_cannot_be_read_leaves_with_3_and_is_not_made(city: Path, tmp_path: Path) -> None:
    store = tmp_path / "nowhere"
    refused(3, "holds no Tocsin data", "dead-letters", "retry", "--all", "--city", city, "--store", store)
    refused(3, "no such file", "audit", "verify", store)
    assert not store.exists()


def test_a_full_disk_leaves_with_6(tmp_path: Path) -> None:
    (tmp_path / "counts.csv").write_text(COUNTS, encoding="utf-8")
    full = tmp_path / "full.csv"
    full.symlink_to("/dev/full")
    refused(6, "make room", "score", tmp_path / "counts.csv", "--every", "1d", "--out", full)
    assert full.is_symlink(), "nothing else was put in its place"


def test_a_broker_that_is_away_leaves_with_7(city: Path) -> None:
    on_a_broker(city)
    for command in (("topics", "check"), ("topics", "create"), ("topics", "export")):
        refused(7, "start it", *command, city)
    refused(7, "start it", "topics", "skip", "hotline-0", "5", "--city", city)


def test_an_interrupted_replay_leaves_with_130_and_nothing_that_looks_whole(tmp_path: Path) -> None:
    out = tmp_path / "run"
    history = tmp_path / "long.jsonl"
    call = (
        '{"number": "%d", "called": "2024-%02d-%02dT%02d:00:00+08:00", "subject": "gas smell",'
        ' "lon": 113.0105, "lat": 30.0145}'
    )
    lines = (call % (n, n // 2400 % 12 + 1, n // 100 % 24 + 1, n % 24) for n in range(60_000))
    history.write_text("\n".join(lines), encoding="utf-8")
    process = subprocess.Popen(
        [sys.executable, "-m", "tocsin", "replay", str(STARTER), str(history), "--out", str(out)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT,
    )  # fmt: skip
    until = time.monotonic() + 120
    while not out.exists() and process.poll() is None and time.monotonic() < until:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=120)
    assert (process.returncode, said.strip().splitlines()[-1]) == (130, "tocsin: interrupted"), said
    assert "Traceback" not in said
    assert not (out / "manifest.json").exists()


@pytest.mark.parametrize("seed", ["0", "7"])
def test_a_run_does_not_depend_on_the_hash_seed(
    city: Path, replayed: Path, tmp_path: Path, seed: str
) -> None:
    again = tmp_path / f"run-{seed}"
    sample = city / "samples" / "hotline.csv"
    assert run("replay", city, sample, "--out", again, PYTHONHASHSEED=seed).returncode == 0
    names = sorted(path.name for path in replayed.iterdir() if path.is_file())
    assert {"journal.jsonl", "ledger.parquet", "manifest.json"} <= set(names)
    for name in names:
        assert (again / name).read_bytes() == (replayed / name).read_bytes(), name
