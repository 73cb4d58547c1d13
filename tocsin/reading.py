"""What the metrics are read from: the state behind the newest record, and what the edges counted."""

import functools
from typing import Final

import msgspec

from alerting.units import UnitTree
from detectors.findings import Findings
from streams.names import name_in
from tocsin.cardinality import MetricsConfig
from tocsin.city import City
from tocsin.messages import LOCALES, text
from tocsin.pipeline import PipelineState

Labels = tuple[str, ...]

SILENCE: Final = "silence"
"""The category of the hotspots that a silent feed makes; no taxonomy lists it."""

NAME_LABELS: Labels = tuple(f"name_{locale.lower().replace('-', '_')}" for locale in LOCALES)
"""The label of a name in each language: ``name_en``, ``name_zh_cn``."""


class Plates(msgspec.Struct, frozen=True, eq=False):
    """What never changes in a city's labels: by id, the labels that follow from it."""

    tree: UnitTree
    units: dict[str, Labels]  # tier
    unit_info: tuple[Labels, ...]  # unit, tier, parent, names
    feed_info: tuple[Labels, ...]  # feed, kind, is required, names
    category_info: tuple[Labels, ...]  # category, names
    areas: dict[str, Labels]  # street, latitude, longitude, names
    streets: dict[str, str]


class Reading(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """One look at a running city.

    ``deliveries`` counts by (receiver, state), ``dead_letters`` by (feed, reason), ``requests`` by (edge,
    feed, status), ``answers`` requests with a message's link by result; ``heard_at`` is the reception of each
    feed's newest event, by feed; ``waiting`` counts raw messages that are kept and not read yet;
    ``is_rehearsal`` says that recorded history is played; ``archive_wait`` is for how many seconds the oldest
    day that is over waits for its archive, ``is_house_kept`` whether the last round of archiving and
    forgetting went well. Instants are seconds UTC.
    """

    city: City
    state: PipelineState
    now: int
    settings: MetricsConfig = MetricsConfig()
    deliveries: dict[tuple[str, str], int] = {}
    dead_letters: dict[tuple[str, str], int] = {}
    requests: dict[tuple[str, str, str], int] = {}
    answers: dict[tuple[str], int] = {}
    heard_at: dict[str, int] = {}
    waiting: int = 0
    is_rehearsal: bool = False
    archive_wait: int = 0
    is_house_kept: bool = True

    @property
    def findings(self) -> Findings | None:
        """What the last sealed bucket brought; None before the first."""
        return self.state.findings

    @property
    def plates(self) -> Plates:
        """The city's fixed labels, made once."""
        return plates(self.city)


@functools.lru_cache(maxsize=4)
def plates(city: City) -> Plates:
    """The fixed labels of a city, in the order of its own lists."""
    tree = city.units
    required = {name for names in city.policy.required_feeds.values() for name in names}
    return Plates(
        tree=tree,
        units={unit: (tree.tier(unit),) for unit in tree.order},
        unit_info=tuple(
            (unit, tree.tier(unit), tree.parents[unit] or "", *_names(city.gazetteer.unit(unit).names, unit))
            for unit in tree.order
        ),
        feed_info=tuple(
            (f.id, f.kind, str(int(bool({f.id, f.kind} & required))), *_names(f.names, f.id))
            for f in city.feeds
        ),
        category_info=(
            *((key, *_names(city.taxonomy.category(key).names, key)) for key in city.taxonomy.category_ids),
            (SILENCE, *(text(locale, "dashboards-category-silence") for locale in LOCALES)),
        ),
        areas={
            area.id: (area.street, f"{latitude:.5f}", f"{longitude:.5f}", *_names(area.names, area.id))
            for area, (longitude, latitude) in zip(
                city.gazetteer.areas, city.gazetteer.middles.tolist(), strict=True
            )
        },
        streets=city.streets,
    )


def _names(names: dict[str, str], otherwise: str) -> Labels:
    """A thing's name in every language, in the order of ``NAME_LABELS``."""
    return tuple(name_in(locale, names, otherwise) for locale in LOCALES)
