"""Whether samples are flat: the slope of their block means with its error, and what that allows to say."""

import math
from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np

BLOCKS = 20
"""Neighbouring samples resemble each other; means of blocks hardly do, so residuals can be trusted."""

ERRORS = 2.0
"""Standard errors either way."""

Verdict = Literal["flat", "grows", "cannot say"]


class Slope(NamedTuple):
    """Change over one unit of time by least squares, and its standard error; both in the samples' unit."""

    value: float
    error: float

    def most(self, length: float) -> float:
        """The largest growth over so much time that the samples allow for."""
        return (self.value + ERRORS * self.error) * length

    def least(self, length: float) -> float:
        """The smallest."""
        return (self.value - ERRORS * self.error) * length


def slope(times: Sequence[float], values: Sequence[float], blocks: int = BLOCKS) -> Slope:
    """The slope of block means; infinite error with fewer than two samples a block."""
    if len(times) < 2 * blocks:
        return Slope(0.0, math.inf)
    x = np.array([float(part.mean()) for part in np.array_split(np.asarray(times, float), blocks)])
    y = np.array([float(part.mean()) for part in np.array_split(np.asarray(values, float), blocks)])
    spread = float(((x - x.mean()) ** 2).sum())
    value = float(((x - x.mean()) * (y - y.mean())).sum()) / spread
    rest = y - y.mean() - value * (x - x.mean())
    return Slope(value, math.sqrt(float((rest**2).sum()) / (blocks - 2) / spread))


def verdict(found: Slope, length: float, allowed: float) -> Verdict:
    """Flat if growth over ``length`` is surely within ``allowed``, growing if it is surely beyond nothing.

    A small growth that is certain is flat; a large error proves nothing either way.
    """
    if found.most(length) <= allowed:
        return "flat"
    return "grows" if found.least(length) > 0 else "cannot say"
