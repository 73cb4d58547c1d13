"""One person at a real browser, who has a keyboard and nothing else."""

from importlib.resources import files
from pathlib import Path
from typing import Any, Final

AXE: Final = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
RUN: Final = "axe.run({exclude: [['.watermark']]}, {resultTypes: ['violations']})"
MOST_TABS: Final = 150
SECONDS: Final = 60


class Hands:
    """A browser of one's own, in one size and one language; ``complaints`` is what its console said."""

    def __init__(
        self, chromium: Any, url: str, person: str, size: tuple[int, int], lang: str, signed_in: Any = None
    ) -> None:
        """``signed_in`` is what another browser of the same person has kept."""
        self.person, self.lang, self.url, self._chromium, self._size = person, lang, url, chromium, size
        viewport = {"width": size[0], "height": size[1]}
        self.context = chromium.new_context(viewport=viewport, locale=lang, storage_state=signed_in)
        self.page = self.context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _heard(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def close(self) -> None:
        """Shut the browser."""
        self.context.close()

    def in_words_of(self, lang: str) -> "Hands":
        """Another browser of the same person and size, in another language, at the same page."""
        kept = self.context.storage_state()
        other = Hands(self._chromium, self.url, self.person, self._size, lang, kept)
        other.page.goto(self.page.url)
        return other

    # -- what hands do

    def go(self, path: str) -> None:
        """Open an address, as from a bookmark."""
        self.page.goto(self.url + path)

    def type(self, *keys: str) -> None:
        """Press keys one after the other, once the page listens."""
        self._listening()
        for key in keys:
            self.page.keyboard.press(key)

    def _listening(self) -> None:
        """Wait until the page's script runs: what it shows is there before, and a key would be lost."""
        self.until("document.readyState === 'complete'")

    def reach(self, selector: str) -> None:
        """Tab until the focus is there."""
        for _ in range(MOST_TABS):
            if self.says(f"document.activeElement?.matches({selector!r})"):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"{self.person} cannot reach {selector} by Tab on {self.page.url}")

    def sign_in(self, password: str, path: str) -> None:
        """Open an address, prove who one is, and be there."""
        self.go(path)
        self.until("document.activeElement?.name === 'person'")
        self.page.keyboard.type(self.person)
        self.reach("[name=password]")
        self.page.keyboard.type(password)
        self.type("Enter")
        self.page.wait_for_url(lambda url: "/sign-in" not in url, timeout=SECONDS * 1000)

    def hold(self) -> None:
        """Hold what has the focus until it was long enough."""
        self._listening()
        self.page.keyboard.down("Enter")
        self.until("!document.querySelector('.holding') && !document.getElementById('outcome').hidden")
        self.page.keyboard.up("Enter")

    # -- what eyes see

    def says(self, claim: str) -> Any:
        """What a piece of script finds on the page; None while it is being left."""
        try:
            return self.page.evaluate(claim)
        except Exception as error:
            if "context was destroyed" in str(error) or "navigating" in str(error):
                return None
            raise

    def until(self, claim: str) -> None:
        """Wait until the page is so; its content policy forbids Playwright's own way of waiting."""
        for _ in range(SECONDS * 20):
            if self.says(claim):
                return
            self.page.wait_for_timeout(50)
        raise AssertionError(f"{self.person} never saw: {claim}\n{self.page.inner_text('body')}")

    def sees(self, words: str, where: str = "main") -> None:
        """Wait until words stand somewhere on the page, however their spaces break."""
        plain = words.replace("\u00a0", " ")
        shown = f"(document.querySelector({where!r})?.innerText ?? '').replaceAll('\\u00a0', ' ')"
        self.until(f"{shown}.includes({plain!r})")

    def keeps_focus(self) -> None:
        """Wait until the focus is somewhere: what was pressed may be gone, its place is not."""
        self.until("document.activeElement !== document.body")

    def outcome(self, kind: str) -> str:
        """What came of an act, as the page says it."""
        self.until(f"document.getElementById('outcome')?.classList.contains({kind!r})")
        return str(self.page.inner_text("#outcome"))

    def grave(self) -> list[tuple[str, str]]:
        """What axe-core calls serious or critical here."""
        self.page.evaluate(AXE)
        found = self.page.evaluate(RUN)
        assert found["passes"], "it has looked at something"
        return [
            (violation["id"], violation["nodes"][0]["html"][:160])
            for violation in found["violations"]
            if violation["impact"] in ("serious", "critical")
        ]

    def picture(self, path: Path) -> None:
        """Keep what is on the screen."""
        self.page.screenshot(path=str(path))
