"""How long does a scrape of 350 areas × 60 categories take, beside a bare registry of as many samples?

The worst page that the city can have: every unit owes every duty, every area has a hotspot. The bare registry
holds one gauge with as many labelled samples, set beforehand; the ratio says what reading the state costs
over writing the text.
"""

import time
from typing import Any

import msgspec
import numpy as np
from prometheus_client import CollectorRegistry, Gauge, generate_latest

from alerting.levels import DUTY_KINDS
from alerting.machine import Duty
from benchmarks.made_city import made_city
from benchmarks.synthetic import LARGE_CITY, ORIGIN
from benchmarks.timing import percentile
from detectors.findings import BudgetStatus, Findings
from models.hotspots import Explanation, Hotspot
from tocsin.cardinality import MetricsConfig
from tocsin.city import City
from tocsin.metrics import Metrics, check_metrics
from tocsin.pipeline import Pipeline, PipelineState
from tocsin.reading import Reading

SCRAPES = 30
ALLOWED_MS = 100.0
ALLOWED_SAMPLES = 5_000


def main() -> dict[str, Any]:
    """Milliseconds and samples of a scrape, its bound, and the ratio to a bare registry."""
    city = made_city(LARGE_CITY)
    reading = Reading(city=city, state=full_state(city), now=ORIGIN + 900, heard_at={"hotline": ORIGIN})
    metrics = Metrics(lambda: reading)
    samples = _samples(metrics.registry)
    ours = [_ms(metrics.render) for _ in range(SCRAPES)]
    bare = _bare(samples)
    theirs = [_ms(lambda: generate_latest(bare)) for _ in range(SCRAPES)]
    return {
        "ms, median": percentile(ours, 50),
        "ms, longest": max(ours),
        "ms allowed": ALLOWED_MS,
        "ms, bare registry": percentile(theirs, 50),
        "times a bare registry": percentile(ours, 50) / percentile(theirs, 50),
        "samples": samples,
        "samples at most": sum(check_metrics(city, MetricsConfig()).values()),
        "samples allowed": ALLOWED_SAMPLES,
        "bytes": len(metrics.render()),
    }


def full_state(city: City) -> PipelineState:
    """A state in which everything happens at once."""
    pipeline = Pipeline(city)
    state, _ = pipeline.step(pipeline.fresh(), city.start_settings(ORIGIN))
    duties = tuple(Duty(kind=kind, due_at=ORIGIN, calls=1) for kind in DUTY_KINDS)
    real = {
        unit: msgspec.structs.replace(machine, mode="EMERGENCY", rank=5, duties=duties)
        for unit, machine in state.machines.real.items()
    }
    machines = msgspec.structs.replace(state.machines, real=real)
    return msgspec.structs.replace(state, machines=machines, findings=_findings(city))


def _findings(city: City) -> Findings:
    why = Explanation(
        window_buckets=4, observed=9, expected=1.0, upper_bound=4.0, city_factor=1.0, recurrence_weeks=40.0,
        history_weeks=8.0, shares=(), areas=(),
    )  # fmt: skip
    categories = city.taxonomy.category_ids
    hotspots = tuple(
        Hotspot(
            id=f"{number:032x}", category=categories[number % len(categories)], areas=(area,),
            began_at=ORIGIN, last_seen_at=ORIGIN, risk=900_000 + number, is_city=False, explanation=why,
        )
        for number, area in enumerate(city.gazetteer.area_ids)
    )  # fmt: skip
    budget = BudgetStatus(
        allowed=2.0, spent=1, city_allowed=0.3, city_spent=0, expected_low=1.5, expected_high=2.5,
            history_weeks=8.0, threshold=0.5,
        is_calibrated=True,
    )  # fmt: skip
    return Findings(
        hotspots=hotspots, silent=(), budget=budget, expected=np.zeros((1, 1)), warming_up=False, warm_at=0
    )


def _bare(samples: int) -> CollectorRegistry:
    """A registry of its own with one gauge of so many labelled samples."""
    registry = CollectorRegistry()
    gauge = Gauge("bare", "As many samples as ours.", ("unit", "kind"), registry=registry)
    for number in range(samples):
        gauge.labels(f"unit {number}", "acknowledge").set(number)
    return registry


def _samples(registry: CollectorRegistry) -> int:
    return sum(len(family.samples) for family in registry.collect())


def _ms(work: Any) -> float:
    start = time.perf_counter()
    work()
    return 1_000 * (time.perf_counter() - start)


if __name__ == "__main__":
    from benchmarks.__main__ import table

    print("\n".join(table(main())))
