"""The first run: why the city cannot warn yet, and the one step that is open."""

from collections import Counter
from typing import Any

from tocsin.console.map_drawing import draw_map
from tocsin.console.phrases import Phrase
from tocsin.console.screen import Screen
from tocsin.console.sentences import by_reason
from tocsin.console.view import CityView, SetupStep, Sight
from tocsin.console.words import Words


def setup_facts(s: Screen) -> dict[str, Any]:
    """The steps with the open one marked, and the map of what has not been heard."""
    view, w = s.view, s.words
    open_step = next(step for step in view.steps if not step.is_done)
    steps = [
        {
            "is_done": step.is_done,
            "is_open": step is open_step,
            "title": w(f"setup-{step.key}"),
            "detail": w.phrase(_detail(step)),
            "command": step.command,
            "figures": _figures(view, w) if step.key == "feed" else "",
        }
        for step in view.steps
    ]  # fmt: skip
    seen = view.seen_areas if any(s.key == "feed" and s.is_done for s in view.steps) else _nothing_seen(view)
    return {
        "steps": steps,
        "open_key": open_step.key,
        "done": sum(step.is_done for step in view.steps),
        "map": draw_map(view.map, view.real, seen, w.locale),
        "unseen": sum(sight != "full" for sight in seen.values()),
    }


def _nothing_seen(view: CityView) -> dict[str, Sight]:
    """No area has been heard of before the first feed speaks."""
    return {area.id: "none" for area in view.map.areas}


def _detail(step: SetupStep) -> Phrase:
    how = "done" if step.is_done else "until" if "warm_at" in step.args else "open"
    return Phrase(f"console-setup-{step.key}-{how}", step.args)


def _figures(view: CityView, w: Words) -> str:
    """What has come so far, and why it was refused: what a person must know while no feed is connected."""
    received = sum(feed.received or 0 for feed in view.feeds)
    refused: Counter[str] = sum((Counter(feed.rejected) for feed in view.feeds), Counter())
    reasons = w.join([f"{reason} {n}" for reason, n in by_reason(refused, w)])
    key = "setup-figures-why" if reasons else "setup-figures"
    return w(key, received=received, refused=refused.total(), reasons=reasons)
