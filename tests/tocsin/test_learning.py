"""Labels, models and their promotion: known in time, refused when worse, in force by the ledger."""

import contextlib
import json
import shutil

import msgspec
import pytest

from alerting import journal
from models.reliability import Reliability
from models.risk_model import RiskModel, digest, to_json
from replay.hotspot_log import Label
from replay.runner import replay
from streams import disk
from streams.ledger import Rows, settings
from tests.tocsin.test_comparing import DEMO, hotspot, kept
from tests.tocsin.what_if_city import CITY, DAY, ORIGIN, ledger
from tocsin import model_store
from tocsin.checkpoint import decode, encode
from tocsin.cli import run
from tocsin.config import load_city
from tocsin.labels import add, examples
from tocsin.pipeline import Pipeline
from tocsin.replaying import History, play
from tocsin.run_directory import read_run

MODEL = RiskModel(
    weights=(0.0, 1.0, 0.0, 0.0, 0.0), intercept=2.0, means=(0.0,) * 5, scales=(1.0,) * 5, trained_to=1,
    labels=99, held_out=50, brier=0.1, plain_brier=0.2, p_value=0.001,
    reliability=Reliability(error=0.04, intercept=0.1, slope=0.9, p_value=0.6),
)  # fmt: skip
PROMOTED_AT = ORIGIN + 25 * DAY


def with_model(model=MODEL, at=PROMOTED_AT):
    """The district's ledger, in which a model comes into force."""
    record = settings("model", at, {"model": msgspec.to_builtins(model)})
    for own in ledger():
        if isinstance(own, Rows) and own.rows["received_at"][0] <= at < own.rows["received_at"][-1]:
            cut = int((own.rows["received_at"] <= at).sum())
            yield from (Rows(own.rows[:cut]), record, Rows(own.rows[cut:]))
        else:
            yield own


def entries(records):
    return [entry for one in replay(Pipeline(CITY), records) for entry in one.outcome.entries]


def test_a_promotion_is_in_force_from_its_record_on():
    """Law: the ledger says by which model each moment was decided; nothing before it changes."""
    plain, own = entries(ledger()), entries(with_model())
    before = [journal.line(entry) for entry in plain if entry.at < PROMOTED_AT]
    assert [journal.line(entry) for entry in own if entry.at < PROMOTED_AT] == before
    assert [e.hash for e in own] != [e.hash for e in plain]
    assert [journal.line(e) for e in own] == [journal.line(e) for e in entries(with_model())]
    back = entries([*with_model(), settings("model", ORIGIN + 40 * DAY, {"model": None})])
    assert [e.hash for e in back] == [e.hash for e in own]


def test_what_the_ledger_holds_ahead_of_the_fold_counts_as_told():
    """A model that was taken back before the record of its promotion was folded does not come into force."""
    plain, own = Pipeline(CITY), Pipeline(msgspec.structs.replace(CITY, model=MODEL))
    start = own.city.start_settings(ORIGIN)
    for state, ahead in ((plain.fresh(), [start]), (plain.step(plain.fresh(), start)[0], [])):
        (record,) = plain.amendments(state, ORIGIN, ahead)
        assert (record.name, record.content) == ("model", {"model": None})
        assert plain.amendments(state, ORIGIN, [*ahead, record]) == ()
    state, _ = plain.step(plain.fresh(), CITY.start_settings(ORIGIN))
    (told,) = own.amendments(state, ORIGIN)
    assert own.amendments(state, ORIGIN, [told]) == ()
    assert [one.content for one in plain.amendments(state, ORIGIN, [told])] == [{"model": None}]


def test_a_checkpoint_keeps_the_model_in_force():
    *_, last = replay(Pipeline(CITY), [CITY.start_settings(ORIGIN)])
    state, _ = Pipeline(CITY).step(
        last.state, settings("model", ORIGIN, {"model": msgspec.to_builtins(MODEL)})
    )
    assert decode(encode(state), type(state)).model == MODEL


def test_a_city_whose_model_changed_tells_its_ledger():
    plain, own = Pipeline(CITY), Pipeline(msgspec.structs.replace(CITY, model=MODEL))
    state, _ = plain.step(plain.fresh(), CITY.start_settings(ORIGIN))
    assert plain.amendments(state, ORIGIN) == ()
    (record,) = own.amendments(state, ORIGIN)
    state, _ = own.step(state, record)
    assert state.model == MODEL
    assert own.amendments(state, ORIGIN) == ()
    (record,) = plain.amendments(state, ORIGIN)
    assert plain.step(state, record)[0].model is None


def test_a_model_is_judged_against_the_plain_map_whatever_ranked(tmp_path):
    """Trained under a model in force, alerts have the risk of the plain map, not that of the model."""
    meek = msgspec.structs.replace(MODEL, weights=(0.0,) * 5, intercept=-9.0)
    start = msgspec.structs.replace(CITY, model=meek).start_settings(ORIGIN)
    for name, records in (("plain", ledger()), ("ranked", [start, *ledger()[1:]])):
        play(CITY, History(records, 0), tmp_path / name)
    plain, ranked = (alerts_of(tmp_path / name) for name in ("plain", "ranked"))
    assert max(told.warned_risk for told in ranked) < 700_100 < max(told.warned_risk for told in plain)
    own, other = (examples([tmp_path / name]) for name in ("plain", "ranked"))
    assert own.risk.tolist() == [told.warned_risk / 1e6 for told in plain] == other.risk.tolist()
    assert b"mapped_risk" not in (tmp_path / "plain" / "hotspots.jsonl").read_bytes()


def alerts_of(path):
    """A run's alerts by when they were warned of, each labelled."""
    alerts = [told for told in read_run(path).hotspots if told.warned_at and not told.feed]
    labels = [Label(hotspot=told.id, verdict="confirmed", at=told.warned_at, source="lin") for told in alerts]
    assert add(path, labels) == len(alerts) > 0
    return sorted(alerts, key=lambda told: told.warned_at)


@pytest.fixture
def city(tmp_path):
    return shutil.copytree(DEMO, tmp_path / "city")


def shelve(city, model):
    (city / "models").mkdir(exist_ok=True)
    (city / "models" / f"{model.id}.json").write_bytes(to_json(model))
    return model.id


def test_promote_and_rollback(city, capsys):
    first, second = shelve(city, MODEL), shelve(city, msgspec.structs.replace(MODEL, trained_to=2))
    assert run(["models", "promote", str(city), first[:8]]) == 0
    assert run(["models", "promote", str(city), second[:8]]) == 0
    assert load_city(city).model.id == second
    assert run(["models", "rollback", str(city)]) == 0
    assert load_city(city).model.id == first
    for model in (second, first):  # what was in force before may be promoted again
        assert run(["models", "promote", str(city), model[:8]]) == 0
    assert run(["models", "rollback", str(city)]) == 0
    assert load_city(city).model.id == second
    for _ in range(2):
        assert run(["models", "rollback", str(city)]) == 0
    assert load_city(city).model is None
    assert run(["models", "rollback", str(city)]) == 2
    assert "nothing was promoted" in capsys.readouterr().err
    assert run(["models", "list", str(city), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["in_force"], [m["id"] for m in told["models"]]) == ("plain", [first, second])


def test_a_model_that_is_no_better_is_not_promoted(city, capsys):
    worse = shelve(city, msgspec.structs.replace(MODEL, brier=0.3))
    lucky = shelve(city, msgspec.structs.replace(MODEL, p_value=0.2))
    for name in (worse, lucky):
        assert run(["models", "promote", str(city), name]) == 2
        assert "did not beat the plain map on held-out time" in capsys.readouterr().err
    assert not (city / "model.json").exists()


@pytest.mark.parametrize(
    ("reliability", "says"),
    [
        (
            Reliability(error=0.21, intercept=-1.0, slope=0.4, p_value=0.001),
            "off by 21% on average on held-out",
        ),
        (None, "was trained before chances were compared with what came true; train again"),
    ],
)
def test_a_model_whose_chances_do_not_hold_is_not_promoted(city, reliability, says, capsys):
    name = shelve(city, msgspec.structs.replace(MODEL, reliability=reliability))
    assert run(["models", "promote", str(city), name]) == 2
    assert says in capsys.readouterr().err
    assert not (city / "model.json").exists()


class KilledError(Exception):
    """Stands for a kill: nothing behind it runs."""


@pytest.mark.parametrize("moment", range(4))
def test_a_promotion_killed_at_any_moment_leaves_a_model_and_what_was_before_it(city, moment, monkeypatch):
    """Before or behind each write; a rollback goes to what was in force before what is."""
    first, second = shelve(city, MODEL), shelve(city, msgspec.structs.replace(MODEL, trained_to=2))
    model_store.promote(city, first)
    whole, moments = disk.write_whole, iter(range(99))

    def killed(path, content):
        for does in (lambda: None, lambda: whole(path, content)):
            does()
            if next(moments) == moment:
                raise KilledError

    with monkeypatch.context() as patched, contextlib.suppress(KilledError):
        patched.setattr(disk, "write_whole", killed)
        model_store.promote(city, second)
    now = model_store.in_force(city)
    assert now in (first, second)
    assert model_store.rollback(city) == ("plain" if now == first else first)


def test_a_model_put_there_by_hand_has_nothing_before_it(city, capsys):
    (city / "model.json").write_bytes(to_json(MODEL))
    shelve(city, MODEL)
    assert run(["models", "rollback", str(city)]) == 2
    assert "model.json: does not say what was in force before it" in capsys.readouterr().err
    second = shelve(city, msgspec.structs.replace(MODEL, trained_to=2))
    assert run(["models", "promote", str(city), second]) == 0
    assert run(["models", "rollback", str(city)]) == 0
    assert model_store.in_force(city) == MODEL.id


def test_promoting_what_is_in_force_changes_nothing(city, capsys):
    name = shelve(city, MODEL)
    for _ in range(2):
        assert run(["models", "promote", str(city), name]) == 0
    assert "a city that runs now decides as before until then" in " ".join(capsys.readouterr().out.split())
    assert model_store.rollback(city) == "plain"


def test_an_older_model_keeps_its_id_and_its_place(city):
    """Trained before chances were compared: its file has no such figures, and its checksum holds."""
    older = msgspec.structs.replace(MODEL, reliability=None)
    facts = json.loads(to_json(older))
    del facts["model"]["reliability"]
    (city / "model.json").write_text(json.dumps(facts))
    assert facts["id"] == digest(facts["model"]) == load_city(city).model.id


def test_a_tampered_model_stops_the_city_in_a_sentence(city, capsys):
    (city / "model.json").write_bytes(to_json(MODEL).replace(b"2.0", b"9.0", 1))
    assert run(["models", "list", str(city)]) == 4
    assert "was altered: its content does not give its checksum" in capsys.readouterr().err


@pytest.fixture
def answered(tmp_path):
    return kept(tmp_path / "run", [hotspot("one", 10), hotspot("two", 200)], [])


def label(run_path, *arguments):
    return run(["labels", "add", str(run_path), *arguments])


def test_the_later_of_two_labels_counts_and_both_are_listed(answered, capsys):
    assert label(answered, "one", "confirmed", "--by", "lin", "--at", "1970-01-02T00:00:00Z") == 0
    assert label(answered, "one", "rejected", "--by", "gu", "--at", "1970-01-03T00:00:00+08:00") == 0
    capsys.readouterr()
    assert run(["labels", "list", str(answered), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [(one["verdict"], one["is_overruled"]) for one in told] == [
        ("confirmed", True),
        ("rejected", False),
    ]
    assert run(["labels", "list", str(answered)]) == 0
    assert "1 contradicted by a later one, which counts" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["nine", "confirmed", "--by", "lin"], 3, "no hotspot of"),
        (["one", "maybe", "--by", "lin"], 2, "is no verdict; write confirmed or rejected"),
        (["one", "confirmed", "--by", "officer"], 2, "officers' answers are in the ledger"),
        (
            ["one", "confirmed", "--by", "lin", "--at", "1970-01-01T00:00:00Z"],
            3,
            "before the hotspot was seen",
        ),
        (["one", "confirmed", "--by", "lin", "--at", "1970-01-02T00:00:00"], 2, "has no offset"),
        (["one", "confirmed", "--by", "lin", "--at", "soon"], 2, "is no time"),
    ],
)
def test_labels_that_cannot_be(answered, arguments, code, says, capsys):
    assert label(answered, *arguments) == code
    assert says in capsys.readouterr().err
    assert not (answered / "labels-added.jsonl").exists()


def test_a_table_is_imported_whole_or_not_at_all(answered, tmp_path, capsys):
    table = tmp_path / "labels.csv"
    table.write_text(
        "hotspot,verdict,at\none,confirmed,1970-01-02T00:00:00Z\ntwo,perhaps,1970-01-20T00:00:00Z\n"
    )
    assert run(["labels", "import", str(answered), str(table), "--by", "lin"]) == 3
    assert "labels.csv: line 3: label perhaps: is no verdict" in capsys.readouterr().err
    assert not (answered / "labels-added.jsonl").exists()
    rows = table.read_text().replace("perhaps", "rejected")
    table.write_text(rows + rows.splitlines()[-1] + "\n")  # one row stands there twice
    assert run(["labels", "import", str(answered), str(table), "--by", "lin"]) == 0
    assert run(["labels", "import", str(answered), str(table), "--by", "lin"]) == 0
    assert capsys.readouterr().out == "2 new\n0 new\n"


def test_train_from_labels(city, tmp_path, capsys):
    many = [hotspot(f"h{n}", 10 + 20 * n) for n in range(60)]
    many = [
        msgspec.structs.replace(
            told, warned_risk=700_000, why=msgspec.structs.replace(told.why, observed=3 if n % 2 else 40)
        )
        for n, told in enumerate(many)
    ]
    path = kept(tmp_path / "many", many, [])
    assert run(["train", str(city), str(path)]) == 3
    assert "0 confirmed and 0 rejected alerts are known; 40 answers are needed" in capsys.readouterr().err
    lines = ["hotspot,verdict,at"]
    for n, told in enumerate(many):
        day = (10 + 20 * n) // 24 + 2
        month, day = (1, day) if day <= 31 else (2, day - 31)
        verdict = "rejected" if n % 2 else "confirmed"
        lines.append(f"{told.id},{verdict},1970-0{month}-{day:02d}T00:00:00Z")
    (tmp_path / "l.csv").write_text("\n".join(lines))
    assert run(["labels", "import", str(path), str(tmp_path / "l.csv"), "--by", "lin"]) == 0
    capsys.readouterr()
    assert run(["train", str(city), str(path), "--json"]) == 0
    model = json.loads(capsys.readouterr().out)
    assert model["is_better"] and model["is_reliable"]
    assert model["reliability"]["error"] < 0.1
    assert model["weights"]["excess"] > 0
    assert run(["models", "promote", str(city), model["id"]]) == 0
    assert load_city(city).model.id == model["id"]
    assert run(["models", "show", str(city), model["id"][:6]]) == 0
