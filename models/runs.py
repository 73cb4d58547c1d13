"""Runs of the same again, device by device: how much longer one is than what its own past has brought."""

from typing import Final

import msgspec
import numpy as np

from streams.panel import Array

TAIL: Final = 3.0
"""Beyond the longest run of the past the chance of a length falls with this power of it."""
MOST: Final = 6.0
GROWTH: Final = 2
"""A run that was strange raises what counts as longest to so many times that at most: a fault is no habit."""
FEWEST: Final = 100
"""Readings from which a past says how often the same comes again."""


class Runs(msgspec.Struct, frozen=True, eq=False):
    """The run that lasts and those before it, of n devices; lengths in steps."""

    length: np.ndarray  # (n,) int64: steps that the run has lasted, 0 for none
    longest: np.ndarray  # (n,) int64: of the runs that have ended
    repeats: np.ndarray  # (n,) int64: steps that brought the same again
    breaks: np.ndarray  # (n,) int64: steps that did not
    since: np.ndarray  # (n,) int64: where the run began, as told to ``after``


def start(devices: int) -> Runs:
    """No run yet."""
    return Runs(*(np.zeros(devices, np.int64) for _ in Runs.__struct_fields__))


def after(
    runs: Runs, is_same: Array, is_other: Array, at: Array | int, is_strange: Array, steady: int
) -> Runs:
    """One step on: ``is_same`` goes on with a run, ``is_other`` ends it, with neither it waits; (n,) bool.

    ``at`` is where a run begins that this step opens; runs marked in ``is_strange`` (n,) bool teach little.
    """
    taught = runs.length
    if is_strange.any():
        taught = np.where(is_strange, np.minimum(taught, GROWTH * (runs.longest + steady)), taught)
    return Runs(
        length=np.where(is_other, 0, runs.length + is_same),
        longest=np.where(is_other, np.maximum(runs.longest, taught), runs.longest),
        repeats=runs.repeats + is_same,
        breaks=runs.breaks + is_other,
        since=np.where(is_same & (runs.length == 0), at, runs.since),
    )


def strangeness(runs: Runs, steady: int) -> Array:
    """-log10 of the chance of so long a run by the device's own past, held at 6: (n,) float64, 0 for none.

    The weaker of two proofs. By its share of repeats p, one of ``breaks`` runs lasts so long with
    ``breaks`` p^length. By its longest run, ``steady`` steps longer since so short a past proves little, with
    (longest / length)^3: runs that come together, at night or on holidays, are no chain of chances.
    """
    if not runs.length.any():
        return np.zeros(len(runs.length))
    share = (runs.repeats + 1.0) / (runs.repeats + runs.breaks + 2.0)
    by_share = -runs.length * np.log10(share) - np.log10(runs.breaks + 1.0)
    by_longest = TAIL * np.log10(np.maximum(runs.length, 1) / (runs.longest + steady))
    is_known = (runs.breaks + runs.repeats >= FEWEST) & (runs.length > 0)
    return np.asarray(np.where(is_known, np.clip(np.minimum(by_share, by_longest), 0.0, MOST), 0.0))
