"""Plays scenarios of drills that are on, on the real path: each step is a record of the ledger."""

import threading
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from alerting.journal import Entry
from streams.errors import TocsinError
from streams.ledger import Settings
from tocsin.scenarios import Scenario, record_of, scenario_of
from tocsin.store import Store, move_cursor

LOOK_SECONDS: Final = 0.5


class Ledger(Protocol):
    """Where steps go."""

    def submit_command(self, command: Settings) -> Any:
        """Put a record into the ledger."""


class ScenarioPlayer:
    """Looks at the drills that are on and does what is due; a restart goes on where it was."""

    def __init__(
        self,
        scenarios: Mapping[str, Scenario],
        store: Store,
        ledger: Ledger,
        begun: Callable[[], list[Entry]],
        clock: Callable[[], int],
    ) -> None:
        self._scenarios, self._store, self._ledger = scenarios, store, ledger
        self._begun, self._clock = begun, clock
        self._is_over = threading.Event()
        self._thread: threading.Thread | None = None

    def look(self) -> int:
        """Do every step that is due; how many there were."""
        return sum(self._play(entry) for entry in self._begun())

    def start(self) -> None:
        """Look again and again until ``stop``."""
        self._is_over.clear()
        self._thread = threading.Thread(target=self._look_forever, name="drills", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._is_over.set()
        if self._thread is not None:
            self._thread.join()

    def _look_forever(self) -> None:
        while not self._is_over.wait(LOOK_SECONDS):
            try:
                self.look()
            except TocsinError:  # the run itself says what is wrong
                return

    def _play(self, entry: Entry) -> int:
        scenario = self._scenarios.get(scenario_of(entry))
        if scenario is None:
            return 0
        name, now = f"drill {entry.hash}", self._clock()
        done = self._store.cursor(name)
        due = [step for step in scenario.step[done:] if entry.at + step.after_seconds <= now]
        for number, step in enumerate(due, done + 1):
            self._ledger.submit_command(record_of(step, entry.unit, entry.hash, now))
            with self._store.transaction() as connection:
                move_cursor(connection, name, number)
        return len(due)
