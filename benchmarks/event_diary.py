"""What happens in an eventful city and where: each truth where the part that it is for can be seen."""

from typing import Final, NamedTuple

import numpy as np

from models import tails
from streams.panel import Array

DAY, WEEK = 24, 168
OPEN: Final = tuple(range(6))
"""Categories of the hotline; offices and devices have no surges."""

BUSY: Final = (0, 4, 5)
"""Categories of giant incidents."""

TEXTED: Final = (0, 1)
SCHOOLS, MARKETS, STADIUM = (1, (0, 1, 2)), (2, (3, 4)), (3, (5,))
"""Category and areas of places with a week of their own."""

STEPS: Final = ((3, 3.0), (3, 1 / 3), (4, 3.0), (4, 1 / 3), (5, 3.0), (5, 1 / 3))
"""Category and factor of the levels that leave for good, ten days apart, from the first judged week on."""

STEP_AREAS: Final = tuple(range(6, 18))
CALLERS: Final = (60, 160)
SURGE, FESTIVAL = 4.0, 2.0
"""What a surge of hours and a festival of three days bring, as a multiple of what is usual."""

ORACLE_SCORE: Final = 6.0
LEAST: Final = 5.0
"""What is usual in the hours of a surge, at least: less would look like an incident with many callers."""

SURGES: Final = {"rhythm": 8, "holiday": 8, "low": 6, "shaken": 8, "plain": 10}
"""How many surges are sought where places have their own week, on holidays, where a level has fallen, in the
two weeks after a giant incident, and anywhere else."""

WORDINGS: Final = 10


class Happening(NamedTuple):
    """One truth: ``kind`` is surge …, incident, festival, step, wording or a trouble of devices."""

    kind: str
    category: int
    areas: tuple[int, ...]
    first: int  # hour
    last: int  # hour after the end
    size: float = 0.0  # callers, or the factor of a step


class Diary:
    """Writes down what happens; ``mean`` (T, A, C) float64 is what is usual and takes the steps in."""

    def __init__(
        self, rng: np.random.Generator, mean: Array, near: Array, is_holiday: Array, judged: int
    ) -> None:
        self.rng, self.mean, self.near, self.is_holiday = rng, mean, near, is_holiday
        self.judged = judged
        self.happenings: list[Happening] = []

    def filled(self) -> tuple[Happening, ...]:
        """Everything that happens, in no order."""
        self._steps()
        self._incidents()
        self._festivals()
        self._wordings()
        for place, wanted in SURGES.items():
            for _ in range(wanted):
                self._surge(place)
        return tuple(self.happenings)

    def _steps(self) -> None:
        areas = self.rng.permutation(STEP_AREAS)
        for k, (category, factor) in enumerate(STEPS):
            first = self.judged + k * 10 * DAY + int(self.rng.integers(2 * DAY))
            self.mean[first:, areas[k], category] *= factor
            told = first + 3 * DAY
            self.happenings.append(Happening("step", category, (int(areas[k]),), first, told, factor))

    def _incidents(self) -> None:
        """One in five days, from the third week on."""
        for day in range(14, len(self.mean) // DAY - 1, 5):
            first = day * DAY + int(self.rng.integers(8, 22))
            category, area = int(self.rng.choice(BUSY)), self._area()
            callers = float(self.rng.integers(*CALLERS))
            self._note(Happening("incident", category, (area,), first, first + 1, callers))

    def _festivals(self) -> None:
        for k, category in enumerate((4, 0, 4)):
            for _ in range(50):
                first = self.judged + (1 + 3 * k) * WEEK + int(self.rng.integers(7)) * DAY
                if self._note(Happening("festival", category, (self._area(),), first, first + 3 * DAY)):
                    break

    def _wordings(self) -> None:
        """Each for a day in three neighbouring areas."""
        for k in range(WORDINGS):
            for _ in range(50):
                first = self._hour()
                areas = tuple(self.near[self._area(), :3].tolist())
                if self._note(Happening("wording", TEXTED[k % 2], areas, first, first + DAY)):
                    break

    def _surge(self, place: str) -> None:
        """One surge at a kind of place, just long enough for an oracle; none where 300 tries find none."""
        for _ in range(300):
            category, area, first = self._candidate(place)
            last = self._fair_end(category, area, first)
            if last and self._note(Happening(f"surge {place}", category, (area,), first, last)):
                return

    def _candidate(self, place: str) -> tuple[int, int, int]:
        """Category, area and hour."""
        if place == "rhythm":
            category, areas = (SCHOOLS, MARKETS, STADIUM)[self.rng.integers(3)]
            return category, int(self.rng.choice(areas)), self._hour()
        if place == "low":
            fallen = [x for x in self.happenings if x.kind == "step" and x.size < 1]
            one = fallen[self.rng.integers(len(fallen))]
            return one.category, one.areas[0], self._hour(one.first + 14 * DAY)
        if place == "shaken":
            hit = [x for x in self.happenings if x.kind == "incident"]
            one = hit[self.rng.integers(len(hit))]
            first = one.first + int(self.rng.integers(3 * DAY, 14 * DAY))
            return one.category, one.areas[0], first
        category = int(self.rng.choice(OPEN))
        if place == "holiday":
            hours = np.flatnonzero(self.is_holiday)
            return category, self._area(), int(self.rng.choice(hours[hours >= self.judged]))
        return category, self._area(), self._hour()

    def _area(self) -> int:
        return int(self.rng.integers(len(self.near)))

    def _hour(self, least: int = 0) -> int:
        return int(self.rng.integers(max(least, self.judged), len(self.mean) - 2 * DAY))

    def _fair_end(self, category: int, area: int, first: int) -> int:
        """When a surge ends so that one who knows mean and dispersion sees it; 0 for never."""
        if not self.judged <= first < len(self.mean) - 2 * DAY:
            return 0
        for hours in (1, 2, 4, 8):
            total = float(self.mean[first : first + hours, area, category].sum())
            came = np.array([round(total * (1 + SURGE))])
            spread = np.array([1.3 * total + 0.003 * total**2])
            if total >= LEAST and tails.upper_score(came, np.array([total]), spread)[0] >= ORACLE_SCORE:
                return first + hours
        return 0

    def _note(self, one: Happening) -> bool:
        """Write it down unless something of its category happens near it within two days."""
        if any(self._is_near(one, other) for other in self.happenings):
            return False
        self.happenings.append(one)
        return True

    def _is_near(self, one: Happening, other: Happening) -> bool:
        if one.category != other.category or one.areas[0] not in self.near[other.areas[0]]:
            return False
        return one.first - 2 * DAY < other.last and other.first - 2 * DAY < one.last


def lifts(mean: Array, happenings: tuple[Happening, ...]) -> Array:
    """What surges and festivals multiply the mean by, (T, A, C) float64."""
    lift = np.ones_like(mean)
    for one in happenings:
        if one.kind.startswith("surge"):
            lift[one.first : one.last, one.areas[0], one.category] += SURGE
        elif one.kind == "festival":
            lift[one.first : one.last, one.areas[0], one.category] += FESTIVAL
    return lift
