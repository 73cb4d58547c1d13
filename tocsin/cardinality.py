"""How many samples one scrape of a city can have at most, known and limited before the city starts."""

import math
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from alerting.levels import DUTY_KINDS
from streams.errors import ConfigError
from streams.events import REASONS
from tocsin.city import City

DELIVERY_STATES: Final = ("pending", "delivered", "refused", "given_up", "bundled")
ANSWERS: Final = 6
EDGES: Final = ("http", "mqtt", "kafka")
STATUSES: Final = ("202", "400", "401", "403", "404", "405", "408", "413", "415", "429", "503")


class MetricsConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much a scrape may hold.

    Of all areas, the ``top_areas`` of highest risk have samples of their own, of all hotspots the
    ``top_hotspots``; what leaves the top leaves the page. ``max_samples`` is what one scrape may hold when
    everything happens at once: a city that could exceed it does not start.
    """

    top_areas: int = 400
    top_hotspots: int = 50
    max_samples: int = 10_000

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            if getattr(self, name) < 1:
                raise ConfigError(f"metrics.{name}", f"is {getattr(self, name)}", "give 1 or more")


def bound(labels: Iterable[str], counts: Mapping[str, int]) -> int:
    """Most samples of a metric with these labels; a label that follows from another is not in ``counts``."""
    names = tuple(labels)
    for single in ("hotspot", "area"):
        if single in names:
            return counts[single]
    return math.prod(counts.get(name, 1) for name in names)


def label_counts(city: City, settings: MetricsConfig) -> dict[str, int]:
    """How many values each label can take in this city; names, tiers and places follow from ids."""
    return {
        "hotspot": settings.top_hotspots,
        "area": min(settings.top_areas, len(city.gazetteer)),
        "category": len(city.taxonomy.category_ids) + 1,  # and silence
        "feed": len(city.feeds) + 1,  # requests of nobody's feed have an empty one
        "unit": len(city.units.order),
        "kind": len(DUTY_KINDS),
        "outcome": 2,
        "reason": len(REASONS),
        "receiver": len(city.routes.receivers),
        "state": len(DELIVERY_STATES),
        "result": ANSWERS,
        "part": 2,  # of the alarm budget: places, the city
        "edge": len(EDGES),
        "status": len(STATUSES),
    }


def check_cardinality(
    city: City, settings: MetricsConfig, metrics: Mapping[str, tuple[str, ...]]
) -> dict[str, int]:
    """Most samples by metric, given each metric's labels.

    Raises:
        ConfigError: together they exceed ``metrics.max_samples``.
    """
    counts = label_counts(city, settings)
    most = {name: bound(labels, counts) for name, labels in metrics.items()}
    total = sum(most.values())
    if total > settings.max_samples:
        name = max(most, key=lambda key: most[key])
        raise ConfigError(
            "tocsin.toml: metrics.max_samples",
            f"a scrape of this city can hold {total:,} samples, {most[name]:,} of them {name}",
            "lower metrics.top_areas or metrics.top_hotspots, or raise it and give Prometheus room",
        )
    return most
