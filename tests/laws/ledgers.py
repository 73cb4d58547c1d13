"""Random ledgers of a small city, and a quick-tempered detection, so that few buckets make many decisions."""

import hashlib
from pathlib import Path

import msgspec
import numpy as np
from hypothesis import strategies as st

from alerting import journal
from detectors.findings import BudgetStatus, Findings, SilentFeed
from models.hotspots import AreaCount, Explanation, Hotspot, Share, hotspot_id
from streams.commands import COMMAND_KINDS, Command
from streams.events import REASON_CODE, Reason
from streams.ledger import (
    BUDGET,
    KIND_CODE,
    MARK_EXERCISE,
    MARK_FAST,
    MARK_REJECTED,
    MARK_TICK,
    NO_SERIES,
    Beat,
    Rows,
    blank_rows,
    settings,
)  # fmt: skip
from tocsin.config import load_city
from tocsin.pipeline import Pipeline

CITY = load_city(Path(__file__).parents[2] / "tocsin" / "starter")
WIDTH = CITY.bucket_seconds
ORIGIN = 1_760_000_400 // WIDTH * WIDTH
SERIES = len(CITY.gazetteer.area_ids) * len(CITY.taxonomy.category_ids)
PARTITIONS = len(CITY.partitions)
SENSOR_PARTITIONS = [n for n, p in enumerate(CITY.partitions) if p.feed == "sensors"]


class ToyState(msgspec.Struct, frozen=True):
    """Open hotspots by series, as (began_at, seen buckets ago), and what came late."""

    open: dict[str, tuple[int, int]] = {}
    quiet: int = 0
    index: int = -1  # of the last bucket
    budget: float = 2.0
    late: tuple[tuple[int, int, int], ...] = ()  # last bucket before it came, its own bucket, series


class ToyDetection:
    """Two calls are trouble, three where the budget is below one, and five a catastrophe; four buckets
    without any call are a dead feed.
    """

    def start(self):
        return ToyState()

    def step(self, state, bucket, confirmed=()):
        counts = bucket.observed.ravel()
        hot = {str(s): int(counts[s]) for s in np.flatnonzero(counts >= (2 if state.budget >= 1 else 3))}
        ages = {s: (began, age + 1) for s, (began, age) in state.open.items() if age < 2}
        ages |= {s: (ages.get(s, (bucket.opens_at, 0))[0], 0) for s in hot}
        quiet = 0 if bucket.feed_observed[0].any() else state.quiet + 1
        hotspots = sorted(
            (self._hotspot(int(s), began, hot.get(s, 0), bucket) for s, (began, _) in ages.items()),
            key=lambda h: (h.began_at, h.id),
        )
        silent = (SilentFeed(CITY.feeds[0].id, None, bucket.opens_at, 5.0),) if quiet >= 4 else ()
        after = msgspec.structs.replace(state, open=ages, quiet=quiet, index=bucket.index)
        return after, _findings(tuple(hotspots), silent, bucket)

    def allowed(self, state):
        return state.budget

    def allowing(self, state, budget):
        return msgspec.structs.replace(state, budget=budget)

    def correct(self, state, rows):
        pairs = zip(rows.bucket.tolist(), rows.series.tolist(), strict=True)
        late = tuple((state.index, bucket, series) for bucket, series in pairs)
        return msgspec.structs.replace(state, late=state.late + late)

    def _hotspot(self, series, began, count, bucket):
        area, category = divmod(series, len(CITY.taxonomy.category_ids))
        areas = (CITY.gazetteer.area_ids[area],)
        if count >= 4:  # big ones spread over a border
            areas = tuple(
                sorted({*areas, CITY.gazetteer.area_ids[(area + 2) % len(CITY.gazetteer.area_ids)]})
            )
        name = CITY.taxonomy.category_ids[category]
        return Hotspot(
            id=hotspot_id(name, areas[0], began), category=name, areas=areas, began_at=began,
            last_seen_at=bucket.closes_at, risk=min(990_000, 300_000 + 150_000 * count), is_city=False,
            explanation=Explanation(
                window_buckets=1, observed=count, expected=0.5, upper_bound=1.5, city_factor=1.0,
                recurrence_weeks=3.0, history_weeks=1.0, shares=(Share("toy", 100),),
                areas=(AreaCount(areas[0], count, 0.5),),
            ),
        )  # fmt: skip


def _findings(hotspots, silent, bucket):
    budget = BudgetStatus(
        allowed=2.0, spent=0, city_allowed=0.3, city_spent=0, expected_low=0.0, expected_high=9.0,
        history_weeks=0.0, threshold=0.0,
        is_calibrated=False,
    )  # fmt: skip
    return Findings(
        hotspots=hotspots, silent=silent, budget=budget, expected=np.zeros(bucket.observed.shape),
        warming_up=False, warm_at=0,
    )  # fmt: skip


def toy_pipeline():
    return Pipeline(CITY, detection=ToyDetection())


LONGEST_DELAY = 2000

events = st.tuples(
    st.integers(0, 40 * WIDTH),  # after the origin
    st.integers(0, 3),  # of few places: hotspots are wanted
    st.sampled_from([0, 5, 60, 250, 500, LONGEST_DELAY]),  # delay: some come late
    st.integers(0, 400),  # identity: some come twice
    st.sampled_from(["call"] * 12 + ["rejected", "fast", "drilled"]),
)
acts = st.tuples(
    st.integers(0, 40 * WIDTH),
    st.sampled_from(COMMAND_KINDS),
    st.sampled_from(CITY.units.order),
    st.sampled_from(["operator", "officer", "chief", "chief", "analyst"]),
    st.integers(2, 5),
    st.booleans(),
)

budgets = st.tuples(st.integers(0, 40 * WIDTH), st.sampled_from([0.5, 2.0]))


class Ledger(list):
    """Records that print as how many they are."""

    def __repr__(self):
        return f"<ledger of {len(self)} records>"


@st.composite
def ledgers(draw, with_people=True):
    """Records in ledger order: start, then all else by the second in which it came."""
    arrived = [
        (ORIGIN + at + delay, "row", (at, *rest))
        for at, *rest in draw(st.lists(events, max_size=90))
        for delay in rest[1:2]
    ]
    arrived += [(ORIGIN + at, "tick", p) for at in range(0, 42 * WIDTH, 600) for p in range(PARTITIONS)]
    quiet_from = draw(st.integers(0, 40)) * WIDTH  # a background of single calls that stops for a while
    arrived += [
        (ORIGIN + at, "row", (at, 3, 0, 1000 + at, "call"))
        for at in range(0, 40 * WIDTH, WIDTH // 2)
        if not quiet_from <= at < quiet_from + 6 * WIDTH
    ]
    if with_people:
        arrived += [(ORIGIN + act[0], "act", act) for act in draw(st.lists(acts, max_size=25))]
        if draw(st.booleans()):  # diligent officers beside the erratic ones
            arrived += [
                (ORIGIN + at, "act", (at, "acknowledge", unit, "officer", None, False))
                for at in range(700, 40 * WIDTH, 4000)
                for unit in CITY.units.order
            ]
        arrived += [(ORIGIN + at, "allow", budget) for at, budget in draw(st.lists(budgets, max_size=2))]
        # Until after the latest of all: what is far ahead of the newest beat is refused.
        arrived += [(ORIGIN + at, "beat", None) for at in range(0, 40 * WIDTH + LONGEST_DELAY, 60)]
    arrived.sort(key=lambda a: (a[0], a[1], str(a[2])))
    offsets = [0] * PARTITIONS
    records = Ledger([CITY.start_settings(ORIGIN)])
    for number, (at, what, fact) in enumerate(arrived):
        records.append(_record(number, at, what, fact, offsets))
    return records


def _record(number, at, what, fact, offsets):
    if what == "beat":
        return Beat(stamp=at)
    if what == "allow":
        return settings(BUDGET, at, {BUDGET: fact})
    if what == "act":
        _, kind, unit, role, level, is_exercise = fact
        return Command(
            id=f"c{number % 301}", stamp=at, kind=kind, unit=unit, actor=f"p{number % 5}", role=role,
            actor_unit=CITY.units.root, level=level, about=("fire",), is_exercise=is_exercise, until=at + 999,
        )  # fmt: skip
    row = blank_rows(1)
    row["received_at"] = at
    partition = fact if what == "tick" else 0
    row["partition"], row["offset"], row["event_at"] = partition, offsets[partition], at
    offsets[partition] += 1
    if what == "tick":
        row["mark"] = MARK_TICK
    else:
        _mark(row, *fact)
    return Rows(row)


def _mark(row, happened, place, delay, identity, what):
    row["event_at"], row["id_hash"], row["kind"] = ORIGIN + happened, identity, KIND_CODE["incident"]
    row["series"] = place * 7 % SERIES
    if what == "rejected":
        row["mark"], row["series"], row["reason"] = MARK_REJECTED, NO_SERIES, REASON_CODE[Reason.UNMAPPABLE]
    if what in ("fast", "drilled"):
        row["mark"] = MARK_FAST | (MARK_EXERCISE if what == "drilled" else 0)


def rechunked(records, cuts):
    """The same ledger with neighbouring rows joined and cut at other places, with repeats."""
    out, pending = [], []
    for number, record in enumerate([*records, None]):
        if isinstance(record, Rows):
            pending.append(record.rows)
            if number % 11 not in cuts:
                continue
        if pending:
            out.append(Rows(np.concatenate(pending)))
            if number % 3 == 0:
                out.append(Rows(out[-1].rows[-1:]))  # the transport delivers the last row again
            pending = []
        if record is not None and not isinstance(record, Rows):
            out.append(record)
    return out


def run(pipeline, records, state=None):
    """The state and journal lines after the records."""
    state = state or pipeline.fresh()
    lines, outcomes = [], []
    for record in records:
        state, outcome = pipeline.step(state, record)
        lines += [journal.line(entry) for entry in outcome.entries]
        outcomes.append(outcome)
    return state, lines, outcomes


def digest(lines):
    return hashlib.blake2b(b"\n".join(lines)).hexdigest()
