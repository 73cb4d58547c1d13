"""A real Chromium: the wall never scrolls, the phone decides on one screen, keys and holds work."""

import re
from pathlib import Path

import invented_city as city
import invented_scenes as scenes
import msgspec
import pytest
from browser import DESK, NO_CHROMIUM, PHONE, SLIM, WALL, early, until

pytestmark = NO_CHROMIUM

PICTURES = Path(__file__).parents[3] / "build" / "console"

LOOKS = [
    ("city-wall", city.night, "/?lang=en", WALL, ""),
    ("city-wall-zh", city.night, "/?lang=zh-CN", WALL, ""),
    ("night", city.night, "/?theme=night", WALL, ""),
    ("blind", scenes.blind, "/", WALL, ""),
    ("blind-responding", lambda: scenes.blind(is_responding=True), "/", WALL, ""),
    ("drill", scenes.drill, "/", WALL, ""),
    ("compact", city.night, "/?wall=compact", WALL, ""),
    ("compact-zh", scenes.overdue, "/?wall=compact&lang=zh-CN&theme=night", WALL, ""),
    ("overdue", scenes.overdue, "/", WALL, ""),
    ("overdue-phone-zh", scenes.overdue, "/?lang=zh-CN&theme=night", PHONE, ""),
    ("recovery", scenes.recovery, "/", WALL, ""),
    ("recovery-night-zh", scenes.recovery, "/?lang=zh-CN&theme=night", WALL, ""),
    ("recovery-phone", scenes.recovery, "/", PHONE, ""),
    ("blind-responding-zh", lambda: scenes.blind(is_responding=True), "/?lang=zh-CN&theme=night", WALL, ""),
    ("report", city.night, "/report", PHONE, "lu"),
    ("report-zh", city.night, "/report?lang=zh-CN&theme=night", DESK, "lu"),
    ("calm", city.calm, "/", WALL, ""),
    ("first-run", scenes.first_run, "/", DESK, ""),
    ("hotspot", early, "/hotspots/gas", DESK, "lu"),
    ("hotspot-zh", early, "/hotspots/gas?lang=zh-CN", DESK, "lu"),
    ("phone", early, "/mine?theme=night", PHONE, "shen"),
    ("phone-zh", early, "/mine?lang=zh-CN", PHONE, "shen"),
    ("phone-declare", early, "/acts/declare?unit=lanting&hotspot=gas&theme=night", PHONE, "shen"),
    ("city-desk", city.night, "/", DESK, "lu"),
    ("city-phone", city.night, "/", PHONE, "lu"),
    ("unit", city.night, "/units/yanxi", DESK, "gu"),
    ("data", scenes.blind, "/data", DESK, ""),
    ("journal-zh", city.night, "/journal?lang=zh-CN", DESK, ""),
    ("duties", city.night, "/duties", DESK, "min"),
    ("who", city.night, "/who", PHONE, ""),
]

CHECKS = Path(__file__).with_name("page_checks.js").read_text()


def found(page, check):
    """What one of the page checks complains of."""
    return page.evaluate(f"({CHECKS.strip()}).{check}")


@pytest.mark.parametrize(("name", "view", "path", "size", "person"), LOOKS, ids=[look[0] for look in LOOKS])
def test_every_look(visit, name, view, path, size, person):
    page = visit(view(), path, size, person)
    page.wait_for_timeout(150)
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=str(PICTURES / f"{name}.png"))
    width, height = page.evaluate(
        "[document.documentElement.scrollWidth, document.documentElement.scrollHeight]"
    )
    assert width <= size[0], "never sideways"
    if size == WALL:
        assert height <= size[1], "the wall never scrolls"
    assert found(page, f"small({ {WALL: 16, DESK: 13, PHONE: 12}[size] })") == []
    assert found(page, f"faint({7 if size == WALL else 4.5})") == []
    assert found(page, "overflowing()") == []
    assert found(page, "nameless()") == []
    assert found(page, "twins()") == []
    assert page.complaints == [], "no error, and nothing against the content policy"


def test_on_the_wall_no_panel_is_cut(visit):
    demo = msgspec.structs.replace(city.night(), is_demo=True)
    for view in (
        city.night(),
        scenes.blind(),
        scenes.drill(),
        city.calm(),
        scenes.blind(is_responding=True),
        scenes.overdue(),
        scenes.recovery(),
        demo,
    ):
        page = visit(view, "/", WALL)
        assert found(page, "cut()") == [], view.now_at


def test_the_compact_wall_cuts_nothing_either(visit):
    for view in (city.night(), scenes.overdue(), scenes.recovery(), scenes.blind(is_responding=True)):
        for lang in ("en", "zh-CN"):
            page = visit(view, f"/?wall=compact&lang={lang}", WALL)
            assert found(page, "cut()") == [], (view.now_at, lang)
            line = page.locator(".subject:not(:has(.second)) p >> nth=0")
            assert not line.count() or line.evaluate("e => e.scrollWidth <= e.clientWidth"), (
                "who decided is read to its end"
            )


def test_the_phone_decides_on_one_screen(visit):
    for lang in ("en", "zh-CN"):
        page = visit(early(), f"/mine?lang={lang}", PHONE, "shen")
        for what in (
            ".phonehead",
            ".decide .act.primary",
            ".two .act >> nth=1",
            ".grave .act",
            ".grave p",
            ".also ul",
        ):
            box = page.locator(what).bounding_box()
            assert box["y"] + box["height"] <= PHONE[1], (lang, what)
            if ".act" in what:
                assert box["height"] >= 48
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
    declare = visit(early(), "/acts/declare?unit=lanting&hotspot=gas", PHONE, "shen")
    box = declare.locator("[data-hold]").bounding_box()
    assert box["y"] + box["height"] <= PHONE[1]


@pytest.mark.parametrize(
    "path", ["/", "/hotspots/gas", "/mine", "/data", "/duties", "/acts/declare?unit=lanting", "/units/yanxi"]
)
def test_reflow_at_320(visit, path):
    page = visit(early(), path, SLIM, "shen")
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


def test_everything_is_reachable_by_tab_with_a_visible_focus(visit):
    page = visit(early(), "/hotspots/gas", DESK, "lu")
    wanted = page.evaluate(
        "document.querySelectorAll('a[href],button:not([type=hidden]),input:not([type=hidden]),pre[tabindex]').length"
    )
    seen = set()
    for _ in range(wanted + 4):
        page.keyboard.press("Tab")
        seen.add(page.evaluate("document.activeElement.outerHTML.slice(0, 120)"))
        if page.evaluate("document.activeElement !== document.body"):
            assert page.evaluate("parseFloat(getComputedStyle(document.activeElement).outlineWidth)") >= 3
    assert len(seen) >= wanted - 1
    first = visit(early(), "/", DESK)
    first.keyboard.press("Tab")
    assert first.evaluate("document.activeElement.className") == "skip"


def test_keys_go_where_they_say_and_can_be_switched_off(visit):
    page = visit(early(), "/", DESK, "lu")
    page.keyboard.press("g")
    page.keyboard.press("j")
    page.wait_for_url("**/journal*")
    page.keyboard.press("g")
    page.keyboard.press("c")
    page.wait_for_url("**/")
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.dataset.row !== undefined")
    page.keyboard.press("t")
    assert page.evaluate("document.documentElement.dataset.theme") == "night"
    page.keyboard.press("?")
    page.wait_for_url("**/help*")
    page.locator("button[name=keys]").click()
    page.keyboard.press("g")
    page.keyboard.press("j")
    assert page.url.endswith("/help")


def test_key_l_leads_to_the_report_and_what_is_logged_is_answered_where_it_stands(visit):
    page = visit(city.night(), "/", DESK, "lu")
    page.keyboard.press("l")
    page.wait_for_url("**/report")
    page.locator("select[name=category]").select_option("gas-smell")
    page.locator("input[name=place]").fill("yanxi-5")
    page.locator("textarea[name=text]").press_sequentially("l is a letter here")
    assert page.url.endswith("/report"), "keys do not act while somebody writes"
    page.locator("form button[type=submit]").click()
    until(page, "document.querySelector('#outcome').classList.contains('done')")
    assert "Counted: Gas smell" in page.locator("#outcome").inner_text()
    assert [r.text for _, r in page.source.reports] == ["l is a letter here"]


def test_a_report_without_scripts_and_one_that_is_refused_keep_the_words(visit):
    page = visit(city.night(), "/report", PHONE, "lu", java_script_enabled=False)
    page.locator("select[name=category]").select_option("gas-smell")
    page.locator("input[name=place]").fill("Atlantis")
    page.locator("textarea[name=text]").fill("smells")
    page.locator("form button[type=submit]").click()
    assert "No area is called Atlantis" in page.locator(".problem").inner_text()
    assert page.locator("textarea[name=text]").input_value() == "smells"
    page.locator("input[name=place]").fill("yanxi-5")
    page.locator("form button[type=submit]").click()
    assert "Counted" in page.inner_text("h1") and len(page.source.reports) == 1


def test_a_late_duty_counts_up_from_its_first_deadline(visit):
    page = visit(scenes.overdue(), "/", WALL)
    late = page.locator(".duty.late >> nth=0")
    assert late.locator(".left").inner_text().replace("\u00a0", " ") == "20 min over"
    assert "by 19:20" in late.inner_text() and "again at 19:50" in late.inner_text()


def test_a_new_row_keeps_its_edge_until_a_hand_is_near_and_a_call_sounds_where_asked(visit):
    page = visit(city.night(), "/", WALL)
    page.context.add_cookies([{"name": "tocsin_sound", "value": "on", "url": page.url}])
    page.reload()
    assert page.locator(".fresh").count() == 0 and page.evaluate("document.body.dataset.tones || 0") == 0
    source = page.source
    source.view = msgspec.structs.replace(scenes.overdue(), offset=source.view.offset + 1)
    source.changes.announce(source.view.offset)
    until(page, "document.querySelectorAll('.duty.fresh').length === 1")
    assert page.evaluate("document.body.dataset.tones") == "1", "one tone, however many calls at once"
    page.keyboard.press("Shift")
    until(page, "document.querySelectorAll('.fresh').length === 0")


def test_one_press_acknowledges_and_the_entry_changes_the_screen(visit):
    page = visit(early(), "/mine", PHONE, "lu")
    assert page.locator(".decide .act.primary").count() == 1
    page.keyboard.press("a")
    until(page, "document.querySelectorAll('.decide .act.primary').length === 0")
    assert [c.kind for c in page.source.commands] == ["acknowledge"]
    assert "acknowledge" in page.locator("#outcome").inner_text()


def test_a_hold_of_two_seconds_declares_and_letting_go_does_not(visit):
    page = visit(early(), "/mine", PHONE, "shen")
    button = page.locator(".grave .hold")
    box = button.bounding_box()
    page.mouse.move(box["x"] + 40, box["y"] + 20)
    page.evaluate("window.real = performance.now.bind(performance), window.at = window.real(), 0")
    page.evaluate("performance.now = () => window.at, 0")  # on a busy machine the two seconds might be over
    page.mouse.down()
    page.evaluate("window.at += 1900")
    until(page, "document.querySelector('.grave .hold').innerText.includes('0.1 s left')")
    page.mouse.up()
    page.evaluate("performance.now = window.real, 0")
    assert "Hold 2" in button.inner_text() and page.source.commands == []
    page.mouse.down()
    until(page, "!document.querySelector('#outcome').hidden")
    page.mouse.up()
    until(page, "document.querySelector('#outcome').classList.contains('done')")
    (command,) = page.source.commands
    assert (command.kind, command.level, command.duration_seconds) == ("declare", 4, 21_600)
    assert command.measures == "Cordon, no flames, Evacuate 2 blocks, Shut gas main"


def test_the_keyboard_holds_too_and_the_level_can_be_typed(visit):
    page = visit(early(), "/acts/declare?unit=lanting&hotspot=gas", DESK, "shen")
    page.locator("label.level >> nth=2").click()
    assert "declare III" in page.locator("[data-hold]").inner_text()
    assert "Response III starts in Lanting City at once" in page.locator(".consequence").inner_text()
    page.locator("summary >> text=Without holding").click()
    page.locator("input[name=typed]").fill("III")
    page.locator("details button[type=submit]").click()
    assert page.source.commands == []
    page.locator("details button[type=submit]").click()
    until(page, "document.querySelector('#outcome').classList.contains('done')")
    assert [c.level for c in page.source.commands] == [3]


def test_a_refusal_stays_until_it_is_read(visit):
    page = visit(city.night(city.clock("19:05")), "/acts/co_sign?unit=lanting", DESK, "shen")
    page.locator("summary >> text=Without holding").click()
    page.locator("input[name=typed]").fill("II")
    for _ in range(2):
        page.locator("details button[type=submit]").click()
    until(page, "document.querySelector('#outcome').classList.contains('refused')")
    assert "you signed first" in page.locator("#outcome").inner_text()
    page.wait_for_timeout(4_500)
    assert page.locator("#outcome").is_visible()
    page.locator("#outcome button").click()
    assert page.locator("#outcome").is_hidden()


def test_no_answer_offers_the_same_command_again(visit):
    page = visit(early(), "/mine", PHONE, "lu")
    page.source.is_deaf = True
    page.locator(".decide .act.primary").click()
    until(page, "document.querySelector('#outcome').classList.contains('refused')")
    assert "Not known whether it arrived" in page.locator("#outcome").inner_text()
    page.source.is_deaf = False
    page.locator("#outcome button").click()
    until(page, "document.querySelector('#outcome').classList.contains('done')")
    assert len(page.source.commands) == 1


def test_a_change_reaches_the_screen_without_a_reload_and_without_redrawing_the_map(visit):
    page = visit(city.night(city.clock("18:58")), "/", WALL)
    page.evaluate(
        "() => { window.stayed = true; window.outline = document.querySelector('#map defs path'); }"
    )
    source = page.source
    source.view = msgspec.structs.replace(city.night(), offset=source.view.offset + 1)
    source.changes.announce(source.view.offset)
    until(page, "document.querySelector('h1').textContent.includes('Emergency response II —')")
    assert page.evaluate("window.stayed && document.querySelector('#map defs path') === window.outline")
    assert page.evaluate("document.querySelectorAll('[data-rank=\"4\"]').length") == 6
    assert "19:12:4" <= page.locator("[data-clock] >> nth=0").inner_text() < "19:17", "it has gone on since"


def test_a_lost_link_is_said_the_clock_stops_and_the_map_is_hatched(visit):
    page = visit(early(), "/", WALL)
    page.wait_for_timeout(300)
    page.context.set_offline(True)
    page.evaluate("window.real = performance.now.bind(performance), window.skip = 0, 0")
    page.evaluate("performance.now = () => window.real() + window.skip, 0")
    page.evaluate("window.skip = 18000")
    until(page, "!document.querySelector('#lost').hidden")
    said = page.locator("#lost").inner_text()
    lost = re.match(r"No connection for (\d+) s", said)
    assert lost is not None and 18 <= int(lost[1]) < 70 and "Shown: 19:01:" in said
    assert page.locator(".left >> nth=0").inner_text().startswith("about")
    page.evaluate("window.skip = 70000")
    until(page, "document.body.classList.contains('gone')")
    page.screenshot(path=str(PICTURES / "lost.png"))


def test_without_scripts_a_form_still_acts(chromium, visit):
    page = visit(early(), "/mine", PHONE, "lu", java_script_enabled=False)
    page.locator(".decide .act.primary").click()
    assert "In the journal" in page.inner_text("h1") and len(page.source.commands) == 1
