"""A raw history becomes a ledger by rule: dense offsets, ticks, commands in place, no order of files."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay.histories import TICK_SECONDS, in_order, ledger_of, origin_of, recut, with_ticks
from streams.commands import Command
from streams.errors import DataError
from streams.ledger import MARK_TICK, Rows, blank_rows, settings

START = settings("start", 0, {})
ORIGIN = 1_700_000_100


def history(arrivals: list[tuple[int, int]]) -> np.ndarray:
    """One row for each (partition, seconds after the origin at which it came)."""
    rows = blank_rows(len(arrivals))
    for place, (partition, after) in enumerate(arrivals):
        rows[place]["partition"], rows[place]["received_at"] = partition, ORIGIN + after
        rows[place]["event_at"], rows[place]["id_hash"] = ORIGIN + after - 5, place + 1
    return rows


def all_rows(records: list) -> np.ndarray:
    return np.concatenate([record.rows for record in records if isinstance(record, Rows)])


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 400)), min_size=1), st.randoms())
def test_no_order_of_the_files_reaches_the_ledger(arrivals: list, chance) -> None:
    rows = history(arrivals)
    places = list(range(len(rows)))
    chance.shuffle(places)
    first = all_rows(list(ledger_of(rows, START, 3, settle_seconds=120)))
    assert all_rows(list(ledger_of(rows[places], START, 3, settle_seconds=120))).tobytes() == first.tobytes()


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 400)), min_size=1))
def test_offsets_of_each_partition_are_dense_and_arrivals_never_go_back(arrivals: list) -> None:
    rows = all_rows(list(ledger_of(history(arrivals), START, 3, settle_seconds=120)))
    assert (np.diff(rows["received_at"]) >= 0).all()
    for partition in range(3):
        own = rows[rows["partition"] == partition]
        assert own["offset"].tolist() == list(range(len(own)))
    assert (rows["mark"] & MARK_TICK == 0).sum() == len(arrivals)


def test_every_partition_has_a_tick_each_minute() -> None:
    rows = with_ticks(history([(0, 30), (0, 250)]), 2)
    ticks = rows[rows["mark"] == MARK_TICK]
    for partition in range(2):
        own = ticks["event_at"][ticks["partition"] == partition]
        assert (own % TICK_SECONDS == 0).all()
        assert (np.diff(own) == TICK_SECONDS).all()
        assert len(own) == 4


def test_a_command_stands_behind_the_rows_of_its_second() -> None:
    command = Command(
        id="c", stamp=ORIGIN + 100, kind="acknowledge", unit="u", actor="a", role="officer", actor_unit="u"
    )
    records = list(ledger_of(history([(0, 100), (0, 101)]), START, 1, [command]))
    place = records.index(command)
    before, after = all_rows(records[:place]), all_rows(records[place:])
    assert before["received_at"].max() == ORIGIN + 100
    assert after["received_at"].min() > ORIGIN + 100


def test_the_origin_opens_the_bucket_of_the_earliest_event() -> None:
    assert origin_of(history([(0, 5)]), 900) == ORIGIN // 900 * 900
    with pytest.raises(DataError, match="holds no record"):
        origin_of(history([]), 900)


def test_recut_changes_no_row() -> None:
    rows = history([(0, second) for second in range(400)] * 50)
    again = list(recut([START, Rows(rows)]))
    assert again[0] == START
    assert len(again) > 2
    assert all_rows(again).tobytes() == rows.tobytes()


def test_in_order_leaves_its_input_alone() -> None:
    rows = history([(0, 5), (0, 1)])
    before = rows.tobytes()
    in_order(rows)
    assert rows.tobytes() == before
