"""The main pages, looked at by axe-core: nothing that it calls serious or critical."""

from importlib.resources import files

import invented_city as city
import invented_scenes as scenes
import pytest
from browser import DESK, NO_CHROMIUM, PHONE, WALL, early

pytestmark = NO_CHROMIUM

AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
RUN = "axe.run({exclude: [['.watermark']]}, {resultTypes: ['violations']})"
"""A drill's watermark is decoration: faint on purpose, hidden from readers, its word stands in the banner."""
PAGES = [
    ("/", city.night, ""),
    ("/", scenes.blind, ""),
    ("/", scenes.drill, ""),
    ("/hotspots/gas", early, "lu"),
    ("/mine", early, "shen"),
    ("/acts/declare?unit=lanting&hotspot=gas", early, "shen"),
    ("/units/yanxi", city.night, "gu"),
    ("/data", scenes.blind, ""),
    ("/duties", city.night, "min"),
    ("/journal", city.night, ""),
    ("/who", city.night, ""),
    ("/report", city.night, "lu"),
    ("/", scenes.overdue, ""),
    ("/", scenes.recovery, ""),
]


@pytest.mark.parametrize("lang", ["en", "zh-CN"])
@pytest.mark.parametrize("size", [WALL, DESK, PHONE], ids=["wall", "desk", "phone"])
def test_no_serious_violation(visit, lang, size):
    for path, view, person in PAGES:
        separator = "&" if "?" in path else "?"
        page = visit(view(), f"{path}{separator}lang={lang}", size, person)
        page.evaluate(AXE)
        result = page.evaluate(RUN)
        grave = [
            (path, v["id"], v["nodes"][0]["target"], v["nodes"][0]["html"][:160], len(v["nodes"]))
            for v in result["violations"]
            if v["impact"] in ("serious", "critical")
        ]
        assert grave == [], grave
        assert result["passes"], "it has looked at something"
