"""By which model a replay ranks: a ledger's own promotions, else the city's model or a named one."""

import json
import shutil
from functools import partial
from pathlib import Path

import msgspec
import pytest

import tocsin
from models.risk_model import to_json
from replay.histories import recut
from streams.archive import read_ledger
from streams.ledger import Rows, Settings
from tests.tocsin import surge_weeks
from tests.tocsin.small_city import Clock
from tests.tocsin.starts import live, said
from tests.tocsin.test_learning import MODEL
from tocsin.cli import run
from tocsin.day_archive import ledger_files
from tocsin.run_directory import read_run

STARTER = Path(tocsin.__file__).parent / "starter"
MEEK = msgspec.structs.replace(MODEL, weights=(0.0,) * 5, intercept=-9.0)
"""Says of everything that nobody will confirm it: no alarm is above IV."""


def shelve(city, model):
    (city / "models").mkdir(exist_ok=True)
    (city / "models" / f"{model.id}.json").write_bytes(to_json(model))
    return model.id


@pytest.fixture
def city(tmp_path):
    own = Path(shutil.copytree(STARTER, tmp_path / "city"))
    shelve(own, MEEK)
    return own


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return surge_weeks.write(tmp_path_factory.mktemp("data"))


@pytest.fixture
def told(capsys):
    """What a command says as JSON."""
    return partial(said, capsys)


@pytest.fixture(scope="module")
def plain(files, tmp_path_factory):
    """A run by the plain map."""
    folder = tmp_path_factory.mktemp("plain")
    city = shutil.copytree(STARTER, folder / "city")
    assert run(["replay", str(city), *files, "--out", str(folder / "run"), "--json"]) == 0
    return folder / "run"


def last_hash(path):
    return read_run(path).manifest.totals["journal"]["last_hash"]


def test_raw_files_are_ranked_by_the_promoted_model_or_the_one_named(
    city, files, plain, tmp_path, told, capsys
):
    assert run(["models", "promote", str(city), MEEK.id[:8]]) == 0
    own = told("replay", city, *files, "--out", tmp_path / "own")
    assert own["journal"]["last_hash"] != last_hash(plain)
    assert [promoted["model"] for promoted in own["models"]] == [MEEK.id]
    manifest = read_run(tmp_path / "own").manifest
    assert json.loads(manifest.config["model.json"])["id"] == MEEK.id
    assert (manifest.totals["models"], manifest.changes) == (own["models"], ())
    named = told("replay", city, *files, "--model", "plain", "--out", tmp_path / "named")
    assert (named["journal"]["last_hash"], named["models"]) == (last_hash(plain), [])
    kept = read_run(tmp_path / "named").manifest
    assert ("model.json" in kept.config, kept.changes) == (False, ("model=plain",))
    assert (
        run(["compare", str(tmp_path / "named"), str(tmp_path / "own"), "--html", str(tmp_path / "p.html")])
        == 0
    )
    assert f"ranked by {MEEK.id[:8]}" in (tmp_path / "p.html").read_text()
    assert run(["replay", str(city), *files]) == 0
    assert f"alarms ranked by model {MEEK.id[:8]} from 2025-03-01" in capsys.readouterr().out


def test_a_model_that_cannot_be_asked(city, files, plain, capsys):
    assert run(["replay", str(city), *files, "--model", "nine"]) == 3
    assert "model nine: no model's id begins so; see tocsin models list" in capsys.readouterr().err
    assert run(["replay", str(city), str(plain / "ledger.parquet"), "--model", "plain"]) == 2
    assert "a ledger says by itself which model was in force at each moment" in capsys.readouterr().err
    assert run(["replay", str(city), "--to-kafka", "--model", "plain"]) == 2
    assert "the rehearsal's own workers decide" in capsys.readouterr().err
    for asked, says in (("plain,", "has an empty name"), ("nine", "no model's id begins so")):
        assert run(["whatif", str(city), *files, "--model", asked]) in (2, 3)
        assert says in capsys.readouterr().err
    assert run(["whatif", str(city), *files, "--set", "model=plain"]) == 2
    assert "a model is asked by its own option; --model plain" in capsys.readouterr().err


def test_whatif_asks_for_models_beside_budgets(city, files, plain, tmp_path, told):
    """Each fork is the run that the city would have had with that model."""
    out = tmp_path / "asked"
    asked = told("whatif", city, *files, "--model", f"plain,{MEEK.id[:6]}", "--budget", "1,20", "--out", out)
    names = [f"budget-{n}-model-{name}" for n in (1, 20) for name in ("plain", MEEK.id[:6])]
    assert [one["question"] for one in asked] == names
    assert [one["runs"]["b"]["changes"][-1] for one in asked][:2] == ["model=plain", f"model={MEEK.id[:8]}"]
    own = told("replay", city, *files, "--model", MEEK.id[:8], "--out", tmp_path / "meek")
    (again,) = told("whatif", tmp_path / "meek", "--model", "plain")
    assert again["runs"]["a"]["last_hash"] == own["journal"]["last_hash"]
    assert again["runs"]["b"]["last_hash"] == last_hash(plain) != own["journal"]["last_hash"]
    shutil.copytree(city / "models", plain.parent / "city" / "models", dirs_exist_ok=True)
    (back,) = told("whatif", plain, "--model", MEEK.id[:8])
    assert back["runs"]["b"]["last_hash"] == own["journal"]["last_hash"]


def test_from_promotion_by_a_restart_into_the_ledger_and_out_of_its_replay(city, plain, tmp_path, told):
    """A promotion acts from the next start on; the ledger tells every replay when that was."""
    start, *rows = recut(read_ledger(plain / "ledger.parquet"))
    assert isinstance(start, Settings) and all(isinstance(one, Rows) for one in rows)
    store, clock = tmp_path / "store", Clock(start.stamp)
    half = len(rows) // 2
    _, before, _ = live(city, store, rows[:half], clock)
    assert run(["models", "promote", str(city), MEEK.id[:8]]) == 0
    journal, after, _ = live(city, store, rows[half:], clock)
    assert (before.model, after.model) == (None, MEEK)
    replayed = told("replay", city, store, "--out", tmp_path / "replayed")
    assert (tmp_path / "replayed" / "journal.jsonl").read_bytes().splitlines() == journal
    assert replayed["journal"]["last_hash"] != last_hash(plain)
    ((promoted),) = replayed["models"]
    assert promoted["model"] == MEEK.id
    assert start.stamp < promoted["at"] < clock.at
    assert run(["models", "rollback", str(city)]) == 0  # what the city has now does not matter
    clock.at += 3 * surge_weeks.DAY
    live(city, store, [], clock)
    assert ledger_files(store / "archive" / "ledger")
    for archive in (store / "archive" / "ledger", tmp_path / "replayed" / "ledger.parquet"):
        assert told("replay", city, archive)["journal"] == replayed["journal"]


def test_a_promotion_reaches_a_ledger_in_which_nothing_happened_yet(city, tmp_path):
    clock = Clock(1_740_787_200)
    assert live(city, tmp_path / "store", [], clock)[1].model is None
    assert run(["models", "promote", str(city), MEEK.id[:8]]) == 0
    assert live(city, tmp_path / "store", [], clock)[1].model == MEEK


def test_a_new_ledger_begins_with_the_model_in_force(city, plain, tmp_path, told):
    start, *rows = read_ledger(plain / "ledger.parquet")
    assert run(["models", "promote", str(city), MEEK.id[:8]]) == 0
    clock = Clock(start.stamp)
    _, state, _ = live(city, tmp_path / "store", rows, clock)
    assert state.model == MEEK
    assert told("replay", city, tmp_path / "store")["models"] == [{"at": start.stamp, "model": MEEK.id}]
    assert run(["models", "rollback", str(city)]) == 0
    assert live(city, tmp_path / "store", [], clock)[1].model is None  # an old ledger goes on


@pytest.fixture
def tampered(city):
    """A city whose promoted model says something else than was promoted."""
    assert run(["models", "promote", str(city), MEEK.id[:8]]) == 0
    path = city / "model.json"
    path.write_bytes(path.read_bytes().replace(b'"intercept": -9.0', b'"intercept": 9.0'))
    return city


def test_a_tampered_model_stops_every_command_in_a_sentence_and_nothing_is_lost(
    tampered, files, plain, tmp_path, capsys
):
    """By the commands that load a city; a data directory that was in use stays as it is, byte for byte."""
    store = tmp_path / "store"
    whole = (tampered / "model.json").read_bytes()
    (tampered / "model.json").unlink()
    start, *rows = read_ledger(plain / "ledger.parquet")
    live(tampered, store, rows, Clock(start.stamp))
    (tampered / "model.json").write_bytes(whole)
    before = {path: path.read_bytes() for path in store.rglob("*") if path.is_file()}
    out = tmp_path / "out"
    for command in (
        ["check", tampered],
        ["up", tampered, "--store", store, "--port", "0"],
        ["replay", tampered, *files, "--out", out],
        ["replay", tampered, store],
        ["whatif", tampered, *files, "--budget", "1"],
        ["worker", "step", tampered, "--store", store],
        ["worker", "all", tampered, "--store", store],
        ["models", "rollback", tampered],
    ):
        capsys.readouterr()
        assert run([*map(str, command)]) == 4, command
        said = capsys.readouterr().err
        assert said.count("\n") == 1
        assert "model.json: was altered: its content does not give its checksum; restore the file" in said
    assert {path: path.read_bytes() for path in store.rglob("*") if path.is_file()} == before
    assert not out.exists()
