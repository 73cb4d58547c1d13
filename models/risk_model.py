"""The chance that officers confirm a hotspot, learnt from those that they answered: a few numbers, no code.

A promoted model ranks what is already an alarm: it never makes an alarm of what the budget did not allow, and
never takes one away, so the budget's promise stands whatever was learnt.
"""

import hashlib
import json
import math
from itertools import pairwise
from typing import Any, Final

import msgspec

from models.hotspots import Hotspot
from models.reliability import Reliability
from streams.errors import IntegrityError, VersionError

SCHEMA: Final = 1
FEATURES: Final = ("rarity", "excess", "areas", "detectors", "window")
RISING: Final = (True, True, True, True, False)
"""More of these is never less risk; the window's length may speak either way."""
ALARM: Final = 700_000
"""Risk of IV in millionths: what a model leaves alone below it."""
MOST: Final = 970_000
MODEL_SAYS: Final = ((0.0, 700_000), (0.5, 820_000), (0.8, 920_000), (0.95, 970_000))
"""Chance of confirmation against risk: III from even odds, II from four in five, I from 19 in 20."""


class RiskModel(msgspec.Struct, frozen=True, kw_only=True):
    """A logistic model over standardised features, in the order of ``FEATURES``.

    ``trained_to`` is the newest instant of which it knows (seconds UTC); ``brier`` and ``plain_brier`` are
    its and the plain map's mean squared error on held-out time, ``p_value`` that of the paired test.
    ``reliability`` is None in a model that was trained before it was looked at.
    """

    schema: int = SCHEMA
    weights: tuple[float, ...]
    intercept: float
    means: tuple[float, ...]
    scales: tuple[float, ...]
    trained_to: int
    labels: int
    held_out: int
    brier: float
    plain_brier: float
    p_value: float
    reliability: Reliability | None = None

    @property
    def id(self) -> str:
        """Digest of its content; what it does not know is left out, so that older models keep theirs."""
        facts = msgspec.to_builtins(self)
        return digest({key: value for key, value in facts.items() if value is not None})

    @property
    def is_better(self) -> bool:
        """Whether it beat the plain map on held-out time, and not by luck (one in twenty)."""
        return self.brier < self.plain_brier and self.p_value < 0.05

    @property
    def is_reliable(self) -> bool:
        """Whether its chances were looked at and held on time not seen before."""
        return self.reliability is not None and self.reliability.is_enough


def digest(content: Any) -> str:
    """blake2b-128 of canonical JSON, in hex."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def features(hotspot: Hotspot) -> tuple[float, ...]:
    """What is known of a hotspot now, in the order of ``FEATURES``."""
    why = hotspot.explanation
    return (
        math.log10(max(why.recurrence_weeks, 1e-3)),
        math.log((why.observed + 1.0) / (why.expected + 1.0)),
        math.log(max(len(hotspot.areas), 1)),
        float(len(why.shares)),
        math.log(max(why.window_buckets, 1)),
    )


def probability(model: RiskModel, values: tuple[float, ...]) -> float:
    """The chance of confirmation."""
    score = model.intercept + sum(
        weight * (value - mean) / scale
        for weight, value, mean, scale in zip(model.weights, values, model.means, model.scales, strict=True)
    )
    return 1.0 / (1.0 + math.exp(-max(-40.0, min(40.0, score))))


def believed(model: RiskModel | None, hotspot: Hotspot) -> float | None:
    """The chance of confirmation that may be told: of an alarm, by a model whose chances held; else None."""
    if model is None or not model.is_reliable or hotspot.risk < ALARM or hotspot.feed:
        return None
    return probability(model, features(hotspot))


def ranked(model: RiskModel, hotspot: Hotspot, cap: int) -> Hotspot:
    """The hotspot with the model's risk if it is an alarm, at most ``cap`` (millionths); else as it is."""
    if hotspot.risk < ALARM or hotspot.feed:
        return hotspot
    risk = min(_risk(probability(model, features(hotspot))), cap)
    return msgspec.structs.replace(hotspot, risk=max(risk, ALARM))


def _risk(chance: float) -> int:
    """Piecewise linear through ``MODEL_SAYS``."""
    for (x0, y0), (x1, y1) in pairwise(MODEL_SAYS):
        if chance <= x1:
            return round(y0 + (y1 - y0) * (chance - x0) / (x1 - x0))
    return MOST


def to_json(model: RiskModel) -> bytes:
    """The artefact: the model and its checksum."""
    return msgspec.json.format(
        msgspec.json.encode({"id": model.id, "model": msgspec.to_builtins(model)}, order="sorted"), indent=1
    )


def from_json(content: bytes, where: str) -> RiskModel:
    """The inverse of ``to_json``.

    Raises:
        VersionError: a newer program wrote it.
        IntegrityError: it is none, or was altered.
    """
    remedy = "restore the file, or remove it and promote or train again"
    try:
        whole = msgspec.json.decode(content)
        facts = whole["model"]
        if facts["schema"] > SCHEMA:
            raise VersionError(where, f"is of version {facts['schema']}", "update Tocsin")
        model = msgspec.convert(facts, RiskModel)
    except (msgspec.MsgspecError, KeyError, TypeError) as error:
        raise IntegrityError(where, f"is no risk model: {error}", remedy) from error
    if whole.get("id") != model.id:
        raise IntegrityError(where, "was altered: its content does not give its checksum", remedy)
    if any(len(part) != len(FEATURES) for part in (model.weights, model.means, model.scales)):
        raise IntegrityError(where, "has other features than this program reads", remedy)
    if any(w < 0 for w, rises in zip(model.weights, RISING, strict=True) if rises) or min(model.scales) <= 0:
        raise IntegrityError(where, "breaks its own promise that risk rises with evidence", remedy)
    return model
