"""What the console needs from a running city; the edge that holds the pipeline implements it."""

from typing import Protocol

import msgspec

from streams.commands import Command
from streams.sources.report import Report
from tocsin.console.phrases import Phrase
from tocsin.console.view import CityView, JournalLine


class CommandReceipt(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a command: the journal entry that it caused, or why it never reached the ledger.

    Exactly one of ``entry`` and ``refused_at_edge`` is set; an entry may itself be a refusal.
    """

    entry: JournalLine | None = None
    refused_at_edge: Phrase | None = None

    @property
    def refusal(self) -> Phrase | None:
        """The reason if nothing was changed, else None."""
        if self.entry is None:
            return self.refused_at_edge
        return self.entry.reason if self.entry.is_refused else None

    @property
    def is_refused(self) -> bool:
        """Whether the act changed nothing."""
        return self.entry is None or self.entry.is_refused


class ReportReceipt(msgspec.Struct, frozen=True, kw_only=True):
    """What the ledger says of a report: why it is not counted ("" if it is), its place, its redacted text."""

    reason: str = ""
    category: str = ""
    area: str = ""
    text: str = ""


class CitySource(Protocol):
    """One running city, as the console sees it."""

    def snapshot(self) -> CityView:
        """The newest picture; cheap enough to be asked for at every request."""

    def now(self) -> int:
        """The city's clock, seconds UTC: wall time when live, the story's time in a demo."""

    async def wait(self, after_offset: int, timeout_seconds: float) -> int:
        """The newest ledger offset, as soon as it is beyond ``after_offset`` or the time is over."""

    def submit(self, command: Command) -> CommandReceipt:
        """Put a command into the ledger and return its journal entry; a repeated id returns the first entry.

        Raises:
            TimeoutError: the entry did not come in time; whether the command arrived is not known.
        """

    def refusal(self, command: Command) -> Phrase | None:
        """Why the table would refuse the command as things stand; None if it would not. Changes nothing."""

    def report(self, feed: str, report: Report) -> ReportReceipt:
        """Hand a report to a feed's intake and wait for the ledger's word; a repeated id counts once.

        Raises:
            TocsinError: it could not be kept; nothing has changed.
            TimeoutError: kept perhaps, but the ledger has not said so in time.
        """
