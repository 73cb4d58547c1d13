"""Run directories: all that a run rests on is named; what is half written, altered or newer is refused."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import tocsin
from tests.tocsin import surge_weeks
from tocsin.cli import run
from tocsin.config import load_city
from tocsin.run_directory import MANIFEST, SCHEMA, file_digest, read_run, write_whole
from tocsin.run_writer import RunWriter

STARTER = Path(tocsin.__file__).parent / "starter"


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    """The starter's city, whose files a test may change."""
    folder = tmp_path_factory.mktemp("city") / "own"
    shutil.copytree(STARTER, folder)
    (folder / "keys.toml").write_text("")
    return folder


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Three weeks of calls, with a surge in the last, and a reading over its limit."""
    return surge_weeks.write(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def kept(city, files, tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "A"
    assert run(["replay", str(city), *files, "--out", str(out), "--json"]) == 0
    return out


@pytest.fixture
def copy(kept, tmp_path):
    return Path(shutil.copytree(kept, tmp_path / "copy"))


def test_the_manifest_names_all_that_a_run_rests_on(kept, files, city):
    own = read_run(kept).manifest
    assert own.schema == SCHEMA
    paths = [Path(file.partition("=")[2]) for file in files]
    assert [(s.path, s.bytes, s.digest) for s in own.data] == [
        (str(p), p.stat().st_size, file_digest(p)) for p in paths
    ]
    assert own.config["tocsin.toml"] == (city / "tocsin.toml").read_text()
    assert {"areas.toml", "taxonomy.toml"} <= own.config.keys()
    assert own.totals["rows"] > 2_000
    assert own.totals["journal"]["entries"] == len(list(read_run(kept).entries()))
    assert all(len(digest) == 64 for digest in (own.code, own.policy, own.taxonomy, own.areas, own.detection))
    assert set(own.libraries) == {"python", "numpy", "scipy", "river", "scikit-learn", "pyarrow"}
    assert own.libraries["numpy"] == np.__version__
    assert own.files["ledger.parquet"] == file_digest(kept / "ledger.parquet")


def test_no_person_and_no_key_is_copied(kept):
    own = read_run(kept).manifest
    assert {"people.toml", "keys.toml", "routes.toml"}.isdisjoint(own.config)


def test_a_run_knows_its_hotspots(kept):
    told = [one for one in read_run(kept).hotspots if one.warned_at is not None]
    assert [(one.category, one.unit) for one in told] == [("noise", told[0].unit)]
    assert told[0].why.observed >= 20


def test_the_same_history_leaves_the_same_files(kept, city, files, tmp_path):
    assert run(["replay", str(city), *files, "--out", str(tmp_path / "again"), "--json"]) == 0
    assert (tmp_path / "again" / MANIFEST).read_bytes() == (kept / MANIFEST).read_bytes()


def test_a_newer_run_is_refused(copy, capsys):
    own = json.loads((copy / MANIFEST).read_text())
    (copy / MANIFEST).write_text(json.dumps({**own, "schema": SCHEMA + 1, "config": 7}))
    assert run(["compare", str(copy), str(copy)]) == 3
    assert (
        f"is of version {SCHEMA + 1}, this program reads up to {SCHEMA}; update Tocsin"
        in capsys.readouterr().err
    )


def test_an_altered_file_is_refused(copy, kept, capsys):
    with (copy / "journal.jsonl").open("ab") as lines:
        lines.write(b"{}\n")
    assert run(["compare", str(kept), str(copy)]) == 4
    assert "is not what the run wrote" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "says"), [(None, "has no manifest.json"), ("[1]", "cannot be read"), ("{", "cannot be read")]
)
def test_what_is_no_run_is_refused(copy, content, says, capsys):
    (copy / MANIFEST).unlink() if content is None else (copy / MANIFEST).write_text(content)
    assert run(["compare", str(copy), str(copy)]) == 3
    assert says in capsys.readouterr().err


def test_an_interrupted_run_is_none(copy, city, capsys):
    with pytest.raises(RuntimeError), RunWriter.to(load_city(city), copy):
        raise RuntimeError("killed")
    assert run(["compare", str(copy), str(copy)]) == 3
    assert "is no whole run directory" in capsys.readouterr().err


def test_a_file_is_written_whole_or_not_at_all(tmp_path):
    write_whole(tmp_path / "f", b"old")
    with pytest.raises(TypeError):
        write_whole(tmp_path / "f", "no bytes")
    assert (tmp_path / "f").read_bytes() == b"old\n"
    assert [path.name for path in tmp_path.iterdir()] == ["f"]


def test_whatif_of_a_run_is_whatif_of_its_city_and_data(kept, city, files, tmp_path, capsys):
    """The run's own configuration is used, whatever became of the city's files."""
    asked = ["--budget", "1,50", "--json"]
    assert run(["whatif", str(city), *files, *asked]) == 0
    by_city = json.loads(capsys.readouterr().out)
    text = (city / "tocsin.toml").read_text()
    try:
        (city / "tocsin.toml").write_text(
            text.replace("[city]", "[city]\nlocale = 'zh-CN'") + "\n[detection]\n"
        )
        assert run(["whatif", str(kept), *asked, "--out", str(tmp_path / "w")]) == 0
    finally:
        (city / "tocsin.toml").write_text(text)
    by_run = json.loads(capsys.readouterr().out)
    for one, other in zip(by_city, by_run, strict=True):
        assert one["alerts"] == other["alerts"]
        assert one["runs"]["b"]["last_hash"] == other["runs"]["b"]["last_hash"]
    assert by_run[0]["runs"]["a"]["last_hash"] == read_run(kept).manifest.totals["journal"]["last_hash"]
    assert (tmp_path / "w" / "budget-50.html").exists()
    assert run(["whatif", str(tmp_path / "w" / "budget-50"), "--budget", "50", "--json"]) == 0
    again = json.loads(capsys.readouterr().out)
    assert again[0]["runs"]["b"]["last_hash"] == by_run[1]["runs"]["b"]["last_hash"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "asks nothing; add --budget 1,2,5"),
        (["--budget", "1,two"], "'two' is no number"),
        (["--budget", "-1"], "must be above zero"),
        (["--set", "detection.budget=1"], "unknown key"),
        (["--budget", "1", "--lang", "fr"], "no language is called 'fr'"),
    ],
)
def test_what_cannot_be_asked(kept, arguments, says, capsys):
    assert run(["whatif", str(kept), *arguments]) == 2
    assert says in capsys.readouterr().err
