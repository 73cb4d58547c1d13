"""Plans (预案): what is to be done for a category, rank by rank; ``plans/<category>.toml`` of a city."""

import difflib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Final

import msgspec

from alerting.levels import BLUE, RANK_NAMES, rank_number
from streams.errors import ConfigError
from tocsin.toml_reader import read

GENERAL: Final = "general"
"""The plan of every category that has none of its own."""

FOLDER: Final = "plans"


class Item(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One line of the checklist; it is due from ``rank`` (IV, III, II, I) on. The journal has its ``id``."""

    id: str
    names: dict[str, str]
    rank: str = "IV"


class Measure(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something that a declaration may announce; ``is_default`` has it chosen beforehand."""

    names: dict[str, str]
    is_default: bool = True


class PlanFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One plan: its checklist, and what a declaration says unless the chief says otherwise.

    The file's name is the category's id, or ``general`` for every category without a plan of its own.
    ``duration_seconds`` is how long a response is expected to last; ``heed`` is what people are to heed, in
    one sentence a language, as a published warning tells them.
    """

    names: dict[str, str]
    duration_seconds: int = 21_600
    heed: dict[str, str] = {}
    measure: tuple[Measure, ...] = ()
    item: tuple[Item, ...] = ()


def plan_of(plans: Mapping[str, PlanFile], category: str) -> PlanFile | None:
    """The plan of a category, or the general one; None where there is neither."""
    return plans.get(category) or plans.get(GENERAL)


def read_plans(directory: Path, categories: Collection[str]) -> dict[str, PlanFile]:
    """The plans of a city directory by category, ``general`` among them if there is one.

    Raises:
        ConfigError: a plan for no category, an item without text or with a rank that is none, an id twice.
    """
    plans = {}
    for path in sorted((directory / FOLDER).glob("*.toml")):
        if path.stem not in {*categories, GENERAL}:
            near = difflib.get_close_matches(path.stem, [*categories, GENERAL], 1)
            remedy = f"did you mean {near[0]}.toml?" if near else "name it after a category of taxonomy.toml"
            raise ConfigError(str(path), f"no category is called {path.stem!r}", remedy)
        plan = read(path, PlanFile)
        _check(plan, str(path))
        plans[path.stem] = plan
    return plans


def _check(plan: PlanFile, where: str) -> None:
    if not any(plan.names.values()):
        raise ConfigError(f"{where}: names", "is empty", "give the plan a name")
    if plan.duration_seconds <= 0:
        raise ConfigError(
            f"{where}: duration_seconds", f"is {plan.duration_seconds}", "a response lasts some time"
        )
    ids = [item.id for item in plan.item]
    for number, item in enumerate(plan.item):
        _check_item(item, ids[:number], f"{where}: item[{number}]")


def _check_item(item: Item, before: list[str], where: str) -> None:
    if not item.id or item.id in before:
        raise ConfigError(f"{where}.id", f"{item.id!r} is empty or used twice", "give each item its own id")
    if not any(item.names.values()):
        raise ConfigError(f"{where}.names", "is empty", "say what is to be done")
    rank = rank_number(item.rank)
    if rank is None or rank < BLUE:
        known = ", ".join(RANK_NAMES[BLUE:])
        raise ConfigError(f"{where}.rank", f"{item.rank!r} is no rank of a warning", f"it may be {known}")
