"""What all areas together have in each window, one bucket at a time: what leaves is known from when it came.

Kept beside the state, never in it, and made of it anew where another state is asked for. Counts and
expectations are on the grid of the windows, so a total that goes on is the total of the sums, to the bit.
"""

import numpy as np

from models.windows import Rolling, totals
from streams.panel import Array


def counted(rolling: Rolling) -> tuple[Array, Array]:
    """Counts and expectations of every window, added up: two (W, K) float64."""
    observed, expected = (
        np.array([totals(window) for window in sums])
        for sums in (rolling.observed_sums, rolling.expected_sums)
    )
    return observed, expected


class CityTotals:
    """The totals of one panel's windows; W windows, K columns."""

    def __init__(self, widths: tuple[int, ...]) -> None:
        self._widths = widths
        self._rolling: Rolling | None = None
        self._observed, self._expected = _Line(widths), _Line(widths)

    def after(self, before: Rolling, rolling: Rolling) -> tuple[Array, Array]:
        """Counts and expectations of ``rolling``, one bucket after ``before``: two (W, K) float64."""
        if self._rolling is not before:
            self._observed, self._expected = _Line(self._widths), _Line(self._widths)
            observed, expected = counted(before)
            self._observed.begin(before.observed, observed)
            self._expected.begin(before.expected, expected)
        self._rolling = rolling
        return self._observed.push(rolling.observed[-1]), self._expected.push(rolling.expected[-1])


class _Line:
    """Totals of either counts or expectations."""

    def __init__(self, widths: tuple[int, ...]) -> None:
        self._widths = widths
        self._past: list[Array] = []  # of the longest window's buckets, oldest first, each (K,)
        self._last: Array | None = None  # the newest bucket, (A, K)
        self._sums: Array = np.zeros(0)  # (W, K)

    def begin(self, past: tuple[Array, ...], sums: Array) -> None:
        """Start from a state's buckets and its sums' totals, (W, K)."""
        self._past = [totals(bucket) for bucket in past]
        self._last = past[-1] if past else None
        self._sums = sums

    def push(self, bucket: Array) -> Array:
        """The sums' totals with one bucket more, (A, K)."""
        # within an hour the same is expected, as the same array
        total = self._past[-1] if bucket is self._last else totals(bucket)
        none, length = np.zeros_like(total, np.float64), len(self._past)
        gone = [self._past[-width] if width <= length else none for width in self._widths]
        self._sums = self._sums + total
        self._sums -= gone
        self._past = [*self._past[-self._widths[-1] + 1 :], total] if self._widths[-1] > 1 else [total]
        self._last = bucket
        return self._sums
