"""``tocsin score``: a table in, scores out."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from tests.tocsin.score_tables import HEAD, MONDAY, day, lines, scored, written
from tocsin.cli import run
from tocsin.counts_table import every
from tocsin.scoring import episodes


def test_weekly_counts_are_scored_row_by_row_in_their_order(tmp_path: Path) -> None:
    rows = lines()
    rows[2 * 150] = rows[2 * 150].rsplit(",", 1)[0] + ",90"
    found = scored(written(tmp_path, rows))
    assert [f"{r['series']},{r['time']},{r['observed']}" for r in found] == rows
    loud = found[2 * 150]
    assert loud["alarm"] == "true"
    assert float(loud["recurrence_interval"]) > 1_000
    assert float(loud["expected"]) == pytest.approx(20, rel=0.3)
    assert sum(row["alarm"] == "true" for row in found) < 10
    assert all(row[name] not in ("", "nan", "inf") for row in found for name in row)


def test_a_greater_budget_brings_more_alarms_and_the_same_scores(tmp_path: Path) -> None:
    path = written(tmp_path, lines(series=tuple("abcdefgh")))
    few, many = scored(path, "--budget", "0.1"), scored(path, "--budget", "5")
    assert [row["score"] for row in few] == [row["score"] for row in many]
    assert sum(r["alarm"] == "true" for r in few) < sum(r["alarm"] == "true" for r in many)


def test_days_know_the_weekend(tmp_path: Path) -> None:
    rows = [
        f"desk,{(now := MONDAY + timedelta(days=k))},{4 if now.weekday() > 4 else 30}" for k in range(400)
    ]
    found = scored(written(tmp_path, rows), step="1d")
    expected = {
        date.fromisoformat(r["time"]).weekday(): float(r["expected"]) for r in found if r["time"] > "2015-12"
    }
    assert expected[6] < 10 < 25 < expected[2]


def test_fine_buckets_and_parquet_in_and_out(tmp_path: Path) -> None:
    rng, steps = np.random.default_rng(1), 24 * 7 * 10
    at = [day(2025, 3, 3) + timedelta(hours=k) for k in range(steps)]
    counts = rng.poisson(3.0, steps)
    counts[1500] = 40
    table = pa.table({"series": ["x"] * steps, "time": at, "observed": counts, "lat": [1.0] * steps})
    parquet.write_table(table, tmp_path / "in.parquet")
    out = tmp_path / "out.parquet"
    call = [
        "score",
        str(tmp_path / "in.parquet"),
        "--every",
        "1h",
        "--zone",
        "Asia/Shanghai",
        "--out",
        str(out),
    ]
    assert run(call) == 0
    found = parquet.read_table(out)
    assert found.column("alarm").to_pylist()[1500]
    alarm = np.array(found.column("alarm").to_pylist())[:, None]
    assert episodes(alarm, every("1h"), np.arange(len(alarm))) <= 2 * 10
    assert found.num_rows == steps


def test_sensor_values_may_be_anything_and_a_leap_is_found(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    values = rng.normal(-3.0, 0.5, 3_000)
    values[2_500:2_506] += 9
    at = [day(2025, 3, 3) + timedelta(minutes=15 * k, seconds=k % 7) for k in range(3_000)]
    rows = [f"gauge,{t.isoformat()},{v:.3f}" for t, v in zip(at, values, strict=True)]
    found = scored(written(tmp_path, rows), "--sensor", step="15min")
    assert max(range(3_000), key=lambda i: float(found[i]["score"])) in range(2_500, 2_506)


def test_what_is_set_aside_is_counted_by_its_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = lines(60)
    rows += [rows[0], rows[1]]
    rows[10] = rows[10].rsplit(",", 1)[0] + ","
    del rows[20]
    path = written(tmp_path, [f"{row},5" for row in rows], HEAD + ",weather")
    assert run(["score", str(path), "--every", "1w", "--out", str(tmp_path / "o.csv"), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["set_aside"] == {"observed is empty": 1, "the same row again": 2}
    assert facts["gaps"] == 2
    assert facts["rows"] == len(rows)
    assert facts["columns_not_used"] == ["weather"]
    assert facts["remarks"] == []


def test_a_population_gives_rates_and_changes_no_score(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = lines(60)
    plain = scored(written(tmp_path, rows))
    people = [("", "NaN")[k % 2] if k in (6, 7) else "50000" if k % 2 else "200000" for k in range(len(rows))]
    found = scored(
        written(
            tmp_path,
            [f"{r},{n},1,2" for r, n in zip(rows, people, strict=True)],
            f"{HEAD},population,lat,lon",
        )
    )
    said = " ".join(capsys.readouterr().out.split())
    assert [{name: row[name] for name in plain[0]} for row in found] == plain
    for row, behind in zip(found, people, strict=True):
        if behind in ("", "NaN"):
            assert row["observed_rate"] == row["expected_rate"] == ""
            continue
        assert float(row["observed_rate"]) == pytest.approx(float(row["observed"]) / float(behind) * 100_000)
        assert float(row["expected_rate"]) == pytest.approx(
            float(row["expected"]) / float(behind) * 100_000, abs=1e-3
        )
    assert "population: told as rates; scores rest on counts" in said
    assert "lat, lon: not used: days and weeks are judged series by series" in said
    assert "leaps" not in said


def test_a_population_that_leaps_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [f"{row},{1000 if k < 60 or k % 2 else 1300}" for k, row in enumerate(lines(60))]
    scored(written(tmp_path, rows, f"{HEAD},population"))
    said = " ".join(capsys.readouterr().out.split())
    assert "population leaps in north: the counts leap with it" in said


def test_an_hour_that_the_zone_skips_is_set_aside(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    at = [day(2025, 3, 29) + timedelta(hours=k) for k in range(48)]
    path = written(tmp_path, [f"x,{t.isoformat()},3" for t in at])
    call = ["score", str(path), "--every", "1h", "--zone", "Europe/Paris", "--out", str(tmp_path / "o.csv")]
    assert run([*call, "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["set_aside"] == {"an hour that the zone skips": 1}
    assert facts["gaps"] == 0


def scanned(folder: Path, head: str, more: str = "{lat},{lon}") -> list[dict[str, str]]:
    """Nine weeks of twelve places on a line, four neighbours of which rise by half for the last day."""
    rng, begin = np.random.default_rng(3), day(2025, 3, 3)
    rates = np.full((9 * 168, 12), 3.0)
    rates[-24:, 4:8] *= 1.6
    counts = rng.poisson(rates)
    rows = [
        f"地{s},{begin + timedelta(hours=k)},{counts[k, s]}," + more.format(lat=31.2, lon=121.4 + s / 100)
        for k in range(len(counts))
        for s in range(12)
    ]
    return scored(written(folder, rows, f"{HEAD},{head}"), step="1h")


def test_places_that_rise_together_are_found_and_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = scanned(tmp_path, "lat,lon")
    assert "lat, lon: neighbouring series are scanned together" in " ".join(capsys.readouterr().out.split())
    together = [row for row in found if row["together_with"]]
    assert together, "no neighbourhood was told"
    last = {name for row in found[-24 * 12 :] if row["alarm"] == "true" for name in told(row)}
    assert {"地4", "地5", "地6", "地7"} & last
    assert len({"地4", "地5", "地6", "地7"} & last) >= 2


def told(row: dict[str, str]) -> set[str]:
    """The series of a row and those that rise with it."""
    return {row["series"], *row["together_with"].split("; ")} - {""}


@pytest.mark.parametrize(
    ("head", "more", "why"),
    [("lat,x", "{lat},{lon}", "lat and lon are needed, both"), ("lat,lon", ",{lon}", "地0 has no place")],
)
def test_places_that_are_not_said_are_not_guessed(
    head: str, more: str, why: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = scanned(tmp_path, head, more)
    assert "together_with" not in found[0]
    assert f"lat, lon: not used: {why}" in " ".join(capsys.readouterr().out.split())


def test_the_hour_that_the_zone_repeats_is_two_steps(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    begin = datetime(2025, 10, 25, 22, tzinfo=UTC)  # midnight in Paris
    local = [(begin + timedelta(hours=k)).astimezone(ZoneInfo("Europe/Paris")) for k in range(25)]
    rows = [f"x,{t.replace(tzinfo=None).isoformat()},{k}" for k, t in enumerate(local)]
    for order in (rows, rows[::-1]):
        call = ["score", str(written(tmp_path, order)), "--every", "1h", "--zone", "Europe/Paris"]
        assert run([*call, "--out", str(tmp_path / "o.csv"), "--json"]) == 0
        facts = json.loads(capsys.readouterr().out)
        assert facts["set_aside"] == {"of an hour that the zone repeats, the second": 1}
        assert (facts["steps"], facts["gaps"]) == (25, 0)


def test_a_table_that_leaves_zeros_out_is_told_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scored(written(tmp_path, [*lines(60, ("a",)), *lines(60, ("b",))[::10], *lines(60, ("c",))[::10]]))
    assert "not known, which is not zero" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(("step", "count"), [("1w", 120), ("1h", 24 * 7 * 9)])
def test_zeros_and_a_giant_count_make_neither_flood_nor_failure(
    step: str, count: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    begin, apart = day(2025, 3, 3), timedelta(seconds=every(step).seconds)
    at = [begin + k * apart for k in range(count)]
    giant = [10**12 if k == count // 2 else k % 3 for k in range(count)]
    rows = [f"zero,{t},0\ngiant,{t},{n}" for t, n in zip(at, giant, strict=True)]
    path = written(tmp_path, rows)
    found = scored(path, step=step)
    assert not any(r["alarm"] == "true" for r in found if r["series"] == "zero")
    assert 1 <= sum(r["alarm"] == "true" for r in found if r["series"] == "giant") < 0.05 * count + 3
    assert "held at 1e+09" in capsys.readouterr().out


def test_alarms_are_counted_by_episode() -> None:
    alarm = np.zeros((20, 2), bool)
    alarm[[0, 1, 5], 0] = True
    alarm[[7, 9], 1] = True
    assert episodes(alarm, every("1w"), np.arange(20)) == 4
    assert episodes(alarm, every("1h"), np.arange(20)) == 2
    assert episodes(alarm, every("1h"), np.arange(20) * 30) == 5


def gauge(readings: np.ndarray, extra: dict[int, float]) -> list[str]:
    """A reading each five minutes, and an ``extra`` one a minute behind some of them."""
    rows = []
    for k, value in enumerate(readings.tolist()):
        at = day(2025, 3, 3) + timedelta(minutes=5 * k)
        rows.append(f"gauge,{at},{value:.3f}")
        if k in extra:
            rows.append(f"gauge,{at + timedelta(minutes=1)},{extra[k]:.3f}")
    return rows


def test_of_several_readings_in_a_step_each_has_its_row_and_none_looks_ahead(tmp_path: Path) -> None:
    readings = np.random.default_rng(1).normal(20.0, 0.5, 1_200)
    calm = scored(written(tmp_path, gauge(readings, {1_000: 20.0})), "--sensor", step="5min")
    loud = scored(written(tmp_path, gauge(readings, {1_000: 60.0})), "--sensor", step="5min")
    assert len(calm) == len(loud) == 1_201
    assert calm[:1_001] == loud[:1_001]
    assert float(loud[1_001]["observed"]) == 60.0
    assert float(loud[1_001]["score"]) > 2.0 > float(calm[1_001]["score"])


def test_readings_of_a_step_may_stand_in_any_order_of_the_file(tmp_path: Path) -> None:
    rows = gauge(np.random.default_rng(1).normal(20.0, 0.5, 600), {500: 60.0})
    turned = scored(written(tmp_path, rows[::-1]), "--sensor", step="5min")
    assert turned[::-1] == scored(written(tmp_path, rows), "--sensor", step="5min")


def test_devices_that_speak_once_while_one_speaks_often_have_no_gap(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    values = np.random.default_rng(1).normal(20.0, 0.5, 300)
    once = [row.replace("gauge", "other") for row in gauge(values, {})]
    rows = [*gauge(values, {100: 20.0, 101: 21.0}), *once]
    call = ["score", str(written(tmp_path, rows)), "--every", "5min", "--sensor"]
    assert run([*call, "--out", str(tmp_path / "o.csv"), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["steps"], facts["gaps"], facts["rows"]) == (300, 0, 602)


def of_categories(column: str = "") -> list[str]:
    """Three weeks of six streets and two desks with hours of their own, and perhaps one more column."""
    rng, begin = np.random.default_rng(4), day(2025, 3, 3)
    hour = np.arange(3 * 168)[:, None, None] * 2 * np.pi / 24
    counts = rng.poisson(4 + 3 * np.cos(hour - 3 * np.arange(2)) * np.ones((6, 1)))
    return [
        f"street {s} / desk {d},{begin + timedelta(hours=k)},{counts[k, s, d]}{column.format(d=d)}"
        for k, s, d in np.ndindex(counts.shape)
    ]


def test_series_are_judged_among_their_own_category_and_the_report_says_which(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    by_name = scored(written(tmp_path, of_categories()), step="1h")
    assert "12 series are of 2 categories, by what their names" in " ".join(capsys.readouterr().out.split())
    by_column = scored(written(tmp_path, of_categories(",desk {d}"), f"{HEAD},category"), step="1h")
    assert "12 series are of 2 categories, by the column category" in " ".join(
        capsys.readouterr().out.split()
    )
    assert [row["expected"] for row in by_name] == [row["expected"] for row in by_column]
    unsaid = scored(written(tmp_path, of_categories(","), f"{HEAD},category"), step="1h")
    assert unsaid == by_name
    capsys.readouterr()
    as_one = scored(written(tmp_path, of_categories(",all"), f"{HEAD},category"), step="1h")
    assert "12 series are of 1 categories" not in capsys.readouterr().out
    assert [row["expected"] for row in as_one] != [row["expected"] for row in by_name]


def test_a_series_of_two_categories_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = of_categories(",desk {d}")
    rows[-1] = rows[-1].replace(",desk 1", ",desk 0")
    path = written(tmp_path, rows, f"{HEAD},category")
    assert run(["score", str(path), "--every", "1h", "--out", str(tmp_path / "o.csv")]) == 3
    assert "two categories of street 5 / desk 1: 'desk 1' and 'desk 0'" in capsys.readouterr().err


def test_a_table_cut_off_anywhere_has_the_scores_that_it_had(tmp_path: Path) -> None:
    rows = of_categories()
    whole = scored(written(tmp_path, rows), step="1h")
    cut_off = scored(written(tmp_path, rows[: 12 * 400]), step="1h")
    assert cut_off == whole[: 12 * 400]
