"""Explanations as a person reads them, kept as files in both languages: a change of words is read like code.

Run as a program, with this folder and the root on the path, it writes them anew.
"""

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import invented_city as city
import invented_scenes as scenes
import msgspec
import pytest
from browse import Visitor

from models.hotspots import Share, StillDevice, Wording
from tocsin.console.view import CityView

GOLDEN = Path(__file__).parent / "golden"
LANGUAGES = ("en", "zh-CN")


def changed(**facts: object) -> CityView:
    """The night whose first hotspot has these facts in its explanation."""
    view = city.night()
    gas, *others = view.real.hotspots
    why = msgspec.structs.replace(gas.explanation, **facts)
    spots = (msgspec.structs.replace(gas, explanation=why), *others)
    return msgspec.structs.replace(view, real=msgspec.structs.replace(view.real, hotspots=spots))


def told() -> Iterator[tuple[str, CityView, str]]:
    """What is explained, the city then, and the hotspot."""
    night = city.night()
    for spot in night.real.hotspots:
        yield f"night: {spot.id}", night, spot.id
    for spot in scenes.blind().real.hotspots:
        yield f"blind: {spot.id}", scenes.blind(), spot.id
    yield "a slow rise", changed(rising_since=city.clock("19:00") - 2 * 86_400), "gas"
    shares = (Share("topic", 70), Share("drift", 20), Share("cluster", 10))
    yield "new wording", changed(wording=Wording(14, 52, 0.0167, (7,), False), shares=shares), "gas"
    flat = StillDevice("dust-07", 9 * 3_600, is_mute=False, others=0)
    yield "the same value", changed(standing=flat, shares=(Share("standstill", 100),)), "gas"
    mute = StillDevice("dust-07", 26 * 3_600, is_mute=True, others=2)
    yield "no reading", changed(standing=mute, shares=(Share("standstill", 100),)), "gas"
    unknown = (("blind-feed", "hotline"), ("short-history", "2"))
    yield "what is not known", changed(unknown=unknown, history_weeks=2.0, city_factor=1.9), "gas"


def words(view: CityView, spot: str, lang: str) -> str:
    """The text of a hotspot's page, a line for each piece."""
    page = Visitor(view, "", lang).get(f"/hotspots/{spot}").text
    main = page[page.index("<main") : page.index("</main>")]
    main = re.sub(r"<(script|style)\b.*?</\1>", "", main, flags=re.S)
    pieces = unescape(re.sub(r"<[^>]+>", "\n", main)).splitlines()
    return "\n".join(piece for piece in map(tidy, pieces) if piece)


def tidy(piece: str) -> str:
    """Without the marks that only a screen wants."""
    return re.sub(r"[\u2066-\u2069]", "", piece.replace("\xa0", " ")).strip()


def page_of(lang: str) -> str:
    """All explanations in one language."""
    return "".join(f"## {name}\n{words(view, spot, lang)}\n\n" for name, view, spot in told())


@pytest.mark.parametrize("lang", LANGUAGES)
def test_explanations_are_those_that_were_read(lang: str) -> None:
    kept = (GOLDEN / f"explanations.{lang}.txt").read_text(encoding="utf-8")
    assert page_of(lang) == kept, f"read the new words; then run {Path(__file__).name} to keep them"


def test_both_languages_explain_the_same() -> None:
    figures = [
        re.findall(r"\d+", (GOLDEN / f"explanations.{lang}.txt").read_text("utf-8")) for lang in LANGUAGES
    ]
    assert len(figures[0]) > 100
    assert set(figures[0]) == set(figures[1])


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for language in LANGUAGES:
        (GOLDEN / f"explanations.{language}.txt").write_text(page_of(language), encoding="utf-8")
