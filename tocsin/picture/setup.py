"""What stands between a new city and its first warning, and how its alarm budget stands."""

from detectors.findings import Findings
from tocsin.city import City
from tocsin.console.view import BudgetView, SetupStep
from tocsin.people import PeopleConfig
from tocsin.picture.memory import Memory

WEEK_SECONDS = 604_800


def steps(
    city: City, people: PeopleConfig, findings: Findings | None, memory: Memory
) -> tuple[SetupStep, ...]:
    """The way to the first warning; nothing once the city can warn."""
    if findings is not None and not findings.warming_up:
        return ()
    return (
        SetupStep(
            key="city", is_done=True, args={"areas": len(city.gazetteer), "units": len(city.units.order)}
        ),
        SetupStep(
            key="feed",
            is_done=bool(memory.heard),
            args={"feeds": len(city.feeds)},
            command=f"tocsin check --sample FILE --feed {city.feeds[0].id}",
        ),
        SetupStep(key="people", is_done=bool(people.person), args={"people": len(people.person)}),
        SetupStep(key="learn", is_done=False, args={"warm_at": findings.warm_at} if findings else {}),
        SetupStep(key="budget", is_done=False, args={"budget": city.detection.budget_per_week}),
    )


def budget_view(findings: Findings | None) -> BudgetView | None:
    """False alarms allowed and used this week; a range only once the city's own history carries it."""
    if findings is None or findings.warming_up:
        return None
    budget = findings.budget
    return BudgetView(
        allowed=budget.allowed,
        used=budget.spent,
        city_allowed=budget.city_allowed,
        city_used=budget.city_spent,
        low=budget.expected_low if budget.is_calibrated else None,
        high=budget.expected_high if budget.is_calibrated else None,
    )
