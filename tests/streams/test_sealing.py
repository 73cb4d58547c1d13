"""Sealing: the fast fold against a slow one, and the chunking law on it."""

from itertools import pairwise

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.buckets import Frame
from streams.errors import IntegrityError
from streams.events import REASON_CODE, REASONS, Reason
from streams.late import LateRows
from streams.ledger import KIND_CODE, MARK_EXERCISE, MARK_FAST, MARK_REJECTED, MARK_TICK, ROW, blank_rows
from streams.panel import SealedBucket
from streams.sealing import FastRow, Folded, skip_gap, start, stretches

WIDTH, SKEW, ORIGIN = 10, 3, 100
FRAME = Frame(
    bucket_seconds=WIDTH,
    max_skew=SKEW,
    areas=2,
    categories=2,
    feeds=2,
    lateness=np.array([5, 12, 0], np.int64),
    partition_feed=np.array([0, 0, 1], np.int64),
    partition_names=("calls-0", "calls-1", "gas-0"),
    sensor_area=np.array([1, 0], np.int64),
)


class SlowSealing:
    """The rules of sealing, one row at a time, as short as they can be said."""

    def __init__(self, frame):
        self.frame, self.out, self.aside = frame, [], []
        self.next = [(0, 0)] * len(frame.lateness)
        self.mark = [ORIGIN] * len(frame.lateness)
        self.sealed, self.accepted, self.fast = ORIGIN // frame.bucket_seconds, [], {}

    def row(self, r):
        p, w = int(r["partition"]), self.frame.bucket_seconds
        key, is_last = (int(r["offset"]), int(r["index"])), r["index"] + 1 == r["count"]
        if key < self.next[p]:
            return
        if key > self.next[p]:
            raise IntegrityError("gap", "gap")
        self.next[p] = (key[0] + 1, 0) if is_last else (key[0], key[1] + 1)
        if not r["mark"] & MARK_REJECTED:
            self.judge(r, p, w)
        while min(self.mark) >= (self.sealed + 1) * w:
            mine = [a for a in self.accepted if a["event_at"] // w == self.sealed]
            identities = sorted(int(a["id_hash"]) * 8 + int(a["partition"]) for a in mine)
            worded = [a for a in mine if a["kind"] == KIND_CODE["hotline"] and a["value"]]
            texts = sorted((int(a["series"]), int(a["value"])) for a in worded)
            self.out.append(("seal", self.sealed, identities, texts))
            self.sealed += 1

    def judge(self, r, p, w):
        at, before = int(r["event_at"]), self.mark[p]
        is_tick = bool(r["mark"] & MARK_TICK)
        if not is_tick and at > r["received_at"] + self.frame.max_skew:
            return self.aside.append("future")
        identity = (p, int(r["id_hash"]))
        if r["mark"] & MARK_FAST and self.fast.get(identity, -(10**9)) <= r["received_at"] - 7 * 86400:
            self.fast[identity] = int(r["received_at"])
            self.out.append(("fast", int(r["id_hash"])))
        self.mark[p] = max(before, at - int(self.frame.lateness[p]))
        if is_tick:
            return None
        if (at // w + 1) * w <= before:
            if r["kind"] == KIND_CODE["hotline"]:
                self.out.append(("late", self.sealed, (at // w, int(r["series"]))))
            return self.aside.append("late")
        same = [a for a in self.accepted if (int(a["partition"]), int(a["id_hash"])) == identity]
        kept = [a for a in same if (a["event_at"] // w + 1) * w > before]
        if not kept:
            return self.accepted.append(r)
        said_again = [] if r["kind"] == KIND_CODE["hotline"] else ["value"]
        compared = ["event_at", "series", "sensor", *said_again]
        is_same = any(all(r[f] == k[f] for f in compared) for k in kept)
        return self.aside.append("duplicate" if is_same else "conflict")


def fold(state, rows, frame):
    """Rows with all that they seal, whatever it is, as one."""
    *_, (reached, last) = parts = list(stretches(state, rows, frame))
    steps = tuple(step for _, folded in parts for step in folded.steps)
    return reached, Folded(steps, np.concatenate([f.set_aside for _, f in parts]), last.is_whole)


def numbered(rows):
    """Give each partition dense offsets, with messages of one to three events."""
    for p in range(len(FRAME.lateness)):
        at = np.flatnonzero(rows["partition"] == p)
        offset, taken = 0, 0
        while taken < len(at):
            size = min(1 + (offset * 7 + p) % 3, len(at) - taken)
            chosen = at[taken : taken + size]
            rows["offset"][chosen], rows["index"][chosen] = offset, np.arange(size)
            rows["count"][chosen] = size
            offset, taken = offset + 1, taken + size
    return rows


row_facts = st.tuples(
    st.integers(0, 2),  # partition
    st.integers(80, 220),  # event time
    st.integers(-2, 6),  # reception after it
    st.integers(0, 12),  # identity
    st.sampled_from(["call", "call", "call", "reading", "tick", "rejected", "fast"]),
    st.integers(0, 3),  # series
)


@st.composite
def histories(draw):
    facts = draw(st.lists(row_facts, max_size=60))
    facts.sort(key=lambda f: f[1] // 17)  # mostly forward, locally out of order
    facts += [(p, 400, 0, 99, "tick", 0) for p in range(3)]
    rows = blank_rows(len(facts))
    for row, (p, at, delay, identity, what, series) in zip(rows, facts, strict=True):
        row["partition"], row["event_at"], row["received_at"], row["id_hash"] = (
            p,
            at,
            at + delay * 2 - 2,
            identity,
        )
        row["kind"], row["series"] = KIND_CODE["hotline"], series
        row["value"] = (at + identity) % 3  # a wording; sent again it may be another
        if what == "reading":
            row["kind"], row["sensor"], row["value"] = KIND_CODE["sensor"], series % 2, identity * 10
        if what == "fast":
            row["mark"] = MARK_FAST
        if what in ("tick", "rejected"):
            row["kind"], row["series"], row["value"] = 0, -1, 0
            row["mark"] = MARK_TICK if what == "tick" else MARK_REJECTED
            row["reason"] = 0 if what == "tick" else REASON_CODE[Reason.MALFORMED]
    return numbered(rows)


def run(rows, cuts=(), repeat=False):
    state, out, aside = start(FRAME, ORIGIN), [], []
    edges = [0, *sorted(cuts), len(rows)]
    for begin, end in pairwise(edges):
        chunk = rows[begin:end]
        for _ in range(2 if repeat else 1):  # the transport may deliver a chunk again
            state, folded = fold(state, chunk, FRAME)
            out += folded.steps
            aside += folded.set_aside.tolist()
    return state, out, aside


def texts_of(bucket):
    return bucket.texts.series.tolist(), bucket.texts.wording.tolist()


def late_ones(step):
    pairs = zip(step.bucket.tolist(), step.series.tolist(), strict=True)
    return [("late", step.next_bucket, pair) for pair in pairs]


def single(steps):
    """The steps with each late row by itself: how many stand together depends on how rows are cut."""
    return [x for s in steps for x in (late_ones(s) if isinstance(s, LateRows) else [s])]


def plain(steps):
    def one(step):
        if isinstance(step, tuple):
            return step
        if isinstance(step, FastRow):
            return ("fast", int(step.row["id_hash"]))
        sensors = [a.tolist() for a in msgspec.structs.astuple(step.sensors)]
        texts = [a.tolist() for a in msgspec.structs.astuple(step.texts)]
        return ("seal", step.index, step.observed.tolist(), step.feed_observed.tolist(), sensors, texts)

    return [one(step) for step in single(steps)]


@given(histories())
@settings(max_examples=300, deadline=None)
def test_fast_fold_agrees_with_slow_one(rows):
    slow = SlowSealing(FRAME)
    for row in rows:
        slow.row(row)
    state, out, aside = run(rows)
    names = [REASONS[row[ROW.names.index("reason")] - 1].value for row in aside]
    assert names == slow.aside
    assert [step[:2] for step in plain(out)] == [o[:2] for o in slow.out]
    for step, expected in zip(single(out), slow.out, strict=True):
        if isinstance(step, tuple):
            assert step == expected
        if isinstance(step, SealedBucket):
            assert int(step.observed.sum() + step.sensors.count.sum()) == len(expected[2])
            assert int(step.feed_observed.sum()) == len(expected[2])
            assert sorted(zip(*texts_of(step), strict=True)) == expected[3]
    assert int(state.counts[:, 0].sum()) == len(slow.accepted)


@given(histories(), st.lists(st.integers(0, 63), max_size=12), st.booleans())
@settings(max_examples=300, deadline=None)
def test_chunks_and_repeats_have_no_meaning(rows, cuts, repeat):
    whole, out, aside = run(rows)
    state, out2, aside2 = run(rows, [min(c, len(rows)) for c in cuts], repeat)
    assert plain(out) == plain(out2)
    assert aside == aside2
    assert (state.counts == whole.counts).all()


def test_single_rows_equal_one_chunk_for_a_long_random_history():
    rng = np.random.default_rng(7)
    rows = blank_rows(4000)
    rows["partition"] = rng.integers(0, 3, 4000)
    rows["event_at"] = 100 + np.arange(4000) // 2 + rng.integers(-15, 3, 4000)
    rows["received_at"] = rows["event_at"] + rng.integers(0, 9, 4000)
    rows["id_hash"] = rng.integers(0, 3000, 4000)
    rows["series"], rows["kind"] = rng.integers(0, 4, 4000), 1
    numbered(rows)
    whole, out, aside = run(rows)
    singles, out2, aside2 = run(rows, range(1, 4000))
    assert plain(out) == plain(out2) and aside == aside2
    assert (singles.counts == whole.counts).all()
    reasons = {REASONS[row[ROW.names.index("reason")] - 1] for row in aside}
    assert reasons == {Reason.LATE, Reason.CONFLICT, Reason.DUPLICATE} or reasons == {
        Reason.LATE,
        Reason.CONFLICT,
    }


def one(at, *, partition=0, identity=1, offset=0, mark=0):
    row = blank_rows(1)
    row["event_at"] = row["received_at"] = at
    row["partition"], row["id_hash"], row["offset"], row["mark"] = partition, identity, offset, mark
    row["kind"], row["series"] = 1, 0
    return row


def test_gap_stops_loudly_and_names_the_place():
    with pytest.raises(IntegrityError, match=r"calls-0: expected offset 0 event 0, found offset 3 event 0"):
        fold(start(FRAME, ORIGIN), one(105, offset=3), FRAME)


def test_recorded_gap_lets_the_fold_go_on():
    state = skip_gap(start(FRAME, ORIGIN), 0, 3)
    state, _ = fold(state, one(105, offset=3), FRAME)
    assert state.counts[0, 0] == 1


def test_a_feed_whose_clock_runs_ahead_moves_no_watermark():
    row = one(5000)
    row["received_at"] = 105
    state, folded = fold(start(FRAME, ORIGIN), row, FRAME)
    assert state.watermark.tolist() == [100, 100, 100]
    assert folded.set_aside["reason"].tolist() == [REASON_CODE[Reason.FUTURE]]


def test_one_silent_partition_holds_the_seal_until_its_tick():
    rows = np.concatenate([one(130, partition=p) for p in (0, 1)])
    state, folded = fold(start(FRAME, ORIGIN), rows, FRAME)
    assert folded.steps == ()
    state, folded = fold(state, one(160, partition=2, mark=MARK_TICK), FRAME)
    assert [s.index for s in folded.steps] == [10]


def test_unknown_partition_is_refused():
    with pytest.raises(IntegrityError, match="unknown partition 9"):
        fold(start(FRAME, ORIGIN), one(105, partition=9), FRAME)


def test_an_exercise_is_known_but_counted_nowhere():
    real, drill, again = one(101), one(102, identity=2, offset=1), one(103, identity=2, offset=2)
    drill["mark"] = again["mark"] = MARK_EXERCISE
    ticks = [one(400, partition=p, offset=3 * (p == 0), mark=MARK_TICK) for p in range(3)]
    _, folded = fold(start(FRAME, ORIGIN), np.concatenate([real, drill, again, *ticks]), FRAME)
    first = next(step for step in folded.steps if isinstance(step, SealedBucket))
    assert (first.observed.sum(), first.feed_observed.sum()) == (1, 1)
    assert folded.set_aside["reason"].tolist() == [REASON_CODE[Reason.CONFLICT]]


def test_a_report_sent_again_in_other_words_is_a_duplicate_and_its_words_do_not_count():
    rows = np.concatenate([one(101), one(101, offset=1), one(400, identity=2, offset=2)])
    rows["kind"], rows["value"] = KIND_CODE["hotline"], [7, 9, 0]
    ticks = [one(400, partition=p, mark=MARK_TICK) for p in (1, 2)]
    _, out, aside = run(np.concatenate([rows, *ticks]))
    assert [row[ROW.names.index("reason")] for row in aside] == [REASON_CODE[Reason.DUPLICATE]]
    assert [bucket.texts.wording.tolist() for bucket in out if bucket.texts.wording.size] == [[7]]


def test_an_exercise_says_nothing_new():
    row = one(101, mark=MARK_EXERCISE)
    row["kind"], row["value"] = KIND_CODE["hotline"], 7
    ticks = [one(400, partition=p, offset=p == 0, mark=MARK_TICK) for p in (0, 1, 2)]
    _, out, _ = run(np.concatenate([row, *ticks]))
    assert not any(bucket.texts.wording.size for bucket in out)


def test_a_late_event_of_a_series_stands_before_what_was_sealed_after_it():
    rows = [one(170), one(105, identity=2, offset=1), one(106, identity=3, offset=2, mark=MARK_EXERCISE)]
    reading = one(107, identity=4, offset=3)
    reading["kind"], reading["sensor"] = KIND_CODE["sensor"], 0
    ticks = [one(125, partition=p, offset=0, mark=MARK_TICK) for p in (1, 2)]
    again = one(108, identity=5, offset=4)
    _, folded = fold(start(FRAME, ORIGIN), np.concatenate([*rows, reading, *ticks, again]), FRAME)
    assert [step[:2] for step in plain(folded.steps)] == [("late", 10), ("seal", 10), ("late", 11)]
    assert folded.set_aside["reason"].tolist() == [REASON_CODE[Reason.LATE]] * 4


def test_pieces_within_a_chunk_have_no_meaning(monkeypatch):
    rng = np.random.default_rng(8)
    rows = blank_rows(1000)
    rows["partition"] = rng.integers(0, 3, 1000)
    rows["event_at"] = 100 + np.arange(1000) // 2 + rng.integers(-15, 3, 1000)
    rows["received_at"] = rows["event_at"] + rng.integers(0, 9, 1000)
    rows["id_hash"] = rng.integers(0, 800, 1000)
    rows["series"], rows["kind"] = rng.integers(0, 4, 1000), 1
    rows["mark"][rng.random(1000) < 0.01] = MARK_FAST
    numbered(rows)
    whole, out, aside = run(rows)
    monkeypatch.setattr("streams.sealing.PIECE_ROWS", 7)
    pieces, out2, aside2 = run(rows)
    assert plain(out) == plain(out2)
    assert aside == aside2
    assert (whole.counts == pieces.counts).all()
