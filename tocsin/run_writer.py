"""Writes a run directory while a replay goes on; without a folder it only listens."""

import contextlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, Self

from alerting import journal
from replay.hotspot_log import HotspotLog, lines
from streams.archive import LedgerWriter
from streams.ledger import Record
from tocsin import run_directory
from tocsin.city import City
from tocsin.pipeline import Outcome, PipelineState
from tocsin.run_directory import HOTSPOTS, JOURNAL, LABELS, LEDGER, SUMMARY, Manifest


class RunWriter:
    """One run's files; ``hotspots`` gathers what it told of, whether or not it is written."""

    def __init__(
        self, city: City, out: Path | None, ledger: LedgerWriter | None, entries: IO[bytes] | None
    ) -> None:
        self.city, self.out = city, out
        self._ledger, self._entries = ledger, entries
        self.hotspots = HotspotLog(city.streets, city.units, city.seal_delay)

    @classmethod
    @contextlib.contextmanager
    def to(cls, city: City, out: Path | None, with_ledger: bool = True) -> Iterator[Self]:
        """A writer into ``out``; a failed replay leaves no manifest and no ledger behind."""
        if out is None:
            yield cls(city, None, None, None)
            return
        run_directory.begin(out)
        with contextlib.ExitStack() as open_files:
            ledger = open_files.enter_context(LedgerWriter(out / LEDGER)) if with_ledger else None
            yield cls(city, out, ledger, open_files.enter_context((out / JOURNAL).open("wb")))

    def record(self, record: Record) -> None:
        """The next record of the ledger."""
        if self._ledger is not None:
            self._ledger.append(record)

    def take(self, outcome: Outcome, state: PipelineState) -> None:
        """What a record led to, and the state behind it."""
        if self._entries is not None:
            self._entries.writelines(journal.line(entry) + b"\n" for entry in outcome.entries)
        self.hotspots.take(outcome, state.alerts, state.policy)

    def finish(self, facts: dict[str, Any], manifest: Callable[[], Manifest]) -> None:
        """Everything else, the manifest last; called when journal and ledger are closed."""
        if self.out is None:
            return
        run_directory.write_whole(self.out / HOTSPOTS, lines(self.hotspots.told()))
        run_directory.write_whole(self.out / LABELS, lines(self.hotspots.labels))
        text = json.dumps(facts, ensure_ascii=False, indent=2)
        run_directory.write_whole(self.out / SUMMARY, text.encode())
        run_directory.finish(self.out, manifest(), self.city)
