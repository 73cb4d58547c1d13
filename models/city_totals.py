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
            observed, expected = counted(before)
            self._observed.begin(len(before.observed), observed)
            self._expected.begin(len(before.expected), expected)
        self._rolling = rolling
        return (
            self._observed.push(before.observed, rolling.observed[-1]),
            self._expected.push(before.expected, rolling.expected[-1]),
        )


class _Line:
    """Totals of either counts or expectations."""

    def __init__(self, widths: tuple[int, ...]) -> None:
        self._widths = widths
        self._known: list[Array | None] = []  # of the longest window's buckets, (K,), once asked for
        self._sums: Array = np.zeros(0)  # (W, K)

    def begin(self, buckets: int, sums: Array) -> None:
        """Start from a state of so many buckets and its sums' totals, (W, K)."""
        self._known, self._sums = [None] * buckets, sums

    def push(self, past: tuple[Array, ...], bucket: Array) -> Array:
        """The sums' totals with one bucket more behind the ``past`` ones, each (A, K)."""
        # within an hour the same is expected, as the same array
        total = self._of(past, 1) if past and past[-1] is bucket else totals(bucket)
        none = np.zeros_like(total)
        gone = [self._of(past, width) if width <= len(past) else none for width in self._widths]
        self._sums = self._sums + total
        self._sums -= gone
        self._known = [*self._known, total][-self._widths[-1] :]
        return self._sums

    def _of(self, past: tuple[Array, ...], back: int) -> Array:
        """The totals of the bucket so many back."""
        known = self._known[-back]
        if known is None:
            known = self._known[-back] = totals(past[-back])
        return known
