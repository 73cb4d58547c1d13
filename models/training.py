"""Learns a risk model from answered hotspots, and compares it with the plain map on time not seen before."""

from typing import Final

import numpy as np
from scipy import stats
from sklearn.linear_model import LogisticRegression

from models.reliability import Curve, chance, curve_of, reliability
from models.risk_model import RISING, RiskModel
from streams.errors import DataError
from streams.panel import Array

LEAST_LABELS: Final = 40
LEAST_OF_EACH: Final = 8
BLOCKS: Final = 4
LEAST_JUDGED: Final = 60
"""Fewer held-out answers than this say nothing of how far chances are off."""
STRENGTH: Final = 1.0
"""Inverse of the ridge penalty: with few labels a weight stays small."""


class Examples:
    """Answered hotspots in order of warning: n of them.

    ``values`` is (n, features) float64, ``risk`` (n,) the plain map's in [0, 1], ``is_real`` (n,) bool,
    ``warned_at`` and ``known_at`` (n,) int64, when it was warned of and when it was answered.
    """

    def __init__(self, values: Array, risk: Array, is_real: Array, warned_at: Array, known_at: Array) -> None:
        order = np.lexsort((known_at, warned_at))
        self.values, self.risk, self.is_real = values[order], risk[order], is_real[order]
        self.warned_at, self.known_at = warned_at[order], known_at[order]

    def __len__(self) -> int:
        return len(self.is_real)


def train(examples: Examples) -> RiskModel:
    """The model of all examples, with its error and the plain map's on held-out time.

    The last three quarters of time are judged block by block, each by what was known before it began. The
    plain map is the stronger of the risk itself and a logistic curve over it, learnt from the same labels.
    Where chances given on held-out time were off by more than luck, the curve that would have put them right
    is laid over later ones (Platt 1999).

    Raises:
        DataError: too few answers, or all alike.
    """
    _check(examples)
    raw, own, plain, seen = _held_out(examples)
    truth = examples.is_real[seen].astype(np.float64)
    errors, plain_errors = (own - truth) ** 2, (plain - truth) ** 2
    weights, intercept, means, scales = _fit(examples.values, examples.is_real, RISING)
    curve = _correction(raw, examples.is_real[seen])
    return RiskModel(
        weights=_numbers(curve.slope * weights),
        intercept=round(float(curve.intercept + curve.slope * intercept), 9),
        means=_numbers(means),
        scales=_numbers(scales),
        trained_to=int(examples.known_at.max()),
        labels=len(examples),
        held_out=int(seen.sum()),
        brier=round(float(errors.mean()), 6),
        plain_brier=round(float(plain_errors.mean()), 6),
        p_value=round(_luck(plain_errors - errors), 6),
        reliability=reliability(own, examples.is_real[seen]),
    )


def _check(examples: Examples) -> None:
    real = int(examples.is_real.sum())
    if len(examples) < LEAST_LABELS or min(real, len(examples) - real) < LEAST_OF_EACH:
        raise DataError(
            "train",
            f"{real} confirmed and {len(examples) - real} rejected alerts are known",
            f"{LEAST_LABELS} answers are needed, {LEAST_OF_EACH} of each; see tocsin labels",
        )


def _held_out(examples: Examples) -> tuple[Array, Array, Array, Array]:
    """Chances where something was known before, and where that was.

    Three (m,): by the model before correction, by the model, by the plain map; and (n,) bool.
    """
    seen = np.zeros(len(examples), bool)
    raw, own, plain = np.zeros((3, len(examples)))
    for block in np.array_split(np.arange(len(examples)), BLOCKS)[1:]:
        known = examples.known_at < examples.warned_at[block[0]]
        if min(examples.is_real[known].sum(), (~examples.is_real[known]).sum()) < 2:
            continue
        judged = seen & known
        fitted = _fit(examples.values[known], examples.is_real[known], RISING)
        raw[block] = _chance(examples.values[block], *fitted)
        own[block] = _correction(raw[judged], examples.is_real[judged]).over(raw[block])
        seen[block] = True
        curve = _fit(examples.risk[known, None], examples.is_real[known], (True,))
        plain[block] = _stronger(examples, known, block, _chance(examples.risk[:, None], *curve))
    if not seen.any():
        raise DataError("train", "no alert was answered before the next ones came", "wait for more answers")
    return raw[seen], own[seen], plain[seen], seen


def _correction(chances: Array, is_real: Array) -> Curve:
    """The curve that puts chances right, if luck does not explain how far they are off; else none."""
    if len(chances) < LEAST_JUDGED or not reliability(chances, is_real).is_off:
        return Curve()
    curve = curve_of(chances, is_real)
    return curve if curve.slope > 0 else Curve()


def _stronger(examples: Examples, known: Array, block: Array, curve: Array) -> Array:
    """The plain map as it is, or as a curve: which of them was better until then."""
    truth = examples.is_real[known].astype(np.float64)
    as_it_is = float(((examples.risk[known] - truth) ** 2).mean())
    is_curve = float(((curve[known] - truth) ** 2).mean()) < as_it_is
    return np.asarray(curve[block] if is_curve else examples.risk[block])


def _fit(values: Array, is_real: Array, rising: tuple[bool, ...]) -> tuple[Array, float, Array, Array]:
    """Weights, intercept, means and scales; a feature whose weight falls where it must rise is left out."""
    means, scales = values.mean(axis=0), values.std(axis=0)
    scales = np.where(scales > 1e-9, scales, 1.0)
    scaled = (values - means) / scales
    kept = np.ones(values.shape[1], bool)
    while True:
        weights, intercept = np.zeros(values.shape[1]), _log_odds(is_real)
        if kept.any():
            fitted = LogisticRegression(C=STRENGTH, max_iter=1_000).fit(scaled[:, kept], is_real)
            weights[kept], intercept = fitted.coef_[0], float(fitted.intercept_[0])
        falling = np.flatnonzero((weights < 0) & np.array(rising))
        if not len(falling):
            return weights, intercept, means, scales
        kept[falling[np.argmin(weights[falling])]] = False


def _log_odds(is_real: Array) -> float:
    share = (is_real.sum() + 1.0) / (len(is_real) + 2.0)
    return float(np.log(share / (1.0 - share)))


def _chance(values: Array, weights: Array, intercept: float, means: Array, scales: Array) -> Array:
    score = intercept + ((values - means) / scales) @ weights
    return chance(score)


def _luck(gain: Array) -> float:
    """One-sided p-value of the paired test that the mean gain is above zero (Wilcoxon 1945)."""
    if not np.any(gain):
        return 1.0
    return float(stats.wilcoxon(gain, alternative="greater").pvalue)


def _numbers(values: Array) -> tuple[float, ...]:
    return tuple(round(float(value), 9) for value in values)
