"""Which areas lie near which: the k nearest by the distance of their centroids."""

import numpy as np

from streams.panel import Array


def nearest(centroids: Array, k: int) -> Array:
    """The ``k`` nearest areas of each area, itself first: (A, k) int64; ties go to the lower index.

    ``centroids`` is (A, 2) float64 metres. Fewer than ``k`` areas give that many columns.
    """
    count = len(centroids)
    k = min(k, count)
    delta = centroids[:, None, :] - centroids[None, :, :]
    distance = (delta**2).sum(axis=2)
    distance[np.arange(count), np.arange(count)] = -1.0
    order = np.argsort(distance, axis=1, kind="stable")
    return np.ascontiguousarray(order[:, :k])


def near_masks(near: Array) -> tuple[int, ...]:
    """Each area's neighbourhood as a bit mask, area 0 in the lowest bit."""
    return tuple(sum(1 << int(area) for area in row) for row in near)
