"""The slow rises of the simulated city climb and are held as they say, and the benchmark tells both sides."""

import numpy as np
import pytest

from benchmarks import slow_rise
from benchmarks.simulated_city import PER_DAY, PER_WEEK, RISES, Trouble, _clash, _shape_of, simulate


@pytest.mark.parametrize(
    ("kind", "share", "climb", "days"), [("slow", 0.6, 2, 3), ("slower", 0.3, 4, 8), ("faint", 0.2, 7, 14)]
)
def test_a_rise_climbs_and_is_held(kind, share, climb, days):
    trouble = Trouble(kind, 0, (3,), 100, 100 + days * PER_DAY, 1.0)
    added = _shape_of(trouble, 100 + PER_DAY * np.array([-1, 0, climb / 2, climb, days - 0.1, days]))
    assert added == pytest.approx([0, 0, share / 2, share, share, 0])


def test_long_rises_of_a_category_keep_apart_in_space_and_short_ones_in_time():
    near = np.array([[0, 1], [1, 0], [2, 1]])
    one, beside, far = (Trouble("slower", 0, (area,), 0, 8 * PER_DAY, 1.0) for area in (0, 1, 2))
    assert _clash(one, beside, near) and _clash(one, far, near), "2 has 1 for a neighbour, as 0 has"
    assert not _clash(
        one, Trouble("slower", 0, (2,), 0, 8 * PER_DAY, 1.0), np.array([[0, 1], [1, 0], [2, 2]])
    )
    assert not _clash(one, one._replace(category=1), near)
    assert _clash(one, Trouble("storm", 0, (), 0, 9, 1.0), near)


def test_what_is_wanted_is_injected_after_its_week():
    city = simulate(3, weeks=6, inject_from=3, wanted=("slower",))
    rises = [trouble for trouble in city.troubles if trouble.kind == "slower"]
    assert rises and all(trouble.first >= 3 * PER_WEEK for trouble in rises)
    assert {trouble.kind for trouble in city.troubles} <= {"slower", "storm", "city-stop", "area-stop"}


def test_both_sides_are_told(monkeypatch):
    seen = []

    def measured(city, part):
        seen.append((city, part))
        return {"false": 6 if part == "drift" else 12, "delays": {kind: [5.0, None, 7.0] for kind in RISES}}

    monkeypatch.setattr(slow_rise, "simulate", lambda seed, *_, **__: seed)
    monkeypatch.setattr(slow_rise, "measured", measured)
    figures = slow_rise.main((7,))
    assert seen == [(7, "nothing"), (7, "drift")]
    assert figures["with drift"]["false alarms a week"] == 2.0
    assert figures["without"]["false alarms a week"] == 1.0
    assert figures["without"]["+30% within 4 days, 8 in all: found"] == "2 of 3"
