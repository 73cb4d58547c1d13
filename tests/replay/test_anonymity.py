"""k-anonymity: whatever the counts, no published cell has fewer events than k; none is lost or told twice."""

from hypothesis import given
from hypothesis import strategies as st

from replay.anonymity import DAY, TIERS, WEEK, Cell, published

AREAS = {f"a{n}": f"s{n // 2}" for n in range(8)}
STREETS = {f"s{n}": f"d{n // 2}" for n in range(4)}
UPPER = {"area": AREAS, "street": STREETS, "district": {"d0": "c", "d1": "c"}}
HOUR = 3_600

keys = st.tuples(st.integers(0, 24 * 15), st.sampled_from(sorted(AREAS)), st.sampled_from("xy"))
counted = st.dictionaries(keys, st.integers(1, 9), max_size=60)


def cells(counts):
    return [
        Cell(hour * HOUR, HOUR, "area", area, category, "hotline", events)
        for (hour, area, category), events in counts.items()
    ]


def holds(cell, hour, area, category):
    """Whether an event of that hour, area and category may be in a published cell."""
    street, district = AREAS[area], STREETS[AREAS[area]]
    place = {"area": area, "street": street, "district": district, "city": "c"}[cell.tier]
    within = cell.starts_at <= hour * HOUR < cell.starts_at + cell.seconds
    return within and place == cell.place and category == cell.category


@given(counts=counted, k=st.integers(2, 12))
def test_no_published_cell_has_fewer_than_k(counts, k):
    found = published(cells(counts), k, UPPER)
    assert all(cell.events >= k for cell in found.cells)
    assert sum(cell.events for cell in found.cells) + found.suppressed == sum(counts.values())
    own = [(c.starts_at, c.seconds, c.tier, c.place, c.category, c.kind, c.is_rest) for c in found.cells]
    assert len(own) == len(set(own))


@given(counts=counted, k=st.integers(2, 12))
def test_what_is_large_enough_stays_where_it_was(counts, k):
    exact = {cell for cell in published(cells(counts), k, UPPER).cells if not cell.is_rest}
    assert exact == {cell for cell in cells(counts) if cell.events >= k}


@given(counts=counted, k=st.integers(2, 12))
def test_every_event_is_in_a_cell_that_may_hold_it_or_suppressed(counts, k):
    """Cells take from below what is left: walking down, each cell finds its events again."""
    found = published(cells(counts), k, UPPER)
    left = dict(counts)
    order = {tier: n for n, tier in enumerate(TIERS)}
    for cell in sorted(found.cells, key=lambda c: (c.is_rest, c.seconds, order[c.tier])):
        mine = [key for key in left if holds(cell, *key)]
        assert sum(left.pop(key) for key in mine) == cell.events
    assert sum(left.values()) == found.suppressed


@given(counts=counted)
def test_the_order_of_counting_changes_nothing(counts):
    assert published(cells(counts), 5, UPPER) == published(cells(counts)[::-1], 5, UPPER)


def test_tiers_go_first_then_time():
    found = published(cells({(0, "a0", "x"): 2, (0, "a1", "x"): 1}), 3, UPPER).cells
    assert [(c.tier, c.place, c.seconds, c.events) for c in found] == [("street", "s0", HOUR, 3)]
    found = published(cells({(0, "a0", "x"): 2, (5, "a7", "x"): 1}), 3, UPPER).cells
    assert [(c.tier, c.place, c.seconds, c.events) for c in found] == [("city", "c", DAY, 3)]
    found = published(cells({(0, "a0", "x"): 2, (25, "a7", "x"): 1}), 3, UPPER).cells
    assert [(c.tier, c.seconds, c.events, c.is_rest) for c in found] == [("city", WEEK, 3, True)]
