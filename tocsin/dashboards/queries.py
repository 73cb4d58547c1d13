"""The PromQL behind the panels: never calm where nothing is known.

``@city`` stands for the selector of the chosen city, ``@name`` for the label that holds names in the
dashboard's language; ``promql`` puts them in. A series that was heard within the last hour and is not heard
now stays, as *not known*, because an empty panel looks calm.
"""

from typing import Final

from tocsin.city import DECIDES_SECONDS
from tocsin.reading import NAME_LABELS

UNSEEN_MODE: Final = 20
"""Added to nothing: no process says what the mode is. A blind unit's mode has ``BLIND`` added."""
BLIND: Final = 10
UNSEEN_RANK: Final = -1
UNSEEN_SILENCE: Final = 3
UNSEEN_FIT: Final = 2

SEEN: Final = "max(tocsin_warming_up{@city})"
"""Something, as long as a process of the city answers."""

READ_NOW: Final = "max by (city) (tocsin_raw_messages_total{@city})"
READ_LATELY: Final = "max by (city) (0 * present_over_time(tocsin_raw_messages_total{@city}[6h]) + 1)"
"""Where intake is a process of its own: whether one answers, and whether one did."""

SIGHT: Final = (
    "clamp_max(2 * min(1 - up{job=\"tocsin\", @city})"
    f" + 2 * (min(tocsin_decision_age_seconds{{@city}} > bool {DECIDES_SECONDS}) or vector(0))"
    " + 2 * (max(tocsin_sealing_overdue{@city}) or vector(0))"
    f" + (2 * max({READ_LATELY} unless on (city) {READ_NOW}) or vector(0))"
    " + (max(tocsin_unit_blind{@city}) or vector(0))"
    f" + ({SEEN} or vector(0)), 2) or vector(2)"
)  # fmt: skip
"""0 everything is seen, 1 not everything, 2 nothing: no process answers, nobody decides, nothing is read."""

NOTHING: Final = f"(0 * {SEEN})"
"""Zero while a process answers, else no series: what is not asked is not nought."""


def promql(expression: str, name: str = NAME_LABELS[0], city: str = "$city") -> str:
    """The expression for a language's name label and a city."""
    return expression.replace("@city", f'city="{city}"').replace("@name", name)


def counted(expression: str) -> str:
    """A number that is nought only while a process answers."""
    return f"({expression}) or on () {NOTHING}"


def named(expression: str, thing: str, key: str = "") -> str:
    """The expression with the names of its unit, feed or category; ``key`` puts them into another label."""
    info = f"topk by (city, {thing}) (1, last_over_time(tocsin_{thing}_info{{@city}}[1h]))"
    if key:
        info = f'label_replace({info}, "{key}", "$1", "@name", "(?s)(.*)")'
    return f"({expression}) * on (city, {thing}) group_left ({key or '@name'}) {info}"


def modes(tiers: str = ".+") -> str:
    """Each unit's mode: plus ten where it is blind, twenty where no process tells."""
    units = f'@city, tier=~"{tiers}"'
    return (
        f"max by (city, unit, tier) (tocsin_unit_mode{{{units}}} + {BLIND} * tocsin_unit_blind{{{units}}})"
        f" or {UNSEEN_MODE} * max by (city, unit, tier) (present_over_time(tocsin_unit_mode{{{units}}}[1h]))"
    )


def silence() -> str:
    """Each feed's silence, three where no process tells."""
    return (
        "max by (city, feed) (tocsin_feed_silence{@city})"
        f" or {UNSEEN_SILENCE} * max by (city, feed) (present_over_time(tocsin_feed_silence{{@city}}[1h]))"
    )


def misfits() -> str:
    """Whether the model fits each category; two where no process tells."""
    return (
        "max by (city, category) (tocsin_model_misfit{@city})"
        f" or {UNSEEN_FIT} * max by (city, category) (present_over_time(tocsin_model_misfit{{@city}}[1h]))"
    )


def areas() -> str:
    """Each area's rank with its place: nought where it is calm and seen, -1 where it is not seen."""
    labels = "city, area, unit, latitude, longitude, @name"
    ranks = f"max by ({labels}) (tocsin_area_rank{{@city}})"
    blind = "max by (city, unit) (tocsin_unit_blind{@city})"
    return (
        f"({ranks} > 0) or ({ranks} - on (city, unit) group_left () {blind})"
        f" or {UNSEEN_RANK} * max by ({labels}) (present_over_time(tocsin_area_rank{{@city}}[1h]))"
    )


def highest_rank() -> str:
    """The gravest rank of the city's units; -1 where no process tells."""
    return f"max(tocsin_unit_rank{{@city}}) or vector({UNSEEN_RANK})"


def of_hotspot(metric: str) -> str:
    """A figure of each of the gravest hotspots, with the names of its category and unit."""
    one = f"max by (city, hotspot, category, unit) (tocsin_hotspot_{metric}{{@city}})"
    return named(named(one, "category", "what"), "unit", "where")


def per_minute(metric: str, labels: str, *conditions: str) -> str:
    """How often a minute something happens, by ``labels``."""
    chosen = ", ".join(("@city", *conditions))
    return f"60 * sum by ({labels}) (rate({metric}{{{chosen}}}[$__rate_interval]))"


def step_seconds(share: float) -> str:
    """The time below which that share of the fold's steps stays."""
    return (
        f"histogram_quantile({share}, sum by (le)"
        " (rate(tocsin_step_seconds_bucket{@city}[$__rate_interval])))"
    )
