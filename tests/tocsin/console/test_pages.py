"""Every page in both languages: words, escaping, headers, and what must never be missing."""

import re

import invented_city as city
import invented_scenes as scenes
import msgspec
import pytest
from browse import Visitor

from models.hotspots import Wording
from tocsin.console.phrases import Phrase
from tocsin.console.view import BudgetView, MisfitView, SampleText, UnitView

PAGES = (
    "/",
    "/?wall=compact",
    "/hotspots",
    "/hotspots/gas",
    "/hotspots/water",
    "/hotspots/none",
    "/units/lanting",
    "/units/yanxi",
    "/units/none",
    "/journal",
    "/data",
    "/duties",
    "/mine",
    "/who",
    "/report",
    "/help",
    "/acts/declare?unit=lanting&hotspot=gas",
    "/acts/reject?unit=yanxi",
    "/acts/whistle?unit=yanxi",
    "/acts/stand_down?unit=lanting",
    "/acts/silence?unit=yanxi",
    "/acts/no_such_act?unit=yanxi",
    "/acts/begin_drill?unit=lanting",
    "/acts/hand_over?unit=yanxi",
    "/acts/co_sign?unit=lanting",
)
SCENES = {
    "night": city.night,
    "early": lambda: city.night(city.clock("19:01:20")),
    "quiet-start": lambda: city.night(city.clock("18:20")),
    "calm": city.calm,
    "blind": scenes.blind,
    "blind-responding": lambda: scenes.blind(is_responding=True),
    "drill": scenes.drill,
    "first-run": scenes.first_run,
    "overdue": scenes.overdue,
    "recovery": scenes.recovery,
}


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        ("en", ("1 of 0.5 false alarms", "Places 0 of 0.425, whole city 1 of 0.075 · likely 0.4–0.7 a week")),
        ("zh-CN", ("本周误报 1 次，预算 0.5 次", "各地点 0 / 0.425，全市 1 / 0.075 · 每周可能 0.4–0.7 次")),
    ],
)
def test_a_budget_of_half_an_alarm_is_not_none_and_its_parts_are_told(lang, said):
    budget = BudgetView(allowed=0.5, used=1, city_allowed=0.075, city_used=1, low=0.4, high=0.7)
    page = Visitor(msgspec.structs.replace(city.night(), budget=budget), "", lang).get("/").text
    text = re.sub(r"[\u2068\u2069]|<[^>]+>", "", page).replace("\xa0", " ")
    assert all(words in text for words in said)


@pytest.mark.parametrize(
    ("lang", "said"), [("en", "rising since Sunday evening"), ("zh-CN", "周日晚上起持续上升")]
)
def test_a_slow_rise_says_since_when(lang, said):
    view = city.night()
    (gas, *others), story = view.real.hotspots, view.real
    why = msgspec.structs.replace(gas.explanation, rising_since=city.clock("19:00") - 2 * 86_400)
    spots = (msgspec.structs.replace(gas, explanation=why), *others)
    risen = msgspec.structs.replace(view, real=msgspec.structs.replace(story, hotspots=spots))
    assert said in Visitor(risen, "", lang).get("/hotspots/gas").text
    assert said not in Visitor(view, "", lang).get("/hotspots/gas").text


@pytest.mark.parametrize("lang", ["en", "zh-CN"])
@pytest.mark.parametrize("scene", SCENES)
def test_every_page_speaks_without_gaps(scene, lang):
    view = SCENES[scene]()
    for person in ("", "shen", "gu", "lin"):
        visitor = Visitor(view, person, lang)
        for path in PAGES:
            answer = visitor.get(path)
            assert answer.status_code == (
                404
                if "none" in path or "no_such" in path or (answer.status_code == 404 and "/hotspots/" in path)
                else 200
            ), (person, path)
            assert f'<html lang="{lang}"' in answer.text
            shown = re.sub(r"<[^>]*>", " ", answer.text)
            assert "console-" not in shown, (path, re.findall(r"console-[\w-]+", shown))
            assert "紧急状态" not in shown


def test_nothing_inline_and_the_policy_says_so():
    answer = Visitor(city.night(), "shen").get("/")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy and "http" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    for path in PAGES:
        text = Visitor(city.night(), "shen").get(path).text
        assert not re.search(r'\sstyle="|\son\w+="|<style|javascript:', text), path
        assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", text))
        assert not re.search(r'(?:src|href)="(?:https?:)?//', text), "nothing from elsewhere"


@pytest.mark.parametrize(
    ("lang", "sentences"),
    [
        ("en", ("Gas smell: fewer than the model", "Whole city: more than the model", "not an alarm")),
        ("zh-CN", ("每天都少于模型预期", "全市：", "不是告警")),
    ],
)
def test_the_data_page_says_where_the_model_does_not_fit(lang, sentences):
    view = city.night()
    assert sentences[-1] not in Visitor(view, "", lang).get("/data").text
    since = city.clock("00:00")
    off = (
        MisfitView(names=city.CATEGORIES["gas-smell"], since_at=since, is_more=False),
        MisfitView(names={}, since_at=since, is_more=True),
    )
    text = Visitor(msgspec.structs.replace(view, misfits=off), "", lang).get("/data").text
    assert all(sentence in text for sentence in sentences)


@pytest.mark.parametrize(
    ("new", "lang", "sentence"),
    [
        (Wording(14, 52, 0.0167, (7,), False), "en",
         "14 of 52 reports here use wording that is new for this place (usual: 1 in 60)."),
        (Wording(14, 52, 0.0167, (7,), False), "zh-CN",
         "此处 52 条报告中有 14 条使用此地以往少见的说法（平常 60 条中有 1 条）。"),
        (Wording(5, 9, 0.00002, (7,), True), "en",
         "5 of 9 reports in and around here use wording that is new there (usual: fewer than 1 in 1,000)."),
        (Wording(5, 9, 0.00002, (7,), True), "zh-CN",
         "此处及周边 9 条报告中有 5 条使用当地以往少见的说法（平常 1,000 条中不到 1 条）。"),
    ],
)  # fmt: skip
def test_new_wording_is_told_in_one_sentence_and_on_the_texts_that_hold_it(new, lang, sentence):
    view = city.night()
    gas = view.real.hotspots[0]
    texts = (msgspec.structs.replace(gas.texts[0], is_new=True), *gas.texts[1:])
    told = msgspec.structs.replace(
        gas, explanation=msgspec.structs.replace(gas.explanation, wording=new), texts=texts
    )
    story = msgspec.structs.replace(view.real, hotspots=(told, *view.real.hotspots[1:]))
    text = Visitor(msgspec.structs.replace(view, real=story), "shen", lang).get("/hotspots/gas").text
    assert sentence in text.replace("\u00a0", " ") and text.count('class="newword"') == 1
    plain = Visitor(view, "shen", lang).get("/hotspots/gas").text
    assert 'class="newword"' not in plain and 'class="wording"' not in plain


EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"


def test_untrusted_text_is_escaped_everywhere():
    view = city.night()
    gas = msgspec.structs.replace(
        view.real.hotspots[0],
        names={"en": EVIL, "zh-CN": EVIL},
        texts=(SampleText(EVIL, "en"),),
        category=EVIL,
    )
    line = msgspec.structs.replace(view.journal[0], actor=EVIL, note=EVIL)
    feed = msgspec.structs.replace(view.feeds[0], names={"en": EVIL}, rejected={EVIL: 3})
    unit = msgspec.structs.replace(view.real.units[0], names={"en": EVIL, "zh-CN": EVIL})
    story = msgspec.structs.replace(
        view.real, hotspots=(gas, *view.real.hotspots[1:]), units=(unit, *view.real.units[1:])
    )
    view = msgspec.structs.replace(
        view, real=story, journal=(line, *view.journal), feeds=(feed, *view.feeds[1:]), names={"en": EVIL}
    )
    for path in PAGES:
        text = Visitor(view, "shen").get(path).text
        assert "<script>alert" not in text and "<img" not in text, path
    reflected = (
        Visitor(view, "shen").get(f"/hotspots/{EVIL.replace('/', '%2F')}?unit={EVIL}&lang={EVIL}").text
    )
    assert "<script>alert" not in reflected


def test_the_headline_prefers_response_then_warning_and_blindness_only_when_nothing_warns():
    def title(view):
        return re.search(r"<h1>(.*?)</h1>", Visitor(view).get("/").text)[1]

    assert title(city.night()) == "Emergency response II — gas smell"
    assert title(city.night(city.clock("18:53"))) == "Provisional response III — Luoqiao"
    assert title(city.calm()) == "Normal: nothing above watch"
    assert title(scenes.blind()) == "Not known: 12345 hotline silent for 42\u00a0min"
    both = Visitor(scenes.blind(is_responding=True)).get("/").text
    assert "Emergency response II" in both and "Not known: 12345 hotline silent for 42\u00a0min" in both


def test_a_silent_feed_is_never_calm():
    text = Visitor(scenes.blind()).get("/").text
    assert "Do not read this screen as calm." in text
    assert text.count('data-seen="none"') == 40 and text.count('data-seen="part"') == 20
    assert "0 received, 118 expected" in text
    assert "was normal" in text and "none is lowered" in text


def test_a_drill_is_marked_and_the_real_city_stays_in_sight():
    text = Visitor(scenes.drill()).get("/").text
    assert "EXERCISE 演练" in text and "<title>EXERCISE: Exercise: emergency response II" in text
    assert re.search(r'class="realbox"[\s\S]*City normal', text)
    assert 'name="exercise" value="1"' in Visitor(scenes.drill(), "gu").get("/acts/whistle?unit=yanxi").text
    real = Visitor(scenes.drill()).get("/?view=real").text
    assert 'class="drillhead"' not in real and "An exercise is on" in real


def test_the_exercise_view_ends_when_the_real_city_warns():
    view = scenes.drill()
    story = msgspec.structs.replace(
        view.real,
        units=tuple(
            msgspec.structs.replace(u, mode="WARNING", rank=2) if u.id == "yanxi" else u
            for u in view.real.units
        ),
    )
    text = Visitor(msgspec.structs.replace(view, real=story)).get("/?view=exercise").text
    assert 'class="drillhead"' not in text and "An exercise is on" in text


def test_the_first_run_shows_the_open_step_and_its_command():
    text = Visitor(scenes.first_run()).get("/").text
    assert "Tocsin cannot warn yet: no feed is connected" in text
    assert 'aria-current="step"' in text and "curl -X POST" in text
    assert "nothing received yet from 60 of 60 areas" in text and "received: 0, refused: 0<" in text


@pytest.mark.parametrize(
    ("lang", "told"),
    [
        ("en", "received: 4, refused: 3 (unknown category 2 and malformed 1)"),
        ("zh-CN", "收到：4，拒收：3（未知类别 2、格式错误 1）"),
    ],
)
def test_the_first_run_says_why_what_came_was_refused(lang, told):
    view = scenes.first_run()
    feeds = city.calm(city.clock("09:12:04")).feeds[:2]
    rejected = ({"unknown_category": 2}, {"malformed": 1})
    spoken = zip(feeds, (2, 2), rejected, strict=True)
    heard = tuple(msgspec.structs.replace(feed, received=n, rejected=why) for feed, n, why in spoken)
    assert told in Visitor(msgspec.structs.replace(view, feeds=heard), lang=lang).get("/").text


def test_the_hotspot_page_has_every_reason():
    text = Visitor(city.night(city.clock("19:01:20")), "lu").get("/hotspots/gas").text
    for fact in (
        "Calls in the 6 areas",
        "less than once in 9 years",
        "rarer than all 26 weeks we know",
        "58 %",
        "surge",
        "What is not known",
        "Who was told",
        "3 repeats removed",
        "× 1.3",
        "because 2 districts are touched",
        'lang="en"',
        'class="redacted"',
        "You owe: acknowledge by 19:05",
    ):
        assert fact in text, fact


def test_acts_that_would_be_refused_are_dashed_with_their_reason_and_others_absent():
    text = Visitor(city.night(city.clock("19:01:20")), "lu").get("/hotspots/gas").text
    assert re.search(r'class="act refused"[^>]*aria-disabled="true"[^>]*>Silence', text)
    assert "Refused: a response, or a warning of level II or I, cannot be silenced." in text
    assert (
        "The role analyst looks and does not act." in Visitor(city.night(), "lin").get("/hotspots/gas").text
    )
    operator = Visitor(city.night(), "min").get("/hotspots/water").text
    assert ">Declare" not in operator and ">Acknowledge" in operator


def test_slots_leave_the_outlines_out():
    visitor = Visitor(city.night())
    whole, slots = visitor.get("/"), visitor.get("/", headers={"X-Slots": "1"})
    assert "<defs>" in slots.text and 'id="p1"' not in slots.text and 'id="p1"' in whole.text
    assert len(slots.content) < 0.7 * len(whole.content)
    assert slots.text.count("data-area=") == whole.text.count("data-area=") == 120


def test_the_large_city_shows_what_is_off_normal_with_its_ancestors_and_counts_the_rest():
    view = city.night()
    more = tuple(
        UnitView(
            id=f"x{k}",
            names={"en": f"Street {k}"},
            tier="street",
            parent="xitan",
            mode="NORMAL",
            rank=0,
            since_at=0,
        )
        for k in range(300)
    )
    text = (
        Visitor(
            msgspec.structs.replace(
                view, real=msgspec.structs.replace(view.real, units=view.real.units + more)
            )
        )
        .get("/")
        .text
    )
    rows = re.findall(r'class="unit (city|district|street)', text)
    assert 3 < len(rows) <= 17 and rows[0] == "city"
    assert f"and {316 - len(rows)} more, normal or less grave" in text
    for unit in ("Luoqiao", "Yanxi", "Mingquan"):
        assert f">{unit}</a>" in text


def test_choices_are_remembered_and_foreign_ones_ignored():
    visitor = Visitor(city.night())
    answer = visitor.get("/?lang=zh-CN&theme=night")
    cookies = answer.headers.get_list("set-cookie")
    assert any("tocsin_lang=zh-CN" in c and "SameSite=strict" in c for c in cookies)
    assert any("tocsin_theme=night" in c for c in cookies) and 'data-theme="night"' in answer.text
    assert 'data-theme="auto"' in visitor.get("/?theme=evil").text
    chosen = visitor.post("/who", {"person": "shen", "back": "//evil.example/x"})
    assert chosen.status_code == 303 and chosen.headers["location"] == "/"
    assert "HttpOnly" in chosen.headers["set-cookie"]


def test_browser_language_is_heard():
    visitor = Visitor(city.night())
    visitor.cookies = {}
    assert '<html lang="zh-CN"' in visitor.get("/", headers={"Accept-Language": "zh-TW,en;q=0.5"}).text


def test_it_says_that_there_is_no_sign_in():
    for path in ("/", "/mine", "/journal"):
        assert "No sign-in: this console answers this machine only" in Visitor(city.night()).get(path).text


def test_without_scripts_the_page_reloads():
    assert (
        '<noscript><meta http-equiv="refresh" content="30"></noscript>' in Visitor(city.night()).get("/").text
    )


def test_a_silent_feed_is_a_hotspot_in_its_own_words_and_gaps_name_feeds_not_ids():
    view = city.night()
    silence = msgspec.structs.replace(
        view.real.hotspots[1],
        category="silence",
        names=city.who("12345 hotline", "12345 热线"),
        unknown=(Phrase("console-unknown-blind-feed", {"what": "hotline"}),),
    )
    view = msgspec.structs.replace(view, real=msgspec.structs.replace(view.real, hotspots=(silence,)))
    text = Visitor(view).get("/hotspots/water").text
    assert "<h1>12345 hotline silent — Mingquan</h1>" in text
    assert "What 12345 hotline would say: it is silent." in text
    assert "received in 4\u00a0h, 14 expected" in Visitor(view).get("/hotspots").text
    assert "12345 热线静默" in Visitor(view, lang="zh-CN").get("/hotspots/water").text


def test_before_the_first_event_nothing_is_seen_whatever_the_source_says():
    view = msgspec.structs.replace(scenes.first_run(), seen_areas={})
    text = Visitor(view).get("/").text
    assert "nothing received yet from 60 of 60 areas" in text and text.count('data-seen="none"') == 60


def test_a_hotspot_of_the_whole_city_says_so_and_a_faded_one_is_off_the_wall():
    view = city.night()
    whole = msgspec.structs.replace(view.real.hotspots[0], areas=(), units=())
    faded = msgspec.structs.replace(view.real.hotspots[1], rank=0)
    view = msgspec.structs.replace(view, real=msgspec.structs.replace(view.real, hotspots=(whole, faded)))
    visitor = Visitor(view)
    assert "Calls in the whole city, every 15\u00a0min" in visitor.get("/hotspots/gas").text
    assert "Gas smell — whole city" in visitor.get("/").text
    assert "Hotspots: 1" in visitor.get("/").text and "Hotspots: 2" in visitor.get("/hotspots").text
    assert "Below the watch line now" in visitor.get("/hotspots").text
    assert visitor.get("/mine").status_code == 200


def test_the_journal_says_why_by_the_rows_own_sentence():
    text = Visitor(city.night()).get("/journal").text
    assert "The evidence supports a higher rank." in text
    assert "Refused: you signed first. Another person must sign." in text


@pytest.mark.parametrize("page", PAGES)
def test_chinese_pages_have_full_width_punctuation(page):
    html = Visitor(city.night(), lang="zh-CN").get(page).text
    text = re.sub(r"<(?:script|style).*?</(?:script|style)>|<[^>]+>", " ", html, flags=re.DOTALL)
    assert re.findall(r"[一-鿿][,:;!?]", text) == []
