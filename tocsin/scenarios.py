"""What a drill invents, step by step; ``drills/NAME.toml`` of a city directory."""

from collections.abc import Collection
from pathlib import Path

import msgspec

from alerting.journal import Entry
from alerting.levels import BLUE, RANK_NAMES, rank_number
from streams.errors import ConfigError
from streams.ledger import Settings, settings
from tocsin.toml_reader import read


class Step(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One step, ``after_seconds`` from the begin: evidence of a ``rank`` (IV to I), or ``threshold``."""

    after_seconds: int = 0
    rank: str


class Scenario(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One scenario: the category that it is about (its plan is shown), and its steps in order."""

    names: dict[str, str]
    category: str
    step: tuple[Step, ...]


def read_scenarios(directory: Path, categories: Collection[str]) -> dict[str, Scenario]:
    """The scenarios of a city directory by name.

    Raises:
        ConfigError: an unknown category or rank, no step, or steps out of order.
    """
    found = {path.stem: read(path, Scenario) for path in sorted((directory / "drills").glob("*.toml"))}
    for name, scenario in found.items():
        _check(scenario, categories, str(directory / "drills" / f"{name}.toml"))
    return found


def _check(scenario: Scenario, categories: Collection[str], where: str) -> None:
    if scenario.category not in categories:
        raise ConfigError(
            f"{where}: category", f"no category is called {scenario.category!r}", "see taxonomy.toml"
        )
    times = [step.after_seconds for step in scenario.step]
    if not times or times != sorted(times) or times[0] < 0:
        raise ConfigError(f"{where}: step", "is empty or out of order", "begin at 0 and go on in time")
    for number, step in enumerate(scenario.step):
        if step.rank != "threshold" and (rank_number(step.rank) or 0) < BLUE:
            known = ", ".join((*RANK_NAMES[BLUE:], "threshold"))
            raise ConfigError(f"{where}: step[{number}].rank", f"{step.rank!r} is none", f"it may be {known}")


def record_of(step: Step, unit: str, drill: str, at: int) -> Settings:
    """The ledger's record of one step; ``drill`` is the hash of the entry that began it."""
    rank = None if step.rank == "threshold" else rank_number(step.rank)
    return settings("exercise", at, {"unit": unit, "rank": rank, "drill": drill})


def scenario_of(entry: Entry) -> str:
    """The scenario that the entry of a drill's begin names; "" if none."""
    for effect in entry.effects:
        about = effect.args.get("about")
        if effect.kind == "drill" and isinstance(about, list | tuple) and about:
            return str(about[0])
    return ""
