"""``tocsin compare``: one sentence, facts for a script, and a page that is safe wherever it is opened."""

import base64
import hashlib
import json
import os
import re
import shutil
from pathlib import Path

import msgspec
import pytest

from alerting import journal
from alerting.effects import Effect
from alerting.journal import Chain, Entry, Standing
from tests.replay.test_comparison import told
from tocsin import run_directory
from tocsin.cli import run
from tocsin.comparing.report import report
from tocsin.comparing.runs import compare
from tocsin.comparing.sentences import Sentences
from tocsin.config import load_city
from tocsin.run_directory import read_run

CHROMIUM = next(
    (
        p
        for p in (os.environ.get("TOCSIN_CHROMIUM"), shutil.which("chromium"), shutil.which("google-chrome"))
        if p
    ),
    None,
)
DEMO = Path(__file__).parents[2] / "config" / "demo"
CITY = load_city(DEMO)
STREET = next(unit for unit in CITY.units.order if CITY.units.tier(unit) == "street")
OTHER = [unit for unit in CITY.units.order if CITY.units.tier(unit) == "street"][3]
AREA = next(area for area, street in CITY.streets.items() if street == STREET)
HOUR = 3_600
EVIL = '<script>alert("x")</script>&\'"'
CALM = Standing("NORMAL", 0, 0)


def entry(at, unit, mode="WARNING", rank=3, before=CALM, response=0):
    return Entry(
        seq=0, at=at * HOUR, unit=unit, exercise=False, trigger="bucket", trigger_id=None, actor=None,
        role=None,
        row="K2", before=before, after=Standing(mode, rank, response), reason="row-K2",
        effects=(Effect("notify", {"word": "raised"}),), evidence=None, policy_hash="", previous_hash="",
    )  # fmt: skip


def kept(path, hotspots, entries, changes=(), city=CITY, hours=(0, 60 * 24)):
    """A run directory as a replay would leave it."""
    chain, sealed = Chain(), []
    for one in entries:
        whole, chain = journal.chained(one, chain)
        sealed.append(journal.line(whole) + b"\n")
    run_directory.begin(path)
    (path / run_directory.JOURNAL).write_bytes(b"".join(sealed))
    (path / run_directory.HOTSPOTS).write_bytes(b"".join(msgspec.json.encode(h) + b"\n" for h in hotspots))
    (path / run_directory.LABELS).write_bytes(b"")
    totals = {
        "from": 0,
        "scored_from": hours[0] * HOUR,
        "to": hours[1] * HOUR,
        "journal": {"last_hash": chain.previous_hash},
    }
    own = run_directory.manifest_of(city, DEMO, None, (), totals, changes)
    run_directory.finish(path, own, city)
    return path


def hotspot(name, at, category="gas_smell", **more):
    return msgspec.structs.replace(told(name, areas=[AREA], at=at, category=category, **more), unit=STREET)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    a = kept(
        folder / "a",
        [hotspot("one", 10), hotspot("two", 200)],
        [entry(10, STREET), entry(20, STREET, "EMERGENCY", 3, response=4), entry(30, STREET, "NORMAL", 0)],
    )
    b = kept(
        folder / "b",
        [hotspot("uno", 8), hotspot("three", 400)],
        [
            entry(8, STREET, rank=2),
            entry(12, OTHER),
            entry(30, STREET, "NORMAL", 0),
            entry(31, OTHER, "NORMAL", 0),
        ],
        changes=("detection.budget_per_week=7",),
    )
    return a, b


def told_by(arguments, capsys):
    assert run(["compare", *map(str, arguments)]) == 0
    return capsys.readouterr().out


def test_the_verdict_is_one_sentence_in_both_languages(runs, capsys):
    assert told_by(runs, capsys).splitlines()[:2] == [
        "A as recorded · B what if detection.budget_per_week=7",
        "B raises 1 alert that A does not and misses 1 of A’s 2; of the 1 in both, 1 comes earlier,"
        " 2\N{NO-BREAK SPACE}h earlier in the middle; 2 units stand otherwise for some time",
    ]
    chinese = told_by([*runs, "--lang", "zh-CN"], capsys).splitlines()[1]
    assert chinese.startswith("B 比 A 多出 1 条告警，漏掉 A 的 2 条中的 1 条")


def test_a_run_is_like_itself(runs, capsys):
    assert "A and B decide alike" in told_by([runs[0], runs[0]], capsys)


def test_only_what_both_runs_saw_is_compared(tmp_path, capsys):
    stood = [entry(10, STREET), entry(100, STREET, "NORMAL", 0, before=Standing("WARNING", 3, 0))]
    later = [entry(300, STREET), entry(310, STREET, "EMERGENCY", 3, response=4)]
    short = kept(tmp_path / "short", [hotspot("one", 60)], stood, hours=(50, 200))
    watched = msgspec.structs.replace(hotspot("watched", 199), warned_at=300 * HOUR)
    long = kept(tmp_path / "long", [hotspot("one", 60), watched, hotspot("two", 300)], stood + later)
    for pair in ((short, long), (long, short)):
        assert "A and B decide alike" in told_by(pair, capsys)
    facts = json.loads(told_by([short, long, "--json"], capsys))
    assert all(measure["a"] == measure["b"] for measure in facts["measures"])


def test_facts_for_a_script(runs, capsys):
    facts = json.loads(told_by([*runs, "--json"], capsys))
    assert facts["alerts"] == {"gained": 1, "lost": 1, "earlier": 1, "later": 0, "same": 0}
    assert facts["median_lead_seconds"] == 2 * HOUR
    assert facts["by_tier"] == {"street": {"gained": 1, "lost": 1, "earlier": 1}}
    assert [(m["unit"], m["starts_at"] // HOUR, m["ends_at"] // HOUR) for m in facts["modes"]] == [
        (STREET, 8, 10), (STREET, 10, 20), (OTHER, 12, 31), (STREET, 20, 30),
    ]  # fmt: skip


def test_runs_that_have_nothing_in_common_are_refused(runs, tmp_path, capsys):
    other = kept(tmp_path / "c", [], [], city=msgspec.structs.replace(CITY, id="elsewhere"))
    assert run(["compare", str(runs[0]), str(other)]) == 3
    assert "is a run of elsewhere" in capsys.readouterr().err


def page_of(a, b, lang="en"):
    return report(compare(read_run(a), read_run(b)), lang)


def test_the_page_needs_nothing_and_runs_nothing(runs):
    page = page_of(*runs)
    assert not re.search(r"<script|<link|<img|<iframe|javascript:|\bon\w+=|\bstyle=|@import|url\(", page)
    assert not re.search(r"(?:href|src)=\"(?!#)", page), "only its own symbols are referred to"
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'sha256-{digest}'" in page


def test_names_are_escaped(tmp_path):
    categories = tuple(
        msgspec.structs.replace(c, names={"en": EVIL, "zh-CN": EVIL}) for c in CITY.taxonomy.categories
    )
    city = msgspec.structs.replace(CITY, taxonomy=type(CITY.taxonomy)(categories), names={"en": EVIL})
    a = kept(tmp_path / "a", [hotspot("one", 10)], [], city=city)
    b = kept(tmp_path / "b", [], [], changes=(EVIL,), city=city)
    page = page_of(a, b)
    assert "<script" not in page
    assert page.count("&lt;script&gt;") >= 4


def test_the_page_says_the_same_in_both_languages(runs):
    page, found = page_of(*runs), compare(*map(read_run, runs))
    for locale in ("en", "zh-CN"):
        assert str(Sentences(found, locale).verdict()) in page
        assert f'<div class="page in-{locale}" lang="{locale}">' in page
    assert '<html lang="zh-CN">' in page_of(*runs, "zh-CN")


def test_other_data_and_other_code_are_said(runs, tmp_path):
    own = read_run(runs[0])
    other = msgspec.structs.replace(
        own,
        manifest=msgspec.structs.replace(
            own.manifest, code="0" * 64, data=(run_directory.Source(path="x", digest="1"),)
        ),
    )
    said = Sentences(compare(own, other), "en").warnings()
    assert [sentence.split(" ")[3] for sentence in said] == ["rest", "were"] or len(said) == 2
    assert Sentences(compare(own, own), "en").warnings() == []


def test_other_versions_of_libraries_are_said(runs):
    """Of an older program's run, whose manifest names none, nothing is said."""
    own = read_run(runs[0])

    def said(libraries, locale="en"):
        manifest = msgspec.structs.replace(own.manifest, libraries=libraries)
        return Sentences(compare(own, msgspec.structs.replace(own, manifest=manifest)), locale).warnings()

    known = own.manifest.libraries
    told = f"numpy {known['numpy']} / 9.9, scipy {known['scipy']} / 9.8"
    (sentence,) = said({**known, "scipy": "9.8", "numpy": "9.9"})
    assert sentence == f"A and B were reckoned with different versions: {told}."
    assert told.split(", ")[0] in said({**known, "numpy": "9.9"}, "zh-CN")[0]
    assert said(known) == said({}) == []


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: apt-get install chromium")
def test_the_page_works_in_a_browser_without_any_script(runs, tmp_path):
    from importlib.resources import files

    from playwright.sync_api import sync_playwright

    (tmp_path / "page.html").write_text(page_of(*runs), encoding="utf-8")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        context = browser.new_context(viewport={"width": 1440, "height": 900}, bypass_csp=False)
        page, complaints = context.new_page(), []
        page.on("console", lambda message: complaints.append(message.text))
        page.goto((tmp_path / "page.html").as_uri())
        seen = page.locator(".in-en .clock:visible")
        assert seen.count() == 1
        before = seen.inner_text()
        page.locator(".in-en .pick label").first.click()
        assert page.locator(".in-en .clock:visible").inner_text() != before
        assert page.locator(".in-en .pair:visible").count() >= 1
        assert page.locator(".in-zh-CN h1").is_hidden()
        page.keyboard.press("ArrowDown")
        page.locator("label[for=tongue-zh-CN]").click()
        assert page.locator(".in-zh-CN h1").is_visible()
        assert page.locator(".in-en h1").is_hidden()
        assert page.evaluate("document.documentElement.scrollWidth") == 1440
        assert complaints == []
        looked = browser.new_context(bypass_csp=True).new_page()
        looked.goto((tmp_path / "page.html").as_uri())
        looked.evaluate(files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8"))
        found = looked.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
        browser.close()
    assert [
        (v["id"], v["nodes"][0]["html"][:200]) for v in found if v["impact"] in ("serious", "critical")
    ] == []
