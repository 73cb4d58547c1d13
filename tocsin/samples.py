"""The samples of each metric, read from one reading of the city; pure."""

import heapq
from collections import Counter as Tally
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

import numpy as np

from alerting import episodes
from alerting.levels import MODES
from alerting.policy import reached
from models.hotspots import Hotspot
from streams.sealing import OUTCOMES
from tocsin.pipeline import NOT_STARTED
from tocsin.reading import SILENCE, Reading

Samples = Iterable[tuple[tuple[str, ...], float]]
Read = Callable[[Reading], Samples]

MILLION: Final = 1e6


def events(reading: Reading) -> Samples:
    """Records by feed and outcome."""
    for feed, row in _by_feed(reading).items():
        yield (feed, "accepted"), float(row[0])
        yield (feed, "rejected"), float(row[1:].sum())


def rejected(reading: Reading) -> Samples:
    """Records that are not counted, by feed and reason."""
    for feed, row in _by_feed(reading).items():
        for reason, count in zip(OUTCOMES[1:], row[1:], strict=True):
            if count:
                yield (feed, str(reason)), float(count)


def _by_feed(reading: Reading) -> dict[str, np.ndarray]:
    """Outcome counts of each feed over its partitions, in the order of ``OUTCOMES``."""
    totals: dict[str, np.ndarray] = {}
    for partition, row in zip(reading.city.partitions, reading.state.sealing.counts, strict=True):
        totals[partition.feed] = totals.get(partition.feed, np.zeros(len(OUTCOMES), np.int64)) + row
    return totals


def watermarks(reading: Reading) -> Samples:
    """The oldest watermark of each feed."""
    for feed, at in _oldest_watermark(reading).items():
        yield (feed,), float(at)


def lags(reading: Reading) -> Samples:
    """How far that is behind the clock."""
    for feed, at in _oldest_watermark(reading).items():
        yield (feed,), float(max(reading.now - at, 0))


def _oldest_watermark(reading: Reading) -> dict[str, int]:
    oldest: dict[str, int] = {}
    for partition, at in zip(reading.city.partitions, reading.state.sealing.watermark, strict=True):
        oldest[partition.feed] = min(int(at), oldest.get(partition.feed, int(at)))
    return oldest


def heard(reading: Reading) -> Samples:
    """How long ago each feed's newest event came."""
    for feed, at in sorted(reading.heard_at.items()):
        yield (feed,), float(max(reading.now - at, 0))


def silent(reading: Reading) -> Samples:
    """Whether each feed speaks."""
    found = reading.findings.silent if reading.findings else ()
    whole = {item.feed for item in found if item.areas is None}
    partly = {item.feed for item in found}
    for feed in reading.city.feeds:
        yield (feed.id,), 2.0 if feed.id in whole else 1.0 if feed.id in partly else 0.0


def sealed(reading: Reading) -> Samples:
    """Buckets closed since the origin."""
    if reading.state.origin_at != NOT_STARTED:
        first = reading.state.origin_at // reading.city.bucket_seconds
        yield (), float(reading.state.sealing.next_bucket - first)


def sealing_lag(reading: Reading) -> Samples:
    """Age of the end of the newest closed bucket."""
    if reading.state.origin_at != NOT_STARTED:
        ended_at = reading.state.sealing.next_bucket * reading.city.bucket_seconds
        yield (), float(max(reading.now - ended_at, 0))


def sealing_overdue(reading: Reading) -> Samples:
    """Whether buckets that are due do not close: then nothing here says that the city is calm."""
    for _, lag in sealing_lag(reading):
        yield (), float(lag > reading.city.overdue_after and not reading.is_rehearsal)


def decided(reading: Reading) -> Samples:
    """Decision time."""
    yield (), float(reading.state.machines.at)


def decision_age(reading: Reading) -> Samples:
    """How far decision time is behind the clock."""
    yield (), float(max(reading.now - reading.state.machines.at, 0))


def records(reading: Reading) -> Samples:
    """Records of the ledger that are folded."""
    yield (), float(reading.state.ledger_offset)


def waiting(reading: Reading) -> Samples:
    """Messages kept and not read."""
    yield (), float(reading.waiting)


def rehearsal(reading: Reading) -> Samples:
    """Whether recorded history is played."""
    yield (), float(reading.is_rehearsal)


def archive_wait(reading: Reading) -> Samples:
    """How long the oldest day that is over waits for its archive."""
    yield (), float(reading.archive_wait)


def house_neglected(reading: Reading) -> Samples:
    """Whether the last round of archiving and forgetting failed."""
    yield (), float(not reading.is_house_kept)


def entries(reading: Reading) -> Samples:
    """Entries of the journal."""
    yield (), float(reading.state.machines.chain.seq)


def hotspots(reading: Reading) -> Samples:
    """Open hotspots by category."""
    tally = Tally(spot.category for spot in _spots(reading))
    for category in (*reading.city.taxonomy.category_ids, SILENCE):
        yield (category,), float(tally[category])


def highest_risk(reading: Reading) -> Samples:
    """The highest risk of all."""
    yield (), max((spot.risk for spot in _spots(reading)), default=0) / MILLION


def of_hotspots(value: Callable[[Hotspot, Reading], float]) -> Read:
    """One sample for each of the gravest hotspots, with its category and the unit that owns it."""

    def samples(reading: Reading) -> Iterator[tuple[tuple[str, ...], float]]:
        ranked = sorted(_spots(reading), key=lambda spot: (-spot.risk, spot.began_at, spot.id))
        streets, tree = reading.plates.streets, reading.plates.tree
        for spot in ranked[: reading.settings.top_hotspots]:
            owner = episodes.owner(spot, streets, tree)
            yield (spot.id, spot.category, owner), float(value(spot, reading))

    return samples


def rank_of_risk(risk: int, reading: Reading) -> int:
    """The enter line that a risk (in millionths) reaches."""
    return reached(risk, reading.state.policy.enter_lines)


def of_areas(value: Callable[[int, Reading], float]) -> Read:
    """One sample for each of the areas of highest risk; none while risk is not known anywhere.

    ``value`` is given the highest risk, in millionths, of the hotspots that touch the area.
    """

    def samples(reading: Reading) -> Iterator[tuple[tuple[str, ...], float]]:
        if reading.findings is None or reading.findings.warming_up:
            return
        risks = dict.fromkeys(reading.plates.areas, 0)
        for spot in _spots(reading):
            for area in spot.areas:  # the city's own too: places where it gathers
                risks[area] = max(risks[area], spot.risk)
        for area in heapq.nsmallest(reading.settings.top_areas, risks, key=lambda a: (-risks[a], a)):
            yield (area, *reading.plates.areas[area]), float(value(risks[area], reading))

    return samples


def _spots(reading: Reading) -> tuple[Hotspot, ...]:
    return reading.findings.hotspots if reading.findings else ()


def of_units(value: Callable[[Any], float]) -> Read:
    """One sample for each unit, read from its machine."""

    def samples(reading: Reading) -> Iterator[tuple[tuple[str, ...], float]]:
        for unit, machine in reading.state.machines.real.items():
            yield (unit, *reading.plates.units[unit]), float(value(machine))

    return samples


def duties(is_counted: Callable[[Any, int], bool]) -> Read:
    """Duties of each unit and kind that ``is_counted`` (duty, decision time) admits."""

    def samples(reading: Reading) -> Iterator[tuple[tuple[str, ...], float]]:
        for unit, machine in reading.state.machines.real.items():
            kinds = Tally(d.kind for d in machine.duties if is_counted(d, reading.state.machines.at))
            for kind, count in sorted(kinds.items()):
                yield (unit, kind), float(count)

    return samples


def is_late(duty: Any, at: int) -> bool:
    """Whether a duty was called for again, rests with all calls used, or is due by decision time ``at``."""
    return duty.calls > 0 or duty.due_at is None or duty.due_at <= at


def duty_left(reading: Reading) -> Samples:
    """Time to the next deadline of each unit and kind; negative where it has passed."""
    for unit, machine in reading.state.machines.real.items():
        left: dict[str, int] = {}
        for duty in machine.duties:
            if duty.due_at is not None:
                seconds = duty.due_at - reading.now
                left[duty.kind] = min(seconds, left.get(duty.kind, seconds))
        for kind, seconds in sorted(left.items()):
            yield (unit, kind), float(seconds)


def alerts(reading: Reading) -> Samples:
    """Open alerts, by whether somebody has acknowledged them."""
    tally = Tally(alert.state for alert in reading.state.alerts.alerts.values())
    for state in ("active", "acknowledged"):
        yield (state,), float(tally[state])


def pairs(field: str) -> Read:
    """What an edge counted, by its labels."""

    def samples(reading: Reading) -> Iterator[tuple[tuple[str, ...], float]]:
        for pair, count in sorted(getattr(reading, field).items()):
            yield pair, float(count)

    return samples


def info(field: str) -> Read:
    """A one for each thing, that carries its names."""

    def samples(reading: Reading) -> Iterator[tuple[tuple[str, ...], float]]:
        for labels in getattr(reading.plates, field):
            yield labels, 1.0

    return samples


def budget(field: str) -> Read:
    """One figure of the alarm budget."""

    def samples(reading: Reading) -> Iterator[tuple[tuple[str, ...], float]]:
        if reading.findings:
            yield (), float(getattr(reading.findings.budget, field))

    return samples


def budget_part(field: str) -> Read:
    """One figure of the alarm budget, of all places together and of the city as a whole."""

    def samples(reading: Reading) -> Iterator[tuple[tuple[str, ...], float]]:
        if reading.findings:
            budget = reading.findings.budget
            of_city = float(getattr(budget, f"city_{field}"))
            yield ("places",), float(getattr(budget, field)) - of_city
            yield ("city",), of_city

    return samples


def misfit(reading: Reading) -> Samples:
    """Where the model no longer fits; nothing before the first bucket."""
    if reading.findings is not None:
        sides = {found.category: found.side for found in reading.findings.misfits}
        for category in reading.city.taxonomy.category_ids:
            yield (category,), float(sides.get(category, 0))


def city_misfit(reading: Reading) -> Samples:
    """The same for the city's total."""
    if reading.findings is not None:
        yield (), float(sum(found.side for found in reading.findings.misfits if not found.category))


def warming_up(reading: Reading) -> Samples:
    """Whether there is too little history to warn."""
    yield (), float(reading.findings is None or reading.findings.warming_up)


def mode(machine: Any) -> float:
    """The mode as its number."""
    return MODES.index(machine.mode)
