"""A payload's columns, mapped: the facts of each record as arrays, or the reason why it has none."""

from collections.abc import Callable, Sequence
from typing import Final

import msgspec
import numpy as np

from streams.event_time import BLANK, FINE, IN_FOLD, IN_GAP, UNREADABLE, Times
from streams.events import MAX_VALUE, REASON_CODE, REASONS, VALUE_SCALE, Reason
from streams.gazetteer import OUTSIDE
from streams.redaction import redacted
from streams.sources.cells import coded, flags, numbers, texts
from streams.sources.columns import Cells, Columns, Refusal
from streams.sources.plan import Plan
from streams.taxonomy import SEVERITIES

_QUOTED: Final = 40  # characters of a source's own code that a refusal repeats, redacted


class Batch(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """n records, mapped; where ``reason`` is not 0 the other facts mean nothing."""

    happened: np.ndarray  # (n,) int64 seconds UTC
    received: np.ndarray  # (n,) int64 seconds UTC
    area: np.ndarray  # (n,) int64, index; −1 for sensors
    category: np.ndarray  # (n,) int64, index; −1 for sensors
    severity: np.ndarray  # (n,) int64, 0 to 4
    sensor: np.ndarray  # (n,) int64, index; −1 for others
    value: np.ndarray  # (n,) int64, millionths
    is_exercise: np.ndarray  # (n,) bool
    reason: np.ndarray  # (n,) uint8, REASON_CODE; 0 accepted
    why: dict[int, Refusal]  # by position
    in_gap: int  # times in a DST gap
    in_fold: int


class Verdicts:
    """The refusals of a batch while it is mapped; the first one of a record stands."""

    def __init__(self, columns: Columns) -> None:
        self.reason: Final = np.zeros(columns.length, np.uint8)
        self.why: Final[dict[int, Refusal]] = {}
        for place, refusal in columns.refused.items():
            self._refuse(place, refusal)

    @property
    def is_open(self) -> np.ndarray:
        """Records not refused so far, (n,) bool."""
        return np.asarray(self.reason == 0)

    def refuse(self, mask: np.ndarray, refusal: Refusal | Callable[[int], Refusal]) -> None:
        """Refuse the records of the ``mask`` that are still open."""
        for place in np.flatnonzero(mask & self.is_open).tolist():
            self._refuse(place, refusal(place) if callable(refusal) else refusal)

    def _refuse(self, place: int, refusal: Refusal) -> None:
        self.reason[place] = REASON_CODE[refusal.reason]
        self.why[place] = refusal


def mapped(
    columns: Columns,
    plan: Plan,
    received_at: int,
    max_skew: int,
    is_history: bool,
    before_at: int | None = None,
) -> Batch:
    """The facts of the records of ``columns``, which ``with_constants`` made.

    Live, all of them came at ``received_at``. In a history each came when its own column says, else when it
    happened, else with the one before it (the first ones: at ``before_at``, or with the next), and none came
    after ``received_at``, when the history is read.
    """
    verdicts = Verdicts(columns)
    _leave_out(columns, plan, verdicts)
    times, received = _times(columns, plan, verdicts, received_at, is_history, before_at)
    _refuse_far_times(times.at, received, plan, verdicts, max_skew)
    nowhere = np.full(columns.length, OUTSIDE, np.int64)
    area = category = sensor = nowhere
    value = np.zeros(columns.length, np.int64)
    if plan.is_sensor:
        sensor, value = _readings(columns, plan, verdicts)
    else:
        category = _categories(columns, plan, verdicts)
        area = _areas(columns, plan, verdicts)
    accepted = verdicts.is_open
    return Batch(
        happened=times.at,
        received=received,
        area=area,
        category=category,
        severity=_severities(columns, plan, verdicts),
        sensor=sensor,
        value=value,
        is_exercise=_exercises(columns, plan),
        reason=verdicts.reason,
        why=verdicts.why,
        in_gap=int(((times.state == IN_GAP) & accepted).sum()),
        in_fold=int(((times.state == IN_FOLD) & accepted).sum()),
    )


def with_constants(columns: Columns, plan: Plan) -> Columns:
    """The columns with those that the mapping sets itself; a wide table turned long."""
    constants = {name: [value] * columns.length for name, value in plan.mapping.constant.items()}
    columns = msgspec.structs.replace(columns, cells={**columns.cells, **constants})
    return plan.long(columns)


def _leave_out(columns: Columns, plan: Plan, verdicts: Verdicts) -> None:
    for name in plan.mapping.leave_out:
        is_out = coded([columns.column(name)], lambda value, name=name: plan.is_left_out(name, value))  # type: ignore[misc]
        verdicts.refuse(is_out == 1, Refusal(Reason.LEFT_OUT, "the mapping leaves it out", name))


def _times(
    columns: Columns,
    plan: Plan,
    verdicts: Verdicts,
    received_at: int,
    is_history: bool,
    before_at: int | None,
) -> tuple[Times, np.ndarray]:
    names = plan.mapping.happened
    times = _first_times(columns, plan, names)
    field = names[0]
    if plan.mapping.happens_on_arrival:
        is_blank = times.state == BLANK
        times = Times(np.where(is_blank, received_at, times.at), np.where(is_blank, FINE, times.state))
    verdicts.refuse(times.state == BLANK, Refusal(Reason.MISSING_FIELD, "no time of the event", field))
    verdicts.refuse(times.state == UNREADABLE, Refusal(Reason.BAD_TIME, "the time cannot be read", field))
    received = np.full(columns.length, received_at, np.int64)
    if is_history:
        is_dated = (times.state != BLANK) & (times.state != UNREADABLE)
        is_known = np.zeros(columns.length, bool)
        if plan.mapping.received:
            arrival = plan.times.read(columns.column(plan.mapping.received))
            is_known = (arrival.state != BLANK) & (arrival.state != UNREADABLE)
            received = np.where(is_known, arrival.at, received)
        is_ancient = is_dated & ~is_known & (times.at < plan.earliest_at)
        verdicts.refuse(
            is_ancient, Refusal(Reason.ANCIENT, f"dated before {plan.mapping.earliest}, the earliest", field)
        )
        is_dated &= ~is_ancient
        received = np.where(is_dated & ~is_known, times.at, received)
        is_dated |= is_known
        received = np.minimum(_with_neighbours(received, is_dated, before_at), received_at)
    return times, received


def _with_neighbours(received: np.ndarray, is_dated: np.ndarray, before_at: int | None) -> np.ndarray:
    """(n,) arrivals where those without a date have that of the one before, the first ones of the next."""
    if before_at is not None:
        received = np.concatenate(([before_at], received))
        return _with_neighbours(received, np.concatenate(([True], is_dated)), None)[1:]
    dated = np.flatnonzero(is_dated)
    if not len(dated) or len(dated) == len(received):
        return received
    before = np.searchsorted(dated, np.arange(len(received)), side="right") - 1
    return np.asarray(received[dated[np.maximum(before, 0)]])


def _first_times(columns: Columns, plan: Plan, names: Sequence[str]) -> Times:
    times = plan.times.read(columns.column(names[0]))
    for name in names[1:]:
        other = plan.times.read(columns.column(name))
        is_blank = times.state == BLANK
        times = Times(np.where(is_blank, other.at, times.at), np.where(is_blank, other.state, times.state))
    return times


def _refuse_far_times(
    happened: np.ndarray, received: np.ndarray, plan: Plan, verdicts: Verdicts, max_skew: int
) -> None:
    ahead, field = happened - received, plan.mapping.happened[0]
    verdicts.refuse(
        ahead > max_skew,
        lambda place: Refusal(Reason.FUTURE, f"dated {ahead[place]} s after it came", field),
    )
    verdicts.refuse(
        -ahead > plan.feed.max_age_seconds,
        lambda place: Refusal(Reason.ANCIENT, f"dated {-ahead[place]} s before it came", field),
    )


def _categories(columns: Columns, plan: Plan, verdicts: Verdicts) -> np.ndarray:
    spec = plan.mapping.category
    if not spec.columns:
        return np.full(columns.length, plan.category(""), np.int64)
    cells = [columns.column(name) for name in spec.columns]
    found = coded(cells, plan.category, spec.joint)
    field = " + ".join(spec.columns)
    verdicts.refuse(found < 0, lambda place: _unknown(cells, place, spec.joint, field, "category"))
    return found


def _unknown(cells: Sequence[Cells], place: int, joint: str, field: str, what: str) -> Refusal:
    value = texts([[column[place]] for column in cells], joint)[0]
    if not value:
        return Refusal(Reason.MISSING_FIELD, f"no {what}", field)
    reason = Reason.UNKNOWN_CATEGORY if what == "category" else Reason.UNKNOWN_AREA
    return Refusal(reason, f"no {what} is known as {redacted(value)[:_QUOTED]!r}", field)


class _Places(msgspec.Struct, frozen=True, eq=False):
    """The points of a batch, (n,) each; NaN where there is none."""

    lons: np.ndarray
    lats: np.ndarray
    is_bad: np.ndarray  # a coordinate that is no number, or none on Earth
    is_placeholder: np.ndarray

    @property
    def is_point(self) -> np.ndarray:
        return np.asarray(np.isfinite(self.lons) & np.isfinite(self.lats))


def _areas(columns: Columns, plan: Plan, verdicts: Verdicts) -> np.ndarray:
    spec = plan.mapping.area
    found = np.full(columns.length, OUTSIDE, np.int64)
    places = _places(columns, plan)
    for way in spec.order:
        rest = np.flatnonzero((found == OUTSIDE) & verdicts.is_open)
        if way == "point" and spec.longitude:
            found[rest] = _by_point(places, rest, plan)
        elif way == "name":
            found[rest] = _by_name(columns, rest, plan)
    if spec.default:
        found[found == OUTSIDE] = plan.gazetteer.index(spec.default)
    _refuse_nowhere(columns, places, plan, verdicts, found == OUTSIDE)
    return found


def _places(columns: Columns, plan: Plan) -> _Places:
    spec, length = plan.mapping.area, columns.length
    if not spec.longitude:
        none, no = np.full(length, np.nan), np.zeros(length, bool)
        return _Places(none, none, no, no)
    lons, lon_state = numbers(columns.column(spec.longitude))
    lats, lat_state = numbers(columns.column(spec.latitude))
    is_bad = (lon_state == UNREADABLE) | (lat_state == UNREADABLE)
    with np.errstate(invalid="ignore"):
        is_bad |= (np.abs(lons) > 180) | (np.abs(lats) > 180)
        is_placeholder = plan.gazetteer.is_placeholder(lons, lats)
    return _Places(lons, lats, is_bad, is_placeholder)


def _by_point(places: _Places, rest: np.ndarray, plan: Plan) -> np.ndarray:
    is_usable = (places.is_point & ~places.is_bad & ~places.is_placeholder)[rest]
    found = np.full(len(rest), OUTSIDE, np.int64)
    usable = rest[is_usable]
    found[is_usable] = plan.locate(places.lons[usable], places.lats[usable])
    return found


def _by_name(columns: Columns, rest: np.ndarray, plan: Plan) -> np.ndarray:
    found = np.full(len(rest), OUTSIDE, np.int64)
    if not len(rest):
        return found
    for name in plan.mapping.area.name:
        codes = coded([columns.column(name)], plan.area_named)[rest]
        found = np.where(found == OUTSIDE, codes, found)
    return found


def _refuse_nowhere(
    columns: Columns, places: _Places, plan: Plan, verdicts: Verdicts, is_nowhere: np.ndarray
) -> None:
    spec = plan.mapping.area
    is_nowhere = is_nowhere & verdicts.is_open
    if not is_nowhere.any():
        return
    point = f"{spec.longitude}, {spec.latitude}" if spec.longitude else ""
    verdicts.refuse(
        is_nowhere & places.is_placeholder,
        Refusal(Reason.PLACEHOLDER_POINT, "the source's point for places that it does not know", point),
    )
    is_outside = is_nowhere & places.is_point
    is_swapped = np.zeros(columns.length, bool)
    is_swapped[is_outside] = plan.gazetteer.is_swapped(places.lons[is_outside], places.lats[is_outside])
    swapped = Refusal(Reason.SWAPPED_COORDINATES, "lies inside with longitude and latitude exchanged", point)
    verdicts.refuse(is_swapped, swapped)
    bad = Refusal(Reason.BAD_VALUE, "a coordinate is no number of degrees", point)
    verdicts.refuse(is_nowhere & places.is_bad, bad)
    if spec.name:
        _refuse_names(columns, plan, verdicts, is_nowhere)
    outside = Refusal(Reason.UNMAPPABLE, "the point lies outside all areas", point)
    verdicts.refuse(is_nowhere & places.is_point, outside)
    names = ", ".join(filter(None, (point, *spec.name)))
    verdicts.refuse(is_nowhere, Refusal(Reason.MISSING_FIELD, "no place", names))


def _refuse_names(columns: Columns, plan: Plan, verdicts: Verdicts, is_nowhere: np.ndarray) -> None:
    """Where a name was given that no area bears; without a name the point decides."""
    cells = [columns.column(name) for name in plan.mapping.area.name]
    is_named = np.zeros(columns.length, bool)
    for column in cells:
        is_named |= coded([column], lambda value: value != "") == 1
    field = ", ".join(plan.mapping.area.name)
    verdicts.refuse(is_nowhere & is_named, lambda place: _unknown(cells, place, ", ", field, "area"))


def _severities(columns: Columns, plan: Plan, verdicts: Verdicts) -> np.ndarray:
    spec = plan.mapping.severity
    if not spec.column:
        return np.full(columns.length, spec.default, np.int64)
    found = coded([columns.column(spec.column)], plan.severity)
    what = f"is no severity from {SEVERITIES[0]} to {SEVERITIES[-1]}"
    verdicts.refuse(found < 0, Refusal(Reason.BAD_VALUE, what, spec.column))
    return found


def _exercises(columns: Columns, plan: Plan) -> np.ndarray:
    name = plan.mapping.exercise
    return flags(columns.column(name)) if name else np.zeros(columns.length, bool)


def _readings(columns: Columns, plan: Plan, verdicts: Verdicts) -> tuple[np.ndarray, np.ndarray]:
    spec = plan.mapping.sensor
    cells = [columns.column(name) for name in spec.id]
    sensor = coded(cells, plan.sensor, spec.joint)
    field = " + ".join((*plan.declared.sensor.id, *plan.declared.sensor.values))
    verdicts.refuse(sensor < 0, Refusal(Reason.UNKNOWN_SENSOR, "the feed has no such sensor", field))
    values, state = numbers(columns.column(spec.value))
    values = values * spec.scale
    _refuse_values(values, state, plan, verdicts, " or ".join(plan.declared.sensor.values) or spec.value)
    return sensor, np.rint(np.where(verdicts.is_open, values, 0.0) * VALUE_SCALE).astype(np.int64)


def _refuse_values(values: np.ndarray, state: np.ndarray, plan: Plan, verdicts: Verdicts, field: str) -> None:
    spec = plan.mapping.sensor
    verdicts.refuse(state == BLANK, Refusal(Reason.MISSING_FIELD, "no reading", field))
    is_finite = Refusal(Reason.BAD_VALUE, "the reading is no finite number", field)
    verdicts.refuse(state == UNREADABLE, is_finite)
    low = -MAX_VALUE if spec.lowest is None else spec.lowest
    high = MAX_VALUE if spec.highest is None else spec.highest
    with np.errstate(invalid="ignore"):
        is_out = (values < max(low, -MAX_VALUE)) | (values > min(high, MAX_VALUE))
    verdicts.refuse(is_out, Refusal(Reason.BAD_VALUE, f"the reading is not in {low:g} to {high:g}", field))


def counts(batch: Batch) -> dict[str, int]:
    """How many records were accepted, refused by each reason, and dated in a gap or fold of a zone."""
    tally = np.bincount(batch.reason, minlength=len(REASONS) + 1).tolist()
    named = dict(zip(("accepted", *map(str, REASONS)), tally, strict=True))
    named |= {"dst_gap": batch.in_gap, "dst_fold": batch.in_fold}
    return {name: count for name, count in named.items() if count}
