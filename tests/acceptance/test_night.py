"""One night, lived by people with keyboards: late, called up, whistled, declared by two, back again, calm.

The city, its fold, its console and its accounts are the program's own; what its feeds send is written down.
Nobody is simulated: whoever acts, presses keys in a browser of their own.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from alerting import journal
from tests.acceptance.evening import CITY, DISTRICT, PASSWORD, STREET, Evening, Night
from tests.acceptance.hands import Hands
from tocsin.demo.driver import demo_city
from tocsin.messages import LOCALES, text

CHROMIUM = os.environ.get("TOCSIN_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: apt-get install chromium")

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]
PHONE, DESK, WALL = (390, 844), (1440, 900), (1920, 1080)
CLERK, OFFICER, FIRST, SECOND, WATCHER = "zhu", "yang", "zhao", "liu", "wang"
"""The street's operator, the district's officer and chief, a chief of the city, who sits at the wall."""
WHOLE_HEADLINE = "(h => h.scrollWidth <= h.clientWidth + 1)(document.querySelector('.subject h1'))"
CONFLICT = "Failed to load resource: the server responded with a status of 409 (Conflict)"
"""What Chromium itself notes of an answer that refuses."""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def night(evening: Evening, tmp_path: Path) -> Iterator[Night]:
    made = Night(evening, tmp_path / "store")
    for person in (CLERK, OFFICER, FIRST, SECOND, WATCHER):
        made.running.gate.register.add(person, PASSWORD)
    yield made
    made.close()


class Stage:
    """Everybody of one night; ``now`` says what must be true of the journal and the screens."""

    def __init__(self, night: Night, chromium: Any, hand: Any, wall: Any, lang: str, pictures: Path) -> None:
        self.night, self.lang, self.pictures = night, lang, pictures
        self._other = next(one for one in LOCALES if one != lang)
        self.wall = Hands(chromium, night.url, WATCHER, wall, lang)
        self.clerk, self.officer, self.first, self.second = (
            Hands(chromium, night.url, person, hand, lang) for person in (CLERK, OFFICER, FIRST, SECOND)
        )
        self.wall.sign_in(PASSWORD, "/")
        for one in self.everybody[1:]:
            one.sign_in(PASSWORD, "/duties")
        self._told, self._shots = 0, 0

    @property
    def everybody(self) -> list[Hands]:
        return [self.wall, self.clerk, self.officer, self.first, self.second]

    def says(self, key: str, **facts: Any) -> str:
        return text(self.lang, key, **facts)

    def now(
        self, who: Hands, rows: list[tuple[int, str, str, str | None]], mode: str, owed: int, bars: str
    ) -> None:
        """The new rows of the journal; the street's mode, what is owed and the newest bars on the wall."""
        entries = self.night.entries()
        told = [(self.night.minute(e), e.unit, e.row, e.actor) for e in entries[self._told :]]
        self._told = len(entries)
        assert told == rows
        reads_wall(self.wall, mode, owed, bars)
        for one in dict.fromkeys((self.wall, who)):
            self._looks(one, mode)
            other = one.in_words_of(self._other)
            if one is self.wall:
                reads_wall(other, mode, owed, bars)
            self._looks(other, mode)
            assert other.complaints == []
            other.close()

    def _looks(self, one: Hands, mode: str) -> None:
        """Nothing grave by axe, nothing beside the screen."""
        self._shots += 1
        one.picture(self.pictures / f"{self._shots:02}-{mode}-{one.person}-{one.lang}.png")
        assert one.grave() == [], one.page.url
        assert one.says("document.documentElement.scrollWidth <= innerWidth"), "never sideways"

    def decides(self, who: Hands) -> None:
        """From the list of duties to the page of the one that is the reader's."""
        who.go("/duties")
        who.reach(".minelink a")
        who.type("Enter")
        who.until("location.pathname === '/mine' && document.querySelector('.oweline') !== null")

    def steps(self, who: Hands, act: str) -> None:
        """From the street's page to the page of an act."""
        who.go(f"/units/{STREET}")
        who.reach(f"a[href^='/acts/{act}']")
        who.type("Enter")
        who.until(f"location.pathname === '/acts/{act}'")

    def holds(self, who: Hands, button: str) -> None:
        """Hold a grave act, and read what came of it."""
        who.reach(button)
        who.hold()
        who.outcome("done")

    def leaves(self, who: Hands) -> None:
        """Read what came of an act's own page, and be back where it was asked."""
        who.reach("#outcome button")
        who.type("Enter")
        who.until("document.readyState === 'complete' && !location.pathname.startsWith('/acts/')")


def reads_wall(wall: Hands, mode: str, owed: int, bars: str) -> None:
    """The street's mode, what is owed and the newest bars, in the words of whoever sits there."""
    of_street = f".unit:has([href*='/units/{STREET}']) .mode"
    wall.sees(text(wall.lang, f"console-mode-{mode}"), of_street)
    wall.sees(text(wall.lang, "console-owed", n=owed), "#h-owed")
    wall.until(f"document.querySelector('.timeline {bars}') !== null")
    assert wall.says(WHOLE_HEADLINE), "the headline is not cut"


@pytest.mark.parametrize(
    ("hand", "wall", "lang"), [(PHONE, PHONE, "en"), (DESK, WALL, "zh-CN")], ids=["phone-en", "wall-zh-CN"]
)
def test_the_written_night(
    evening: Evening, night: Night, chromium: Any, tmp_path: Path, hand: Any, wall: Any, lang: str
) -> None:
    stage = Stage(night, chromium, hand, wall, lang, tmp_path)
    watching, clerk, officer, first, second = stage.everybody
    watching.sees(stage.says("console-mode-normal"), f".unit:has([href*='/units/{STREET}']) .mode")

    night.until(66)
    clerk.until("document.querySelector('.duty.mine') !== null")
    stage.now(clerk, [(65, STREET, "K2", None)], "warning", 1, "rect.rank.f3")

    night.until(84)
    officer.until("document.querySelector('.duty.mine') !== null")
    watching.until("document.querySelectorAll('.duty.late').length === 1")
    up = [(80, STREET, "O2", None), (80, DISTRICT, "P3", None)]
    stage.now(officer, up, "warning", 2, "rect.thin")

    stage.decides(officer)
    officer.type("a")
    officer.outcome("done")
    officer.until("document.querySelector('.oweline, .act.primary') === null")
    assert "unit=shangyuan" in officer.page.url, "who has answered for the district stays at the district"
    stage.now(officer, [(84, DISTRICT, "A1", OFFICER)], "warning", 1, "rect.thin")

    night.until(86)
    stage.decides(clerk)
    clerk.reach(".act.primary")
    clerk.type("Enter")
    clerk.outcome("done")
    clerk.until("document.querySelector('.oweline, .act.primary') === null")
    clerk.keeps_focus()
    late = [(86, STREET, "A1", CLERK), (86, DISTRICT, "P5", None)]
    stage.now(clerk, late, "warning", 0, "rect.thin")

    night.until(88)
    clerk.go(f"/units/{STREET}")
    clerk.type("w")
    clerk.until("location.pathname === '/acts/whistle'")
    clerk.reach("[name=about][value=water]")
    clerk.type("Space")
    clerk.reach(".foot [type=submit]")
    clerk.type("Enter")
    clerk.outcome("done")
    stage.leaves(clerk)
    stage.now(clerk, [(88, STREET, "W2", CLERK)], "warning", 1, "rect.thin")

    night.until(97)
    clerk.go(f"/units/{STREET}")
    clerk.reach("form:has([name=kind][value=report_in]) button")
    clerk.type("Enter")
    clerk.outcome("done")
    clerk.until("!document.querySelector('[name=kind][value=report_in]')")
    clerk.keeps_focus()
    clerk.sees(stage.says("row-W4"), ".panel.journal")
    stage.now(clerk, [(97, STREET, "W4", CLERK)], "warning", 0, "rect.thin")

    night.until(99)
    stage.steps(first, "declare")
    first.reach("[name=level]")
    first.type("ArrowUp")
    assert first.says("document.activeElement.value") == "II"
    first.sees(stage.says("console-grave-declare", level="II"), "[data-hold]")
    stage.holds(first, "[data-hold]")
    stage.leaves(first)
    stage.now(first, [(99, STREET, "D2", FIRST)], "emergency", 1, "rect.thick.f3")

    first.go(f"/units/{STREET}")
    first.sees(stage.says("row-S2"), "#why-co_sign")
    first.go(f"/acts/co_sign?unit={STREET}")
    first.reach("[data-hold]")
    first.hold()
    assert stage.says("row-S2") in first.outcome("refused")
    stage.now(first, [(99, STREET, "S2", FIRST)], "emergency", 1, "rect.thick.f3")

    night.until(102)
    stage.decides(second)
    stage.holds(second, ".grave .hold")
    second.until("document.querySelector('.oweline, .grave .hold') === null")
    second.sees(stage.says("console-mine-nothing"), ".decide")
    second.until("document.querySelector('.phonehead use').getAttribute('href') === '#r4'")
    second.keeps_focus()
    stage.now(second, [(102, STREET, "S3", SECOND)], "emergency", 0, "rect.thick.f4")
    assert night.run.fold.state.machines.real[STREET].signed_by == (FIRST, SECOND)

    night.until(185)
    stage.steps(first, "stand_down")
    stage.holds(first, "[data-hold]")
    stage.leaves(first)
    stage.now(first, [(185, STREET, "X3", FIRST)], "recovery", 0, "rect.recovery")

    night.until(216)
    watching.until("document.querySelector('.hot .tick') === null")
    back = [(200, DISTRICT, "K3", None), (215, STREET, "K1", None), (215, DISTRICT, "P3", None)]
    stage.now(clerk, back, "warning", 2, "rect.recovery ~ rect.rank.f4")
    for who, row in ((officer, (216, DISTRICT, "A1", OFFICER)), (clerk, (216, STREET, "A1", CLERK))):
        stage.decides(who)
        who.type("a")
        who.outcome("done")
        stage.now(who, [row], "warning", 1 if who is officer else 0, "rect.recovery ~ rect.rank.f4")
    watching.until("document.querySelector('.hot .tick') !== null")

    night.until(250)
    stage.steps(first, "stand_down")
    stage.holds(first, "[data-hold]")
    stage.leaves(first)
    stage.now(first, [(250, STREET, "X5", FIRST)], "monitoring", 0, "rect.thin")

    night.until(400)
    calm = [(335, DISTRICT, "K3", None), (380, STREET, "K3", None)]
    stage.now(watching, calm, "normal", 0, "path.hair")
    watching.sees(stage.says("console-headline-calm"), "h1")

    night.run.stop()  # nobody decides any more, and the page stands open
    night.clock.put(night.clock() + 181)
    watching.sees(stage.says("console-headline-stands", time="06:40"), "h1")
    watching.until("document.body.classList.contains('isblind')")
    watching.picture(tmp_path / "30-stands-wang.png")
    assert watching.grave() == []

    expected = {one.person: [] for one in stage.everybody} | {FIRST: [CONFLICT]}
    assert {one.person: one.complaints for one in stage.everybody} == expected
    assert {e.unit for e in night.entries()} == {STREET, DISTRICT}, f"nothing of it was {CITY}'s"
    lines = list(night.run.history.journal(0))
    assert journal.verify(lines) == len(lines)
    for one in stage.everybody:
        one.close()
    night.close()
    asked = _ask_what_one_alarm_a_week_would_have_changed(night, lines, lang, tmp_path)
    _look_at_the_answer(chromium, asked, hand)


def _look_at_the_answer(chromium: Any, asked: Path, size: Any) -> None:
    """The report is read in the same browser, from the disk."""
    report = Hands(chromium, asked.as_uri(), WATCHER, size, "en")
    report.go("/budget-1.html")
    assert report.grave() == []
    assert report.says("document.documentElement.scrollWidth <= innerWidth"), "never sideways"
    report.picture(asked / "report.png")
    assert report.complaints == []
    report.close()


def _ask_what_one_alarm_a_week_would_have_changed(
    night: Night, lines: list[bytes], lang: str, folder: Path
) -> Path:
    """The street would have been warned of IV with half an hour to answer, and the district had slept on."""
    out = folder / "asked"
    asked = ["whatif", demo_city(), night.store, "--budget", "1", "--lang", lang, "--out", out]
    command = [sys.executable, "-m", "tocsin", *map(str, asked)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (0, ""), run.stderr
    recorded = (out / "recorded" / "journal.jsonl").read_bytes().splitlines()
    assert recorded == lines, "the replay has decided what the night has decided"
    other = [
        journal.read_line(line) for line in (out / "budget-1" / "journal.jsonl").read_bytes().splitlines()
    ]
    fork = [e for e in other if e.at > night.began_at]
    first = next(e for e in fork if e.row == "K2")
    assert (first.unit, night.minute(first), first.after) == (STREET, 65, journal.Standing("WARNING", 2, 0))
    assert not {"O2", "P3"} & {e.row for e in fork if night.minute(e) < 99}, "nobody was called in vain"
    ranks = [
        text(lang, "console-mode-level", mode=text(lang, "console-mode-warning"), rank=r)
        for r in ("III", "IV")
    ]
    row = next(line for line in run.stdout.splitlines() if " 01:05 " in line)
    assert [r for r in ranks if r.replace("\u00a0", " ") in row.replace("\u00a0", " ")] == ranks, run.stdout
    return out
