"""The plans that a declaration starts: how long a response is expected to last, and its first measures."""

import msgspec

from streams.errors import ConfigError
from streams.taxonomy import Taxonomy


class Measure(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One thing to do; ``is_default`` says whether it is ticked until somebody takes it out."""

    names: dict[str, str]
    is_default: bool = True


class Plan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What declaring a response for a category starts, unless the person who declares says otherwise.

    ``names`` by locale. ``duration_seconds`` is what the law asks for, the expected duration (突发事件应对法
    art. 72): 1 second to 30 days. ``measures`` are offered in their order.
    """

    category: str
    names: dict[str, str]
    duration_seconds: int = 21_600
    measures: tuple[Measure, ...] = ()


class PlansConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The content of ``plans.toml``: at most one ``[[plan]]`` for each category."""

    plan: tuple[Plan, ...] = ()


LONGEST_SECONDS = 30 * 86_400


def check_plans(plans: PlansConfig, taxonomy: Taxonomy, where: str) -> None:
    """Refuse a plan of an unknown category, two of one, and a duration that no form would take.

    Raises:
        ConfigError: names the plan.
    """
    for number, plan in enumerate(plans.plan):
        if taxonomy.index(plan.category) < 0:
            near = taxonomy.nearest(plan.category)
            remedy = f"did you mean {near}?" if near else "see taxonomy.toml"
            raise ConfigError(f"{where}: plan.category", f"no category is called {plan.category!r}", remedy)
        if plan.category in {other.category for other in plans.plan[:number]}:
            raise ConfigError(f"{where}: plan {plan.category!r}", "is given twice", "keep one of them")
        if not 0 < plan.duration_seconds <= LONGEST_SECONDS:
            raise ConfigError(
                f"{where}: plan {plan.category!r}.duration_seconds",
                f"is {plan.duration_seconds}",
                f"use 1 to {LONGEST_SECONDS}",
            )
