"""The metrics page: every metric is there, named by rule, and labels that are gone are gone."""

import re
from pathlib import Path

import msgspec
import numpy as np
import pytest
from prometheus_client.parser import text_string_to_metric_families

import tocsin
from alerting.machine import Duty
from detectors.findings import BudgetStatus, Findings, Misfit, SilentFeed
from models.hotspots import Explanation, Hotspot
from streams.errors import ConfigError
from streams.sealing import OUTCOMES
from tocsin import config
from tocsin.cardinality import MetricsConfig
from tocsin.metrics import METRICS, STEP_NAME, Metrics, check_metrics
from tocsin.pipeline import Pipeline, PipelineState
from tocsin.reading import Reading

CITY = config.load_city(Path(tocsin.__file__).parent / "starter")
ORIGIN = 1_740_787_200


@pytest.fixture(scope="module")
def started() -> PipelineState:
    """The starter city behind its start record."""
    pipeline = Pipeline(CITY)
    return pipeline.step(pipeline.fresh(), CITY.start_settings(ORIGIN))[0]


def findings(*hotspots: Hotspot) -> Findings:
    return Findings(
        hotspots=hotspots,
        silent=(
            SilentFeed("hotline", None, ORIGIN, 5.0),
            SilentFeed("sensors", ("mill-upper",), ORIGIN, 5.0),
        ),
        budget=BudgetStatus(
            allowed=2.0, spent=1, city_allowed=0.3, city_spent=0, expected_low=1.5, expected_high=2.5,
            history_weeks=8.0, threshold=0.5,
            is_calibrated=True,
        ),
        expected=np.zeros((5, 4)),
        warming_up=False,
        warm_at=ORIGIN,
        misfits=(Misfit("gas-smell", ORIGIN, -1), Misfit("", ORIGIN, 1)),
    )  # fmt: skip


def hotspot(name: str = "a", risk: int = 930_000, area: str = "mill-upper") -> Hotspot:
    why = Explanation(
        window_buckets=4, observed=9, expected=1.0, upper_bound=4.0, city_factor=1.0, recurrence_weeks=40.0,
        history_weeks=8.0, shares=(), areas=(),
    )  # fmt: skip
    return Hotspot(
        id=name, category="gas-smell", areas=(area,), began_at=ORIGIN, last_seen_at=ORIGIN,
        risk=risk, is_city=False, explanation=why,
    )  # fmt: skip


def page(reading: Reading | None) -> dict[tuple[str, ...], float]:
    """Samples of a scrape by (name, label values in the order of label names)."""
    text = Metrics(lambda: reading).render().decode()
    families = text_string_to_metric_families(text)
    return {(s.name, *s.labels.values()): s.value for family in families for s in family.samples}


def test_names_follow_the_rule() -> None:
    for metric in METRICS:
        assert re.fullmatch(r"tocsin(_[a-z]+)+", metric.name)
        assert metric.name.endswith("_total") == (metric.kind == "counter")
        assert metric.help.endswith(".")
    assert len({metric.name for metric in METRICS}) == len(METRICS)


def test_what_is_read_is_shown(started: PipelineState) -> None:
    counts = started.sealing.counts.copy()
    counts[0, 0], counts[0, OUTCOMES.index("late")] = 10, 3
    duty = Duty(kind="acknowledge", due_at=ORIGIN - 5)
    machine = msgspec.structs.replace(
        started.machines.real["town"], mode="WARNING", rank=3, duties=(duty,), is_blind=True
    )
    state = msgspec.structs.replace(
        started,
        findings=findings(hotspot()),
        sealing=msgspec.structs.replace(started.sealing, counts=counts),
        machines=msgspec.structs.replace(
            started.machines, at=ORIGIN, real={**started.machines.real, "town": machine}
        ),
    )
    shown = page(
        Reading(
            city=CITY,
            state=state,
            now=ORIGIN + 60,
            deliveries={("duty-room", "pending"): 2},
            dead_letters={("hotline", "malformed"): 1},
            requests={("http", "hotline", "429"): 4},
            answers={("forged",): 3},
            heard_at={"hotline": ORIGIN + 20},
            waiting=7,
            archive_wait=5_400,
            is_house_kept=False,
        )
    )
    expected = {
        ("tocsin_events_total", "hotline", "accepted"): 10,
        ("tocsin_events_total", "hotline", "rejected"): 3,
        ("tocsin_rejected_events_total", "hotline", "late"): 3,
        ("tocsin_dead_letters", "hotline", "malformed"): 1,
        ("tocsin_intake_requests_total", "http", "hotline", "429"): 4,
        ("tocsin_answer_links_total", "forged"): 3,
        ("tocsin_feed_watermark_timestamp_seconds", "hotline"): ORIGIN,
        ("tocsin_feed_lag_seconds", "hotline"): 60,
        ("tocsin_feed_heard_age_seconds", "hotline"): 40,
        ("tocsin_waiting_messages",): 7,
        ("tocsin_archive_wait_seconds",): 5_400,
        ("tocsin_housekeeping_failed",): 1,
        ("tocsin_decision_age_seconds",): 60,
        ("tocsin_ledger_records_total",): 1,
        ("tocsin_sealing_lag_seconds",): 60,
        ("tocsin_duty_left_seconds", "acknowledge", "town"): -65,
        ("tocsin_hotspot_risk", "gas-smell", "a", "mill-street"): 0.93,
        ("tocsin_hotspot_rank", "gas-smell", "a", "mill-street"): 4,
        ("tocsin_hotspot_observed", "gas-smell", "a", "mill-street"): 9,
        ("tocsin_hotspot_expected", "gas-smell", "a", "mill-street"): 1,
        ("tocsin_hotspot_age_seconds", "gas-smell", "a", "mill-street"): 60,
        ("tocsin_alerts_open", "active"): 0,
        ("tocsin_unit_drilling", "city", "town"): 0,
        ("tocsin_feed_silence", "hotline"): 2,
        ("tocsin_feed_silence", "sensors"): 1,
        ("tocsin_hotspots_open", "gas-smell"): 1,
        ("tocsin_hotspot_risk_max",): 0.93,
        ("tocsin_unit_mode", "city", "town"): 2,
        ("tocsin_unit_rank", "city", "town"): 3,
        ("tocsin_unit_blind", "city", "town"): 1,
        ("tocsin_duties_open", "acknowledge", "town"): 1,
        ("tocsin_duties_overdue", "acknowledge", "town"): 1,
        ("tocsin_deliveries", "duty-room", "pending"): 2,
        ("tocsin_budget_allowed_alarms",): 2,
        ("tocsin_budget_spent_alarms",): 1,
        ("tocsin_budget_part_allowed_alarms", "places"): 1.7,
        ("tocsin_budget_part_allowed_alarms", "city"): 0.3,
        ("tocsin_budget_part_spent_alarms", "places"): 1,
        ("tocsin_budget_part_spent_alarms", "city"): 0,
        ("tocsin_sealed_buckets_total",): 0,
        ("tocsin_warming_up",): 0,
        ("tocsin_model_misfit", "gas-smell"): -1,
        ("tocsin_model_misfit_city",): 1,
    }
    assert {name: shown.get(name) for name in expected} == expected
    assert {name[0] for name in shown} >= {metric.name for metric in METRICS}


def test_a_label_that_is_gone_is_gone(started: PipelineState) -> None:
    state = msgspec.structs.replace(started, findings=findings())
    shown = page(Reading(city=CITY, state=state, now=ORIGIN))
    assert not [name for name in shown if name[0] in ("tocsin_duties_open", "tocsin_deliveries")]
    assert shown["tocsin_hotspots_open", "gas-smell"] == 0


def test_before_the_first_record_there_are_only_step_times() -> None:
    metrics = Metrics(lambda: None)
    metrics.stepped(0.003)
    names = {family.name for family in text_string_to_metric_families(metrics.render().decode())}
    assert {name for name in names if not name.startswith(STEP_NAME)} == set()
    assert b'tocsin_step_seconds_bucket{le="0.005"} 1.0' in metrics.render()


def areas_shown(started: PipelineState, settings: MetricsConfig, *spots: Hotspot) -> dict[str, float]:
    state = msgspec.structs.replace(started, findings=findings(*spots))
    text = Metrics(lambda: Reading(city=CITY, state=state, now=ORIGIN, settings=settings)).render().decode()
    families = text_string_to_metric_families(text)
    return {s.labels["area"]: s.value for f in families for s in f.samples if s.name == "tocsin_area_risk"}


def test_riskiest_areas_come_first_and_what_leaves_the_top_is_gone(
    started: PipelineState,
) -> None:
    settings = MetricsConfig(top_areas=2, top_hotspots=1)
    both = hotspot("a", 500_000, "mill-upper"), hotspot("b", 900_000, "market-row")
    assert areas_shown(started, settings, *both) == {"market-row": 0.9, "mill-upper": 0.5}
    moved = hotspot("c", 700_000, "harbour-east"), both[1]
    assert areas_shown(started, settings, *moved) == {"market-row": 0.9, "harbour-east": 0.7}
    state = msgspec.structs.replace(started, findings=findings(*both))
    shown = page(Reading(city=CITY, state=state, now=ORIGIN, settings=settings))
    assert [name[2] for name in shown if name[0] == "tocsin_hotspot_risk"] == ["b"]


def test_while_warming_up_no_area_looks_calm(started: PipelineState) -> None:
    warming = msgspec.structs.replace(findings(), warming_up=True)
    state = msgspec.structs.replace(started, findings=warming)
    shown = page(Reading(city=CITY, state=state, now=ORIGIN))
    assert shown["tocsin_warming_up",] == 1
    assert not [name for name in shown if name[0].startswith("tocsin_area")]


HOSTILE = 'He said "fire"\nC:\\dir 老城, {x="1"} 1'


def test_names_with_quotes_newlines_and_chinese_stay_one_label(started: PipelineState) -> None:
    feed = msgspec.structs.replace(CITY.feeds[0], names={"en": HOSTILE, "zh-CN": "热线“甲”"})
    city = msgspec.structs.replace(CITY, feeds=(feed, *CITY.feeds[1:]))
    text = Metrics(lambda: Reading(city=city, state=started, now=ORIGIN)).render().decode()
    samples = [s for family in text_string_to_metric_families(text) for s in family.samples]
    found = next(s for s in samples if s.name == "tocsin_feed_info" and s.labels["feed"] == feed.id)
    assert (found.labels["name_en"], found.labels["name_zh_cn"]) == (HOSTILE, "热线“甲”")


def test_a_scrape_stays_within_its_bound(started: PipelineState) -> None:
    most = check_metrics(CITY, MetricsConfig())
    state = msgspec.structs.replace(started, findings=findings(hotspot()))
    shown = page(Reading(city=CITY, state=state, now=ORIGIN, heard_at={"hotline": ORIGIN}))
    for name, bound in most.items():
        assert sum(key[0] == name for key in shown) <= bound, name
    assert set(most) == {STEP_NAME, *(metric.name for metric in METRICS)}


def test_a_city_that_could_exceed_its_bound_does_not_start() -> None:
    with pytest.raises(ConfigError, match=r"metrics.max_samples: a scrape of this city can hold \d+ samples"):
        check_metrics(CITY, MetricsConfig(max_samples=100))
