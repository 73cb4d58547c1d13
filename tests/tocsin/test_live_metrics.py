"""What a step worker says of its fold: the same as the console's page, from the same table."""

from pathlib import Path

import numpy as np

import tocsin
from streams.ledger import MARK_TICK, Rows, blank_rows
from tocsin import config
from tocsin.live.metrics import LiveMetrics, folded
from tocsin.pipeline import Pipeline

CITY = config.load_city(Path(tocsin.__file__).parent / "starter")
ORIGIN = 1_740_787_200


def ticks(at: int, offset: int) -> Rows:
    rows = blank_rows(len(CITY.partitions))
    rows["mark"], rows["event_at"], rows["received_at"] = MARK_TICK, at, at
    rows["offset"], rows["count"], rows["partition"] = offset, 1, np.arange(len(rows))
    return Rows(rows)


def test_watermarks_and_seals_move_with_the_fold() -> None:
    pipeline = Pipeline(CITY)
    state, _ = pipeline.step(pipeline.fresh(), CITY.start_settings(ORIGIN))
    before = folded(CITY, state, ORIGIN)
    state, _ = pipeline.step(state, ticks(ORIGIN + 2_000, 0))
    after = folded(CITY, state, ORIGIN + 2_060)
    name = "tocsin_feed_watermark_timestamp_seconds"
    assert before[name] == {("hotline",): ORIGIN, ("sensors",): ORIGIN}
    assert after[name] == {("hotline",): ORIGIN + 1_700, ("sensors",): ORIGIN + 1_700}
    assert after["tocsin_feed_lag_seconds"] == {("hotline",): 360, ("sensors",): 360}
    assert (before["tocsin_sealed_buckets_total"], after["tocsin_sealed_buckets_total"]) == ({(): 0}, {(): 1})
    assert after["tocsin_decision_timestamp_seconds"] == {(): ORIGIN + 900 + CITY.seal_delay}


def test_a_standby_has_no_fold_to_speak_of() -> None:
    assert folded(CITY, None, ORIGIN) == {}
    page = LiveMetrics("step", lambda: folded(CITY, None, ORIGIN)).render().decode()
    assert "tocsin_sealed_buckets_total 0" not in page
    assert "# TYPE tocsin_sealed_buckets_total counter" in page
