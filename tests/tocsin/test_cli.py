"""The command line: what it says, how it leaves, and that it never shows a traceback."""

import ctypes
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import tocsin
from tocsin.cli import EXIT_CODES, run

ROOT = Path(tocsin.__file__).parent.parent
STARTER = ROOT / "tocsin" / "starter"

CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, PR_CAPBSET_DROP = 1, 2, 24

HEAVY = (
    "cryptography", "fastapi", "fluent", "grafana_api", "holidays", "httpx", "jinja2", "matplotlib", "numpy",
    "pandas", "phonenumbers", "prometheus_client", "pyarrow", "requests", "river", "scipy", "shapely",
    "sqlite3", "uvicorn",
)  # fmt: skip


def command(*arguments: str, given: bytes = b"", **more: str) -> subprocess.CompletedProcess[bytes]:
    """Run the real program in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "tocsin", *arguments],
        input=given,
        capture_output=True,
        cwd=ROOT,
        env={**os.environ, **more},
        timeout=120,
        check=False,
    )


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys\nfrom tocsin.cli import run\nassert run(['--help']) == 0\n"
        f"print('loaded:', [name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert "loaded: []" in done.stdout


def test_help_names_every_command_and_every_exit_code() -> None:
    text = " ".join(command("--help").stdout.decode().split())
    names = (
        "init",
        "check",
        "demo",
        "up",
        "replay",
        "score",
        "doctor",
        "escalation",
        "audit",
        "dead-letters",
    )
    assert all(name in text for name in names)
    assert all(f"{code} {meaning}" in text for code, meaning in EXIT_CODES.items())


def test_without_a_command_it_shows_help_and_leaves_with_0(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([]) == 0
    assert "Usage: tocsin" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["chek"], 2, "No such command 'chek'. Did you mean 'check'?"),
        (["check", "--sampel", "x"], 2, "No such option: --sampel"),
        (["check", "nowhere"], 2, "tocsin.toml: no such file; tocsin init DIR writes one to start from"),
        (["check", str(STARTER), "--sample", "nowhere.csv"], 3, "nowhere.csv: no such file; check the path"),
        (["check", str(STARTER), "--sample", __file__, "--feed", "x"], 2, "no feed is called 'x'"),
        (["audit", "verify", "nowhere"], 3, "nowhere: no such file or directory"),
        (["escalation", "play", "nowhere"], 3, "nowhere: no file of that name"),
        (["escalation", "play", __file__], 3, "test_cli.py: line 1: "),
        (["dead-letters", "retry", "--store", "nowhere"], 2, "nothing is named"),
        (["dead-letters", "list", "--store", "nowhere"], 3, "nowhere: holds no Tocsin data"),
        (["dead-letters", "list", "--reason", "lost"], 2, "no reason is called 'lost'; it may be malformed"),
        (["dead-letters", "retry", "--reason", "lost"], 2, "no reason is called 'lost'"),
        (["audit", "verify", str(STARTER)], 3, "holds no Tocsin data"),
        (["check", str(STARTER), "--feed", "hotline"], 2, "give --sample"),
        (["up", str(STARTER), "--port", "99999"], 2, "Invalid value for '--port'"),
        (["demo", "--lang", "xx"], 2, "no language is called 'xx'; it may be en, zh-CN"),
        (["demo", "--weeks", "1"], 2, "Invalid value for '--weeks'"),
        (["init", "/dev/null/city"], 2, "/dev/null/city: Not a directory"),
        (["replay", str(STARTER)], 2, "no file is named"),
        (["replay", str(STARTER), "hotline=nowhere.csv"], 3, "nowhere.csv: no such file"),
        (["init", str(STARTER)], 2, "exists and is not an empty directory"),
        (["replay", "nowhere"], 2, "nowhere"),
    ],
)
def test_a_failure_is_one_sentence_and_an_exit_code(arguments: list[str], code: int, says: str) -> None:
    done = command(*arguments)
    told = done.stderr.decode()
    assert (done.returncode, told.count("\n")) == (code, 1), told
    assert told.startswith("tocsin: ")
    assert says in told
    assert b"Traceback" not in done.stdout + done.stderr


def test_a_fault_of_the_program_is_one_sentence_too_unless_asked() -> None:
    broken = (
        "from tocsin import cli\nimport sys\n"
        "def fail(*_, **__): raise ZeroDivisionError('oh')\n"
        "cli.app = fail\nsys.exit(cli.run(['x']))"
    )
    call = [sys.executable, "-c", broken]
    quiet = subprocess.run(call, capture_output=True, text=True, cwd=ROOT, check=False)
    assert (quiet.returncode, quiet.stderr.count("\n")) == (1, 1)
    assert "ZeroDivisionError: oh; set TOCSIN_DEBUG=1" in quiet.stderr
    env = {**os.environ, "TOCSIN_DEBUG": "1"}
    asked = subprocess.run(call, capture_output=True, text=True, cwd=ROOT, env=env, check=False)
    assert "Traceback" in asked.stderr


def test_init_writes_a_city_that_checks_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["init", str(tmp_path / "city")]) == 0
    assert run(["check", str(tmp_path / "city"), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out.split("\n", 2)[2])
    assert facts["areas"] == 5
    assert facts["sample"] is None


def test_a_sample_is_told_by_reason(capsys: pytest.CaptureFixture[str]) -> None:
    sample = STARTER / "samples" / "hotline.csv"
    assert run(["check", str(STARTER), "--sample", str(sample), "--json"]) == 0
    trial = json.loads(capsys.readouterr().out)["sample"]
    assert (trial["records"], trial["accepted"]) == (5, 3)
    assert {reason: case["where"] for reason, case in trial["refused"].items()} == {
        "swapped_coordinates": "hotline.csv:5",
        "unknown_category": "hotline.csv:4",
    }
    assert run(["check", str(STARTER), "--sample", str(sample)]) == 0
    assert "3 of 5 records taken" in capsys.readouterr().out


def test_a_sample_of_which_nothing_is_taken_leaves_with_1(tmp_path: Path) -> None:
    sample = tmp_path / "calls.csv"
    sample.write_text(
        "number,called,subject,lon,lat,street,text\n1,2025-03-01 08:00:00,parking,113.01,30.015,,\n"
    )
    assert run(["check", str(STARTER), "--sample", str(sample)]) == 1


def test_a_sample_without_a_needed_column_is_refused(tmp_path: Path) -> None:
    sample = tmp_path / "calls.csv"
    sample.write_text(
        "number,when,subject,lon,lat,street,text\n1,2025-03-01 08:00:00,noise,113.01,30.015,,\n"
    )
    done = command("check", str(STARTER), "--sample", str(sample))
    assert done.returncode == 3
    assert "has no column 'called', which the mapping names" in done.stderr.decode()


def test_the_table_comes_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["escalation", "table", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert rows[0]["row"] == "C0"
    assert len({row["row"] for row in rows}) > 60


HISTORY = (
    b'{"history": 1, "tree": {"c": null, "d": "c"}, "policy": {"enter_buckets": 1, "of_last_buckets": 1}}\n'
    b'{"stamp": 60, "kind": "bucket", "units": {"c": [0, 0, false, false], "d": [2, 2, true, false]}}\n'
    b'{"stamp": 90, "kind": "acknowledge", "unit": "d", "actor": ["li", "officer", "d"]}\n'
)


def test_play_reads_standard_input_and_a_file_alike(tmp_path: Path) -> None:
    (tmp_path / "history.jsonl").write_bytes(HISTORY)
    from_input = command("escalation", "play", "-", given=HISTORY)
    from_file = command("escalation", "play", str(tmp_path / "history.jsonl"))
    assert from_input.stdout == from_file.stdout
    entries = [json.loads(line) for line in from_input.stdout.splitlines()]
    assert [entry["row"] for entry in entries if entry["unit"] == "d"] == ["K2", "A1"]


def test_play_does_not_depend_on_the_hash_seed() -> None:
    outputs = {
        command("escalation", "play", "-", given=HISTORY, PYTHONHASHSEED=seed).stdout for seed in "012"
    }
    assert len(outputs) == 1


def powerless() -> None:
    """Before the program starts: root may then do what any owner may, and no more (Linux)."""
    libc = ctypes.CDLL(None, use_errno=True)
    for capability in (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH):
        libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["init", "{shut}/city"], 2, "Permission denied"),
        (["up", "{city}", "--store", "{shut}/store"], 6, "Permission denied; make room or mend the disk"),
        (["demo", "--store", "{shut}/store"], 2, "Permission denied"),
        (["check", "{shut}"], 2, "is not readable"),
        (["audit", "verify", "{shut}"], 2, "is not readable"),
        (["dead-letters", "list", "--store", "{shut}"], 2, "is not readable"),
        (["escalation", "play", "{shut}/tocsin.toml"], 2, "tocsin.toml: Permission denied"),
    ],
)
def test_a_directory_without_rights_is_refused_in_a_sentence(
    arguments: list[str], code: int, says: str, tmp_path: Path
) -> None:
    shut = tmp_path / "shut"
    shut.mkdir()
    (shut / "tocsin.toml").write_text("")
    shut.chmod(0)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "tocsin", *(a.format(shut=shut, city=STARTER) for a in arguments)],
            capture_output=True, text=True, cwd=ROOT, check=False, timeout=120,
            preexec_fn=powerless if os.geteuid() == 0 else None,
        )  # fmt: skip
    finally:
        shut.chmod(0o700)
    assert (done.returncode, done.stderr.count("\n")) == (code, 1), done.stderr
    assert says in done.stderr


def test_a_reader_that_goes_away_is_no_error() -> None:
    shell = f"{sys.executable} -m tocsin escalation table --json | head -1"
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {shell}"], capture_output=True, cwd=ROOT, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")


def test_doctor_finds_this_environment_well(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = run(["doctor", str(STARTER), "--store", str(tmp_path / "store"), "--json"])
    findings = json.loads(capsys.readouterr().out)
    assert code == 0, [finding for finding in findings if not finding["is_well"]]
    assert {"Python", "import names", "city directory", "disk", "clock"} <= {f["what"] for f in findings}


def test_doctor_names_what_is_wrong_and_leaves_with_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "tocsin.toml").write_text("[city]\nid = 3\n")
    assert run(["doctor", str(tmp_path), "--store", str(tmp_path / "store"), "--json"]) == 1
    wrong = [f for f in json.loads(capsys.readouterr().out) if not f["is_well"]]
    assert len(wrong) == 1
    assert "must be text, is 3" in wrong[0]["detail"]
