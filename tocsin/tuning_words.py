"""What budgets would have cost, in a reader's words and as facts for a script."""

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from replay.comparison import WEEK
from replay.tuning import CITY_AREA, Cost, Tuning
from tocsin.city import City
from tocsin.console.words import Words
from tocsin.messages import text

Rows = list[tuple[Any, ...]]
FEW_WEEKS: Final = 8.0
"""Below it a range of rates is wider than the steps between budgets."""


class TuningWords:
    """Everything that ``tocsin tune`` says of one city, in one language."""

    def __init__(self, tuning: Tuning, city: City, locale: str, answers_a_week: float) -> None:
        self.tuning, self.city, self.locale, self.answers = tuning, city, locale, answers_a_week
        self.words = Words(locale, city.zone, 0)

    def __call__(self, key: str, **args: str | int | float) -> str:
        """The message ``tuning-key``."""
        return text(self.locale, f"tuning-{key}", **args)

    def span(self) -> str:
        """Which stretch is counted."""
        own = self.tuning.span
        return self(
            "span",
            city=self.city.name(self.locale),
            from_at=f"{self.words.local(own.starts_at):%Y-%m-%d}",
            to=f"{self.words.local(own.ends_at):%Y-%m-%d}",
            weeks=f"{own.weeks:.1f}",
        )

    def head(self) -> tuple[str, ...]:
        """The columns of ``costs``."""
        names = ["budget", "rate", "range", "busiest", "alarms", "street", "district", "city"]
        return tuple(
            self(f"head-{name}") for name in (*names, *(["confirmed", "rejected"][: 2 * self._has_labels]))
        )

    def costs(self) -> Rows:
        """A row for each budget."""
        return [self._row(cost) for cost in self.tuning.costs]

    def _row(self, cost: Cost) -> tuple[Any, ...]:
        known = (
            self("of", n=cost.confirmed, of=self.tuning.confirmed),
            self("of", n=cost.rejected, of=self.tuning.rejected),
        )
        return (
            self._budget(cost),
            f"{cost.rate.a_week:.1f}",
            f"{cost.rate.low:.1f}–{cost.rate.high:.1f}",
            max(cost.by_week),
            cost.alarms,
            *(cost.by_tier.get(tier, 0) for tier in ("street", "district", "city")),
            *(known if self._has_labels else ()),
        )

    def _budget(self, cost: Cost) -> str:
        plain = f"{cost.budget:g}"
        return self("own", budget=plain) if cost.budget == self.tuning.own_budget else plain

    @property
    def _has_labels(self) -> bool:
        return bool(self.tuning.confirmed + self.tuning.rejected)

    def notes(self) -> Iterator[str]:
        """How to read the figures, and how far to trust them."""
        span = self.tuning.span
        yield self("meaning")
        if not span.is_calibrated:
            yield self("theory", weeks=self.city.detection.calibration_min_weeks)
        elif span.weeks < FEW_WEEKS:
            yield self("few", weeks=f"{span.weeks:.1f}")
        yield self("labels") if self._has_labels else self("no-labels")

    def reasons(self, most: int) -> Iterator[tuple[str, tuple[str, ...], Rows]]:
        """Tables of what, where and why, each with its alarms under every budget."""
        budgets = tuple(f"{cost.budget:g}" for cost in self.tuning.costs)
        parts: list[tuple[str, Callable[[Cost], Mapping[Any, int]], Callable[[Any], str]]] = [
            ("kind", lambda cost: cost.by_kind, lambda kind: self._kind(*kind)),
            ("area", lambda cost: cost.by_area, self._area),
            ("reason", lambda cost: cost.by_reason, self._reason),
        ]
        for key, of, named in parts:
            rows = self._table([of(cost) for cost in self.tuning.costs], named, most)
            if rows:
                yield self(f"by-{key}"), (self(f"head-{key}"), *budgets), rows

    def _table(self, counts: Sequence[Mapping[Any, int]], named: Callable[[Any], str], most: int) -> Rows:
        """The most frequent under the chosen budget, then under the greatest; the others in one row."""
        chosen = counts[self.tuning.costs.index(self.tuning.chosen)]
        keys: list[Hashable] = sorted(
            {*counts[-1], *chosen}, key=lambda k: (-chosen.get(k, 0), -counts[-1].get(k, 0), str(k))
        )
        rows: Rows = [(named(key), *(own.get(key, 0) for own in counts)) for key in keys[:most]]
        if rest := keys[most:]:
            rows.append((self("others", n=len(rest)), *(sum(own.get(k, 0) for k in rest) for own in counts)))
        return rows

    def _kind(self, category: str, feed: str) -> str:
        if feed:
            names = next((known.names for known in self.city.feeds if known.id == feed), {})
            return self("silence", feed=self.words.named(names) or feed)
        return self.words.named(self.city.taxonomy.category(category).names) or category

    def _area(self, area: str) -> str:
        if area == CITY_AREA:
            return self("whole-city")
        unit = self.city.streets.get(area)
        name = self.city.gazetteer.unit(unit).name(self.locale) if unit else area
        return name if name == area else f"{name} ({area})"

    def _reason(self, detector: str) -> str:
        return self.words.maybe(f"detector-{detector}", detector) if detector else self("unknown")

    def advice(self) -> Iterator[str]:
        """The budget to begin with, why, and the line that sets it."""
        chosen = self.tuning.chosen
        figures = {
            "budget": f"{chosen.budget:g}",
            "high": f"{chosen.rate.high:.1f}",
            "answers": f"{self.answers:g}",
        }
        key = "too-many" if not self.tuning.is_within else "keeps" if chosen.confirmed else "greatest"
        yield self(f"advice-{key}", n=chosen.confirmed, of=self.tuning.confirmed, **figures)
        if chosen.confirmed < self.tuning.confirmed:
            yield self("advice-loses", n=chosen.confirmed, of=self.tuning.confirmed)
        yield self("line", line=line(self.tuning))


def line(tuning: Tuning) -> str:
    """What goes below ``[detection]`` of ``tocsin.toml``."""
    return f"budget_per_week = {tuning.chosen.budget:g}" + ("" if tuning.chosen.budget % 1 else ".0")


def facts(tuning: Tuning, answers_a_week: float) -> dict[str, Any]:
    """All as JSON types, for a script."""
    span = tuning.span
    return {
        "from": span.starts_at,
        "to": span.ends_at,
        "weeks": round(span.weeks, 3),
        "is_calibrated": span.is_calibrated,
        "week_seconds": WEEK,
        "own_budget": tuning.own_budget,
        "answered": {"confirmed": tuning.confirmed, "rejected": tuning.rejected},
        "budgets": [_cost_facts(cost) for cost in tuning.costs],
        "chosen": {
            "budget": tuning.chosen.budget,
            "answers_a_week": answers_a_week,
            "is_within": tuning.is_within,
            "line": line(tuning),
        },
    }


def _cost_facts(cost: Cost) -> dict[str, Any]:
    rate = {name: round(value, 3) for name, value in cost.rate._asdict().items()}
    kinds = [{"category": kind[0], "feed": kind[1], "alarms": n} for kind, n in cost.by_kind.items()]
    return {**msgspec.to_builtins(msgspec.structs.replace(cost, by_kind={})), "rate": rate, "by_kind": kinds}
