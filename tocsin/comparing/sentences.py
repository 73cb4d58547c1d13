"""A comparison in a reader's words."""

from typing import Any, Final

from replay.comparison import Measure, Pair, Standing
from tocsin.comparing.runs import Compared
from tocsin.console.phrases import named
from tocsin.console.words import Words
from tocsin.geography import Geography
from tocsin.messages import text
from tocsin.run_directory import Run

SHORT_HASH: Final = 8
SILENCE: Final = "silence"
"""The category of a feed that says nothing."""


class Sentences:
    """Everything that a comparison says, in one language."""

    def __init__(self, compared: Compared, locale: str) -> None:
        self.compared, self.locale = compared, locale
        self.places: Geography = compared.a.geography
        self.words = Words(locale, self.places.zone, 0)

    def __call__(self, key: str, **args: str | int | float) -> str:
        """The message ``comparing-key``."""
        return text(self.locale, f"comparing-{key}", **args)

    def verdict(self) -> str:
        """What B does otherwise, in one sentence."""
        found = self.compared.found
        if found.is_same:
            return self("same")
        return self("verdict", alerts=self._alerts(), leads=self._leads(), rest=self._rate() or self._modes())

    def _rate(self) -> str:
        """How many alerts a week B costs more, or saves."""
        rate = self.compared.found.measures[0]
        difference = round(rate.b - rate.a, 1)
        if not difference:
            return ""
        return self("verdict-more" if difference > 0 else "verdict-fewer", n=f"{abs(difference):g}")

    def _modes(self) -> str:
        units = len({one.unit for one in self.compared.found.differences})
        return self("verdict-modes", n=units) if units else ""

    def _alerts(self) -> str:
        found = self.compared.found
        gained, lost = found.count("gained"), found.count("lost")
        in_a = len(found.pairs) - gained
        more = self("verdict-gained", n=gained) if gained else ""
        less = self("verdict-lost", n=lost, of=in_a) if lost else ""
        if more and less:
            return self("verdict-both", gained=more, lost=less)
        return more or less or self("verdict-same-alerts", n=in_a)

    def _leads(self) -> str:
        found = self.compared.found
        earlier, later = found.count("earlier"), found.count("later")
        if not earlier + later:
            return ""
        both = earlier + later + found.count("same")
        key = "verdict-leads" if earlier and later else "verdict-earlier" if earlier else "verdict-later"
        said = self(key, n=both, earlier=earlier, later=later)
        lead = found.median_lead
        key = "verdict-lead-earlier" if lead > 0 else "verdict-lead-later"
        return said + (self(key, duration=self.words.duration(abs(lead))) if lead else "")

    def run(self, run: Run) -> str:
        """As recorded, or what was asked."""
        changes = run.manifest.changes
        return self("what-if", changes=", ".join(changes)) if changes else self("recorded")

    def run_detail(self, run: Run) -> str:
        """By which policy and settings it was decided."""
        own = run.manifest
        said = self("run-policy", policy=own.policy[:SHORT_HASH], detection=own.detection[:SHORT_HASH])
        return said + self._ranking(own.totals.get("models") or [])

    def _ranking(self, models: list[dict[str, Any]]) -> str:
        """By which models alarms were ranked, the last first in force last; nothing for the plain map."""
        names = [own["model"][:SHORT_HASH] or self("plain-map") for own in models]
        return self("run-models", models=" → ".join(names)) if names else ""

    def span(self) -> str:
        """What was replayed."""
        found = self.compared.found
        return self(
            "span", from_at=self.moment(found.starts_at), to=self.moment(found.ends_at), offset=self.offset()
        )

    def warnings(self) -> list[str]:
        """What makes A and B hard to compare."""
        a, b = self.compared.a.manifest, self.compared.b.manifest
        digests = [{source.digest or source.path for source in own.data} for own in (a, b)]
        said = [self("other-data")] if digests[0] != digests[1] else []
        said += [self("other-code")] if a.code != b.code else []
        others = self.words("join-comma").join(_others(a.libraries, b.libraries))
        return said + ([self("other-libraries", which=others)] if others else [])

    def offset(self) -> str:
        """The city's offset at the end."""
        return Words(self.locale, self.places.zone, self.compared.found.ends_at).offset()

    def moment(self, at: int) -> str:
        """Day and time."""
        return f"{self.words.local(at):%Y-%m-%d %H:%M}"

    def day(self, at: int) -> str:
        """The day."""
        return f"{self.words.local(at):%Y-%m-%d}"

    def unit(self, unit: str) -> str:
        """A unit's name."""
        return named(self.places.unit(unit).names, self.locale) or unit

    def category(self, category: str, feed: str = "") -> str:
        """A category's name, or which feed fell silent."""
        if feed:
            return self("silence", feed=named(self.places.feeds.get(feed, {}), self.locale) or feed)
        return named(self.places.categories.get(category, {}), self.locale) or category

    def kind(self, category: str) -> str:
        """A category, or silence of any feed."""
        return self("silences") if category == SILENCE else self.category(category)

    def where(self, pair: Pair) -> str:
        """The unit that owns the alert."""
        return self("whole-city") if pair.told.is_city else self.unit(pair.told.unit)

    def standing(self, standing: Standing) -> str:
        """Mode and level."""
        mode = self.words.mode(standing.mode)
        level = standing.response or standing.rank
        return self.words("mode-level", mode=mode, rank=self.words.level(level)) if level > 1 else mode

    def change(self, pair: Pair) -> str:
        """Only A, only B, or by how much earlier or later."""
        return self(f"change-{pair.change}", duration=self.words.duration(abs(pair.lead_seconds)))

    def figure(self, measure: Measure, value: float) -> str:
        """A measure's figure."""
        if measure.key.endswith("-warned"):
            return self("none-of") if not measure.of else self("of", n=int(value), of=measure.of)
        return f"{value:.1f}"

    def range(self, measure: Measure) -> str:
        """B − A, with its range where history is long enough."""
        if measure.key.endswith("-warned"):
            return _signed(measure.b - measure.a, 0)
        difference = _signed(measure.b - measure.a, 1)
        if measure.low is None or measure.high is None:
            return difference
        return f"{difference} ({_signed(measure.low, 1)} … {_signed(measure.high, 1)})"


def _signed(value: float, digits: int) -> str:
    if round(value, digits) == 0:
        return "0"
    return f"{value:+.{digits}f}".replace("-", "−")


def _others(a: dict[str, str], b: dict[str, str]) -> list[str]:
    """Libraries of which both runs name a version, and not the same: ``numpy 2.1.0 / 2.2.0``."""
    return [f"{name} {a[name]} / {b[name]}" for name in sorted(a.keys() & b.keys()) if a[name] != b[name]]
