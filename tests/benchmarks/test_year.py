"""The made year is one ledger without a gap, and each part's time is its own."""

from benchmarks import year
from benchmarks.synthetic import DISTRICT
from benchmarks.year import Clocks


def test_blocks_stand_one_behind_the_other(tmp_path):
    load, path = DISTRICT._replace(days=1), tmp_path / "year.parquet"
    year.write(load, path, 3)
    figures = year._measured(load, path, 3)
    assert figures["buckets sealed"] // 96 == 3
    shares = [value for name, value in figures.items() if name.startswith("% of the time")]
    assert abs(sum(shares) - 100) < 1e-6


def test_what_is_clocked_inside_is_not_counted_twice(monkeypatch):
    ticks = iter([0.0, 1.0, 4.0, 6.0])
    monkeypatch.setattr("benchmarks.year.time.process_time", lambda: next(ticks))
    clocks = Clocks()
    inner = clocks.at("inner", lambda: 5)
    assert clocks.at("outer", lambda: inner())() == 5
    assert clocks.seconds == {"inner": 3.0, "outer": 3.0}
