"""Invented readings of devices, with one trouble for each way in which a device can be unlike its past."""

from typing import Final, NamedTuple

import numpy as np

from streams.panel import Array

GROUPS, PER_KIND = 3, 8
DAY: Final = 24
CYCLE: Final = 1.5
"""Half of the swing between day and night; the noise of an hour is 0.5."""

EACH: Final = 4
"""How often each trouble comes."""

APART: Final = 2 * DAY
HOURS: Final = {
    "spike": 1, "offset": 24, "leak": 144, "flat": 36, "phase": 48, "noisy": 24, "kind": 12,
}  # fmt: skip
"""How long each trouble lasts: one wrong reading, another level, a slow drift, the same value all along, the
day of a device turned round, more noise, and a small shift of all devices of a kind."""


class Trouble(NamedTuple):
    """What ``devices`` of one ``group`` (a kind of device) do from hour ``first`` to before ``last``."""

    kind: str
    group: int
    devices: tuple[int, ...]  # within their kind
    first: int
    last: int


def device_values(rng: np.random.Generator, judged: tuple[int, int]) -> tuple[Array, list[Trouble]]:
    """Values of all hours up to the last judged, (T, S) float64, device k of kind g in column 3k + g."""
    troubles = _troubles(rng, judged)
    t = np.arange(judged[1])
    values = np.empty((judged[1], PER_KIND, GROUPS))
    weather = _noise(rng, (judged[1], GROUPS), 0.98, 0.3)
    for group in range(GROUPS):
        for device in range(PER_KIND):
            own = [x for x in troubles if x.group == group and device in x.devices]
            phase = rng.uniform(0, 0.5) + group
            cycle = CYCLE * np.sin(_hours(t, own) * 2 * np.pi / DAY + phase)
            made = 20.0 + cycle + weather[:, group] + _noise(rng, (judged[1],), 0.7, 0.5)
            values[:, device, group] = _troubled(made.round(2), own, rng)
    return values.reshape(judged[1], -1), troubles


def _troubles(rng: np.random.Generator, judged: tuple[int, int]) -> list[Trouble]:
    """Each kind of trouble ``EACH`` times, two days apart within one kind of device."""
    wanted = rng.permutation([kind for kind in HOURS for _ in range(EACH)]).tolist()
    free = [judged[0] + int(rng.integers(DAY)) for _ in range(GROUPS)]
    found = []
    for kind in wanted:
        group = int(np.argmin(free))
        devices = tuple(range(PER_KIND)) if kind == "kind" else (int(rng.integers(PER_KIND)),)
        first = free[group] + int(rng.integers(DAY))
        last = first + HOURS[kind]
        if last < judged[1]:
            found.append(Trouble(kind, group, devices, first, last))
            free[group] = last + APART
    return found


def _noise(rng: np.random.Generator, size: tuple[int, ...], memory: float, spread: float) -> Array:
    """Noise that remembers its last hour, axis 0 in time."""
    fresh = rng.normal(0, spread * (1 - memory**2) ** 0.5, size)
    for t in range(1, len(fresh)):
        fresh[t] += memory * fresh[t - 1]
    return fresh


def _hours(t: Array, troubles: list[Trouble]) -> Array:
    """The hour that a device's day is in: twelve off while it is turned round."""
    turned = [(t >= x.first) & (t < x.last) for x in troubles if x.kind == "phase"]
    return t + 12.0 * np.any([np.zeros(len(t), bool), *turned], axis=0)


def _troubled(values: Array, troubles: list[Trouble], rng: np.random.Generator) -> Array:
    """The values with what went wrong in them."""
    for x in troubles:
        span = slice(x.first, x.last)
        length = x.last - x.first
        if x.kind == "flat":
            values[span] = values[x.first - 1]
        elif x.kind == "noisy":
            values[span] += rng.normal(0, 3.0, length)
        elif x.kind == "leak":
            values[span] += 8.0 * np.minimum(np.arange(length) / (5 * DAY), 1.0)
        else:
            values[span] += {"spike": 8.0, "offset": 4.0, "kind": 2.0, "phase": 0.0}[x.kind]
    return values
