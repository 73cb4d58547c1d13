"""Plays the story: weeks of history at once, then minute by minute through the same doors as live."""

import contextlib
import heapq
import itertools
import json
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np

from replay import scenarios
from replay.histories import in_order, with_ticks
from replay.officers import Noticed, Officer, Roster, answers, is_sensible
from replay.plots import Plot
from replay.raw_feeds import RawMessage
from replay.scenarios import Scenario
from streams.commands import Command
from streams.ledger import RowArray
from tocsin import warm_start
from tocsin.config import Installation
from tocsin.demo.story import DAY, DAYS, Story, story, weeks_before
from tocsin.demo.witness import Witness, is_about
from tocsin.doors import intakes
from tocsin.fold import Cadence
from tocsin.wiring import Running

MINUTE: Final = 60
SCENARIO_FILE: Final = "scenario.toml"
MESSAGE_SECONDS: Final = 120
CADENCE: Final = Cadence(seals=96, records=100_000, seconds=1 << 30, state_seals=96)
"""A demonstration is made anew sooner than taken up: it is checkpointed where something is decided."""
GRAVE: Final = "critical"
SPARE_DAYS: Final = 7
"""How long the city goes on behind the story while the console is served."""

Note = Callable[[str, float], None]
"""Told which part goes on (``history`` or ``story``), and how much of it is done (0 to 1)."""


class StoryClock:
    """Story time in seconds UTC: stands where it is put, or goes on as fast as real time."""

    def __init__(self, at: int) -> None:
        self._at, self._since = at, None

    def __call__(self) -> int:
        """Now."""
        return self._at if self._since is None else self._at + int(time.monotonic() - self._since)

    def put(self, at: int) -> None:
        """Stand at an instant."""
        self._at = at

    _since: float | None

    def go_on(self) -> None:
        """From here on as fast as real time."""
        self._since = time.monotonic()


def demo_city() -> Path:
    """The directory of the demonstration's own city: in an installed package, or in the project."""
    packaged = Path(__file__).parent / "city"
    return packaged if packaged.is_dir() else Path(__file__).parents[2] / "config" / "demo"


class Demo:
    """One demonstration in one data directory: ``witness`` knows what came of it."""

    def __init__(self, installation: Installation, store: Path, seed: int, weeks: int) -> None:
        self.installation, self.seed, self.weeks = installation, seed, weeks
        self.city = installation.city
        self.story: Story = story(self.city, installation.people, seed)
        self.origin_at = weeks_before(self.city, weeks)
        self.clock = StoryClock(self.origin_at)
        _keep_key(store, seed)
        self.running = Running(installation, store, self.clock, self.origin_at, is_demo=True, cadence=CADENCE)
        self.running.store.hurry()
        self.run = self.running.run
        self.witness = Witness(self.city, self.story.plots, self.story.began_at)
        self.run.on_change(self.witness.note)
        people = installation.people.person
        self._roster = Roster(Officer(actor=p.id, role=p.role, unit=p.unit) for p in people)
        self._due: list[tuple[int, str, Command]] = []
        for command in self.story.commands:
            self._plan(command)
        rng = np.random.default_rng((seed, 2))
        self._scenario = _scenario(installation, self.story.plots, rng)
        self._days = scenarios.days(
            self._scenario, self.origin_at, weeks * 7 + DAYS + SPARE_DAYS, rng.spawn(1)[0]
        )
        self._ink = rng.spawn(1)[0]
        self.records = 0
        self._messages: Iterator[RawMessage] = iter(())
        self._waiting: list[RawMessage] = []

    def close(self) -> None:
        """Give up the data directory."""
        self.running.close()

    def play(self, note: Note = lambda _part, _share: None) -> None:
        """Weeks of history, then the story."""
        self.clock.put(self.story.began_at - 1)
        self.records = warm_start.begin(self.run, self._history(note), self.clock())
        self._messages = self._arriving()
        began_at, ended_at = self.story.began_at, self.story.ended_at
        for at in range(began_at + MINUTE, ended_at + 1, MINUTE):
            self.minute(at)
            if at % 3600 == 0:
                note("story", (at - began_at) / (ended_at - began_at))

    def minute(self, at: int) -> None:
        """The minute of the story that ends at ``at`` (seconds UTC)."""
        self._act_until(at)
        self.clock.put(at)
        self.take_until(at)
        self.run.beat()
        self.run.drain()
        self._answer()

    def take_until(self, at: int) -> None:
        """Hand over what the feeds have sent by then."""
        while self._waiting or self._next():
            message = self._waiting[0]
            if message.received_at > at:
                break
            self._waiting.clear()
            self.run.submit_raw(message.feed, message.data, "application/x-ndjson", message.received_at)
            self.records += message.count

    @contextlib.contextmanager
    def going_on(self) -> Iterator[None]:
        """From here on story time is real time, and the feeds go on sending."""
        is_over = threading.Event()
        self.clock.go_on()

        def send() -> None:
            while not is_over.wait(1.0) and self.run.failure is None:
                self.take_until(self.clock())

        sending = threading.Thread(target=send, name="feeds", daemon=True)
        sending.start()
        try:
            yield
        finally:
            is_over.set()
            sending.join()

    def _next(self) -> bool:
        self._waiting.extend(itertools.islice(self._messages, 1))
        return bool(self._waiting)

    def _arriving(self) -> Iterator[RawMessage]:
        """What the feeds send from the beginning of the story on, in order of arrival."""
        for day in self._days:
            yield from scenarios.messages(self._scenario, day, MESSAGE_SECONDS, self._ink)

    def _history(self, note: Note) -> Iterator[RowArray]:
        """The rows of each day before the story, with the ticks of live."""
        doors = {door.feed.id: door for door in intakes(self.city, _key(self.seed))}
        partitions = len(self.city.partitions)
        for number in range(self.weeks * 7):
            day = next(self._days)
            end = day.day_at + DAY - 1
            cut = scenarios.messages(self._scenario, day, DAY, self._ink)
            taken = [doors[m.feed].read_columns(doors[m.feed].columns(m.data), end, m.feed).rows for m in cut]
            rows = np.concatenate(taken)
            rows["received_at"] = np.clip(rows["received_at"], day.day_at, end)
            yield in_order(with_ticks(rows, partitions, end))
            note("history", (number + 1) / (self.weeks * 7))

    def _act_until(self, at: int) -> None:
        """Whoever has made up their mind by then, acts."""
        while self._due and self._due[0][0] <= at:
            stamp, _, command = heapq.heappop(self._due)
            if self._is_sensible(command):
                self.clock.put(max(self.clock(), stamp))
                self.run.submit_command(command)
                self.run.drain()
                self._answer()

    def _is_sensible(self, command: Command) -> bool:
        machines = self.run.fold.state.machines
        machine = (machines.exercise if command.is_exercise else machines.real).get(command.unit)
        return is_sensible(command, machine)

    def _answer(self) -> None:
        """Let the people on duty see what was decided."""
        fresh, self.witness.fresh = self.witness.fresh, []
        for entry in fresh:
            categories = self.witness.categories_of(entry)
            over = partial(self._over_at, categories)
            grave_over_at = self._over_at(frozenset(filter(self._is_grave, categories)), entry.unit, entry.at)
            noticed = Noticed(entry, is_grave=(grave_over_at or 0) > entry.at)
            for command in answers(noticed, self._roster, self.story.conduct, over):
                self.witness.causes[command.id] = entry.hash
                self._plan(command)

    def _plan(self, command: Command) -> None:
        heapq.heappush(self._due, (command.stamp, command.id, command))

    def _is_grave(self, category: str) -> bool:
        known = self.city.taxonomy.index(category) >= 0
        return known and self.city.taxonomy.category(category).consequence == GRAVE

    def _over_at(self, categories: frozenset[str], unit: str, at: int) -> int | None:
        """When what truly happens in the unit will be over, None if nothing of these categories does."""
        tree, streets = self.city.units, self.city.streets
        areas = frozenset(a for a, street in streets.items() if unit in tree.lineage(street))
        ends = [
            plot.ended_at
            for plot in self.story.plots
            for category in categories
            if is_about(plot, category, areas, at, getattr(plot, "feed", ""))
        ]
        return max(ends, default=None)


def _scenario(installation: Installation, plots: tuple[Plot, ...], rng: np.random.Generator) -> Scenario:
    directory = installation.directory
    habits = scenarios.read_habits(directory / SCENARIO_FILE)
    return scenarios.scenario(habits, _features(directory), installation.city.sensors, plots, rng)


def _features(directory: Path) -> list[dict[str, Any]]:
    features: list[dict[str, Any]] = json.loads((directory / "areas.geojson").read_text("utf-8"))["features"]
    return features


def _key(seed: int) -> bytes:
    """The key of pseudonyms of invented persons: the same for the same seed."""
    return msgspec.json.encode(["demo", seed]).ljust(32, b".")


def _keep_key(store: Path, seed: int) -> None:
    """A demonstration's journal must be the same for the same seed, so its key is."""
    store.mkdir(parents=True, exist_ok=True)
    (store / "pseudonym.key").write_bytes(_key(seed))
