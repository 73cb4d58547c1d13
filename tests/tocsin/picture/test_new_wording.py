"""Of a hotspot's texts those that hold its new wording come first, found by the city's key alone."""

from types import SimpleNamespace

import pytest

from models.hotspots import Explanation, Hotspot, Wording
from streams.events import Event
from streams.wording import Key, bins_of, wordings
from tocsin.picture.hotspots import ASKED_FOR_WORDING, ASKED_TEXTS, Teller

KEY = Key(b"city")
TEXTS = ("drip in the kitchen", "no pressure", "meter broken", "rotten eggs", "still no pressure")
ASKED: list[tuple[str, str, int, int]] = []


def event(number: int, text: str) -> Event:
    return Event(
        source="calls", kind="hotline", system="calls", id=str(number), happened_at=10_000 - number,
        received_at=10_000, area="market", category="water", text=text,
    )  # fmt: skip


def teller(key: Key | None) -> Teller:
    made = object.__new__(Teller)
    made.city, made.wording_key = SimpleNamespace(bucket_seconds=900), key

    def events(*asked):
        ASKED.append(asked)
        return [event(k, text) for k, text in enumerate(TEXTS)]

    made.events = events
    return made


def hotspot(wording: Wording | None) -> Hotspot:
    why = Explanation(
        window_buckets=96, observed=5, expected=5.0, upper_bound=9.0, city_factor=1.0, recurrence_weeks=3.0,
        history_weeks=8.0, shares=(), areas=(), wording=wording,
    )  # fmt: skip
    return Hotspot(
        id="x", category="water", areas=("market",), began_at=100_000, last_seen_at=100_900, risk=700_000,
        is_city=False, explanation=why,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("key", "first"), [(KEY, ("rotten eggs", True)), (None, ("drip in the kitchen", False))]
)
def test_the_texts_that_hold_it_come_first(key, first):
    bins = bins_of(wordings(["rotten eggs"], KEY))[0]
    new = Wording(5, 9, 0.001, (int(bins[-1]),), False)
    shown, count = teller(key)._texts(hotspot(new))
    assert (shown[0].text, shown[0].is_new) == first and count == 5
    assert ASKED[-1] == ("market", "water", 100_000 - 96 * 900, ASKED_FOR_WORDING)


def test_without_new_wording_the_newest_come_first():
    shown, _ = teller(KEY)._texts(hotspot(None))
    assert [(t.text, t.is_new) for t in shown] == [(text, False) for text in TEXTS[:3]]
    assert ASKED[-1] == ("market", "water", 100_000 - 4 * 900, ASKED_TEXTS)
