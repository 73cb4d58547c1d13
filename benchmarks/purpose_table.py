"""The table of what each part is for: its figures with it and without it, over all measured cities."""

import statistics
from collections.abc import Callable
from typing import Any, Final

from benchmarks.ablation import WHOLE
from benchmarks.device_values import HOURS as TROUBLES
from benchmarks.purpose_words import ROWS, PurposeWords

SIGNED: Final = ("incident", "festival", "hanging", "tardy")
"""Errors that are those of a sum."""

Piece = dict[str, Any]
Recall = Callable[[list[float | None]], str]
"""Writes share and median delay."""


def complete(kept: dict[str, dict[str, Piece]]) -> dict[str, dict[str, Piece]]:
    """Cities in which every part was taken out once: else differences would be those of cities."""
    return {seed: found for seed, found in kept.items() if {WHOLE, *ROWS} <= set(found)}


def text(kept: dict[str, dict[str, Piece]], words: PurposeWords) -> str:
    """What stands above the table."""
    whole = [found[WHOLE] for found in kept.values()]
    weeks = sum(one["weeks"] for one in whole)
    return words.text.format(
        arguments=" ".join(kept),
        weeks=weeks,
        seeds=len(kept),
        devices=sum(len(_delays(one, "devices")) for one in whole),
        false=sum(one["counts"]["false"] for one in whole) / weeks,
    )


def table(kept: dict[str, dict[str, Piece]], words: PurposeWords, recall: Recall) -> str:
    """A row for each figure of each part."""
    rows = []
    for part, figures in ROWS.items():
        pairs = [(found[WHOLE], found[part]) for found in kept.values()]
        for k, name in enumerate(figures):
            cells = [_figure([one[side] for one in pairs], name, recall) for side in (0, 1)]
            worse = sum(_badness(without, name) > _badness(whole, name) for whole, without in pairs)
            said = (words.parts[part] if k == 0 else "", words.figures[name], *cells, str(worse))
            rows.append(f"| {' | '.join(said)} |")
    return "\n".join((f"| {' | '.join(words.columns)} |", "|---" * len(words.columns) + "|", *rows))


def _figure(found: list[Piece], name: str, recall: Recall) -> str:
    """One figure over all cities."""
    family, key = name.split(" ", 1)
    if family == "delays":
        return recall([delay for one in found for delay in _delays(one, key)])
    if family == "counts":
        return f"{sum(one['counts'][key] for one in found) / sum(one['weeks'] for one in found):.2f}"
    mean = statistics.mean(one[family][key] for one in found)
    if family == "hours":
        return f"{mean:.1f} h"
    return f"{mean:+.1%}" if key in SIGNED else f"{mean:.1%}"


def _badness(one: Piece, name: str) -> tuple[float, float]:
    """Larger is worse; of two equal recalls the later one."""
    family, key = name.split(" ", 1)
    if family == "delays":
        delays = _delays(one, key)
        seen = [delay for delay in delays if delay is not None]
        return float(len(delays) - len(seen)), statistics.median(seen) if seen else 0.0
    return abs(float(one[family][key])), 0.0


def _delays(one: Piece, key: str) -> list[float | None]:
    """Hours until what happened was told, of one kind or of all devices.

    What is told of a device when its trouble is over is the return, not the trouble.
    """
    kinds = tuple(TROUBLES) if key == "devices" else (key,)
    return [
        None if delay is None or delay > TROUBLES.get(kind, delay) else delay
        for kind in kinds
        for delay in one["delays"].get(kind, [])
    ]
