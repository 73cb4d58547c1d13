"""What ``tocsin check`` says: the facts of a city directory, and what a sample file would become."""

import collections
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from alerting.notifiers.registry import notifiers
from alerting.reach import Answerer, gaps, idle_receivers, unheard
from streams.area_files import overlaps
from streams.errors import ConfigError
from streams.events import Rejected
from streams.tables import read_history
from tocsin import clock, config
from tocsin.city import City
from tocsin.doors import intakes
from tocsin.metrics import check_metrics
from tocsin.plans import GENERAL
from tocsin.toml_reader import located

GAPS_SHOWN: Final = 6

NOTHING: Final = "nothing"
"""What is said of a list of gaps that is empty."""

MISSING: Final = {
    "untold": "lead routes to receivers with person or is_staffed",
    "unanswered": "name people who may answer in people.toml",
}
"""What a city cannot be without, and what to do."""

SAMPLE_KEY: Final = bytes(32)
"""A sample's pseudonyms go nowhere, so any key will do."""


class Refused(msgspec.Struct, frozen=True):
    """Records of a sample that one reason keeps out: how many, where the first stands, what is wrong."""

    count: int
    where: str
    detail: str


def describe(directory: Path, data: Path | None = None) -> dict[str, Any]:
    """What a city directory holds, by name; raises ``ConfigError`` where it does not hold together."""
    installation = config.load(directory, data)
    city = installation.city
    intakes(city, SAMPLE_KEY)
    samples = check_metrics(city, installation.metrics)
    with located(str(directory / "routes.toml")):
        notifiers(city.routes, clock.now, directory)
    tiers = [unit.tier for unit in city.gazetteer.units]
    return {
        "city": f"{city.name('en')} ({city.id})",
        "time zone": city.zone,
        "units": f"{tiers.count('district')} districts, {tiers.count('street')} streets",
        "areas": len(city.gazetteer),
        "overlapping areas": _overlapping(city),
        "categories": len(city.taxonomy),
        "feeds": ", ".join(f"{feed.id} ({feed.kind})" for feed in city.feeds),
        "sensors": len(city.sensors),
        "persons": len(installation.people.person),
        "receivers": ", ".join(r.id for r in city.routes.receivers) or "none: alerts are only on screen",
        "of them read by persons": _read_by_persons(installation),
        "untold": untold(installation),
        "receivers without a route": ", ".join(idle_receivers(city.routes)) or "none",
        "unanswered": unanswered(installation),
        "plans": _planned(installation),
        "samples of a scrape at most": sum(samples.values()),
        "false alarms allowed a week": city.detection.budget_per_week,
    }


def _overlapping(city: City) -> str:
    """Which areas share ground, and who has the calls there."""
    found = [
        f"{small.id} has the {percent:.2g} % of it that lies in {large.id}"
        for small, large, percent in sorted(overlaps(city.gazetteer.areas), key=lambda pair: -pair[2])
    ]
    return _first(found) if found else "none"


def untold(installation: config.Installation) -> str:
    """The units and ranks of which no person is told; "nothing" where somebody always is."""
    city = installation.city
    if not city.routes.routes:
        return "everything: there is no route"
    found = [
        str(gap)
        for gap in unheard(city.routes, city.units, city.taxonomy.category_ids, _answerers(installation))
    ]
    return _first(found)


def unanswered(installation: config.Installation) -> str:
    """The units and ranks at which nobody may do what is asked; "nothing" where somebody always may."""
    if not installation.people.person:
        return "everything: people.toml has no person"
    return _first([str(gap) for gap in gaps(_answerers(installation), installation.city.units)])


def what_is_missing(facts: Mapping[str, Any]) -> str:
    """One sentence on what keeps a city from reaching persons who may answer; "" if nothing does."""
    missing = [name for name in MISSING if facts[name] != NOTHING]
    if not missing:
        return ""
    what = "; ".join(f"{name}: {facts[name]}" for name in missing)
    return f"does not hold together; {what}; {', and '.join(MISSING[name] for name in missing)}"


def _answerers(installation: config.Installation) -> list[Answerer]:
    return [Answerer(person.id, person.role, person.unit) for person in installation.people.person]


def _read_by_persons(installation: config.Installation) -> str:
    found = [
        f"{r.id} ({'a staffed room' if r.is_staffed else r.person})"
        for r in installation.city.routes.receivers
        if r.is_read
    ]
    return ", ".join(found) or "none"


def _first(found: list[str]) -> str:
    """The first few, and how many more there are."""
    more = f" and {len(found) - GAPS_SHOWN} more" if len(found) > GAPS_SHOWN else ""
    return "; ".join(found[:GAPS_SHOWN]) + more if found else NOTHING


def _planned(installation: config.Installation) -> str:
    """How many plans there are, and which categories have none."""
    plans, categories = installation.plans, installation.city.taxonomy.category_ids
    if GENERAL in plans or not plans:
        return str(len(plans))
    without = [category for category in categories if category not in plans]
    return f"{len(plans)}; none for {', '.join(without)}" if without else str(len(plans))


def try_sample(directory: Path, sample: Path, feed: str = "", data: Path | None = None) -> dict[str, Any]:
    """What intake would make of a file: records taken, and by reason how many are not, with the first place.

    Raises:
        ConfigError: no feed is called so.
        DataError: the file cannot be read.
    """
    city = config.load_city(directory, data)
    name = feed or city.feeds[0].id
    refused, records, counts = _taken(city, name, sample)
    return {
        "file": str(sample),
        "feed": name,
        "records": records,
        "accepted": counts["accepted"],
        "noticed": {key: n for key, n in sorted(counts.items()) if key.startswith("dst")},
        "refused": {reason: msgspec.to_builtins(case) for reason, case in _by_reason(refused).items()},
    }


def _taken(city: City, feed: str, sample: Path) -> tuple[list[Rejected], int, collections.Counter[str]]:
    door = next((door for door in intakes(city, SAMPLE_KEY) if door.feed.id == feed), None)
    if door is None:
        known = ", ".join(f.id for f in city.feeds)
        raise ConfigError("check --feed", f"no feed is called {feed!r}", f"it may be {known}")
    refused: list[Rejected] = []
    records, counts = 0, collections.Counter[str]()
    for taken in read_history(sample, door, clock.now()):
        refused += [rejected for _, rejected in taken.rejected]
        records += len(taken.rows)
        counts.update(taken.counts)
    return refused, records, counts


def _by_reason(refused: list[Rejected]) -> dict[str, Refused]:
    """Refusals by reason, the most frequent first."""
    cases: dict[str, Refused] = {}
    for item in refused:
        first = cases.get(item.reason.value, Refused(0, item.where, item.detail))
        cases[item.reason.value] = msgspec.structs.replace(first, count=first.count + 1)
    return dict(sorted(cases.items(), key=lambda pair: (-pair[1].count, pair[0])))
