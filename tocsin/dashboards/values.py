"""How a value looks: words and colour by a panel's mappings and thresholds, else a number with its unit."""

import math
from typing import Any

import msgspec

DAY, HOUR, MINUTE = 86_400, 3_600, 60


class Shown(msgspec.Struct, frozen=True):
    """A value's words and the colour that belongs to it, "" for none."""

    text: str
    colour: str = ""


def shown(value: float | str, config: dict[str, Any]) -> Shown:
    """A value as a field's configuration shows it."""
    for mapping in config.get("mappings", ()):
        found = mapping["options"].get(value if isinstance(value, str) else _plain(value))
        if found:
            return Shown(found["text"], found["color"])
    if isinstance(value, str):
        return Shown(value)
    return Shown(in_unit(value, config.get("unit", "none")), _threshold(value, config))


def in_unit(value: float, unit: str) -> str:
    """A number with its unit, short."""
    if value != value:
        return "–"
    if unit == "dtdurations":
        return _duration(value)
    if unit == "s":
        return f"{value * 1000:.1f} ms" if abs(value) < 1 else f"{value:.0f} s"
    return f"{_plain(value)}{' /min' if unit == 'cpm' else ''}"


def _plain(value: float) -> str:
    if not math.isfinite(value):
        return str(value)
    return f"{value:.0f}" if value == round(value) else f"{value:.2f}"


def _duration(seconds: float) -> str:
    sign, left = ("−", -seconds) if seconds < 0 else ("", seconds)
    if left >= DAY:
        return f"{sign}{left / DAY:.1f} d"
    if left >= HOUR:
        return f"{sign}{left // HOUR:.0f} h {left % HOUR // MINUTE:.0f} min"
    return (
        f"{sign}{left // MINUTE:.0f} min {left % MINUTE:.0f} s" if left >= MINUTE else f"{sign}{left:.0f} s"
    )


def _threshold(value: float, config: dict[str, Any]) -> str:
    steps = config.get("thresholds", {}).get("steps", [])
    reached = [step["color"] for step in steps if step["value"] is None or value >= step["value"]]
    return str(reached[-1]) if reached else ""
