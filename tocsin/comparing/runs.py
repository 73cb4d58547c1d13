"""Two run directories, compared: what a replay would have decided otherwise."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec

from replay import comparison
from replay.comparison import Comparison, Pair, Side, Span
from replay.hotspot_log import Told
from streams.errors import DataError
from tocsin.run_directory import Run

NIGHT: Final = (23, 6)
"""From this local hour to that one somebody is woken by a message."""
TELLING: Final = frozenset({"notify", "report"})


class Compared(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Two runs, what differs, and how each unit stood in both."""

    a: Run
    b: Run
    found: Comparison
    spans_a: tuple[Span, ...]
    spans_b: tuple[Span, ...]


def compare(a: Run, b: Run) -> Compared:
    """B against A, over the time that both have.

    Raises:
        DataError: they are of different cities, or have no time in common.
    """
    if a.manifest.city != b.manifest.city:
        raise DataError(
            str(b.path),
            f"is a run of {b.manifest.city}, and {a.path} is one of {a.manifest.city}",
            "name two runs of one city",
        )
    starts_at, ends_at = common_span(a, b)
    side_a, side_b = (_side(run, starts_at, ends_at) for run in (a, b))
    places = a.geography
    hold = max(a.geography.hold_seconds, b.geography.hold_seconds)
    nights = nights_of(places.zone, starts_at, ends_at)
    found = comparison.compared(side_a, side_b, places.near(), hold, (starts_at, ends_at), nights)
    return Compared(a=a, b=b, found=found, spans_a=side_a.spans, spans_b=side_b.spans)


def common_span(a: Run, b: Run) -> tuple[int, int]:
    """The time in which both were scored (seconds UTC)."""
    totals = [run.manifest.totals for run in (a, b)]
    starts_at = max(max(own["from"], own["scored_from"]) for own in totals)
    ends_at = min(own["to"] for own in totals)
    if starts_at >= ends_at:
        raise DataError(
            f"{a.path} and {b.path}", "have no scored time in common", "compare runs over one history"
        )
    return starts_at, ends_at


def _side(run: Run, starts_at: int, ends_at: int) -> Side:
    entries = [entry for entry in run.entries() if not entry.exercise and entry.at < ends_at]
    told = [entry for entry in entries if entry.at >= starts_at]
    return Side(
        hotspots=tuple(_so_far(one, ends_at) for one in run.hotspots if starts_at <= one.seen_at < ends_at),
        labels=run.labels,
        spans=comparison.spans_of(entries, starts_at, ends_at),
        notified=tuple(e.at for e in told for f in e.effects if f.kind in TELLING and not f.is_exercise),
    )


def _so_far(told: Told, ends_at: int) -> Told:
    """The hotspot as one knew it at ``ends_at``: a warning that came later had not come."""
    is_later = told.warned_at is not None and told.warned_at >= ends_at
    return msgspec.structs.replace(told, warned_at=None) if is_later else told


def nights_of(zone: str, starts_at: int, ends_at: int) -> list[range]:
    """The stretches (seconds UTC) in which people sleep."""
    return list(_nights(ZoneInfo(zone), starts_at, ends_at))


def _nights(zone: ZoneInfo, starts_at: int, ends_at: int) -> Iterator[range]:
    day = datetime.fromtimestamp(starts_at, UTC).astimezone(zone).date() - timedelta(days=1)
    while True:
        dusk = datetime(day.year, day.month, day.day, NIGHT[0], tzinfo=zone)
        after = day + timedelta(days=1)
        dawn = datetime(after.year, after.month, after.day, NIGHT[1], tzinfo=zone)
        if dusk.timestamp() >= ends_at:
            return
        yield range(int(dusk.timestamp()), int(dawn.timestamp()))
        day = after


def facts(compared: Compared) -> dict[str, Any]:
    """All as JSON types, for a script."""
    found, places = compared.found, compared.a.geography
    tiers = {unit.id: unit.tier for unit in places.units}
    return {
        "city": places.city,
        "from": found.starts_at,
        "to": found.ends_at,
        "runs": {name: _run_facts(run) for name, run in (("a", compared.a), ("b", compared.b))},
        "is_same": found.is_same,
        "alerts": {change: found.count(change) for change in comparison.CHANGES},
        "median_lead_seconds": found.median_lead,
        "by_tier": _counts(comparison.tally(found.pairs, tiers)),
        "by_unit": _counts(comparison.tally(found.pairs, {unit.id: unit.id for unit in places.units})),
        "by_category": _counts(comparison.tally(found.pairs)),
        "measures": [msgspec.to_builtins(measure) for measure in found.measures],
        "changed": [_pair_facts(pair) for pair in found.pairs if pair.change != "same"],
        "modes": [msgspec.to_builtins(one) for one in found.differences],
    }


def _run_facts(run: Run) -> dict[str, Any]:
    own = run.manifest
    return {
        "path": str(run.path),
        "changes": list(own.changes),
        "policy": own.policy,
        "detection": own.detection,
        "config": own.config_digest,
        "code": own.code,
        "last_hash": own.totals["journal"]["last_hash"],
    }


def _counts(tally: dict[str, Any]) -> dict[str, dict[str, int]]:
    return {key: {c: own[c] for c in comparison.CHANGES if own[c]} for key, own in tally.items()}


def _pair_facts(pair: Pair) -> dict[str, Any]:
    told = pair.told
    return {
        "change": pair.change,
        "category": told.category,
        "feed": told.feed,
        "unit": told.unit,
        "areas": list(told.areas),
        "lead_seconds": pair.lead_seconds,
        **{
            side: {"id": one.id, "warned_at": one.warned_at, "rank": one.rank} if one else None
            for side, one in (("a", pair.a), ("b", pair.b))
        },
    }
