"""What a running city does beside its work: archive past days, forget what is over its time."""

import threading
from collections.abc import Callable
from typing import Final

import structlog

from streams.errors import TocsinError
from tocsin.day_archive import DayArchive
from tocsin.retention import Retention

ROUND_SECONDS: Final = 3_600
LOOK_SECONDS: Final = 1.0

log: Final = structlog.get_logger("housekeeping")


class Housekeeping:
    """Once an hour of its clock, on a thread of its own; a round that fails is tried again in the next.

    ``failure`` is what the last round failed of. Nothing is forgotten before it is archived, so a failure
    loses nothing but room.
    """

    def __init__(self, archive: DayArchive, retention: Retention, clock: Callable[[], int]) -> None:
        self._archive, self._retention, self._clock = archive, retention, clock
        self._done_at: int | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="housekeeping", daemon=True)
        self.failure: TocsinError | None = None

    def round(self) -> None:
        """Archive what is over, then forget."""
        now = self._clock()
        try:
            files = self._archive.write(now)
            self.failure = None
        except TocsinError as error:
            files, self.failure = 0, error
            log.error("past days are not archived", error=str(error), again_in=ROUND_SECONDS)
        erased = self._retention.forget(now)
        if files or erased:
            log.info("kept house", archived_files=files, erased=erased)

    def start(self) -> None:
        """Begin in the background."""
        self._thread.start()

    def stop(self) -> None:
        """End after what is being done."""
        self._stopping.set()
        self._thread.join()

    def _keep(self) -> None:
        while True:
            now = self._clock()
            if self._done_at is None or abs(now - self._done_at) >= ROUND_SECONDS:
                self._done_at = now
                self._guarded()
            if self._stopping.wait(LOOK_SECONDS):
                return

    def _guarded(self) -> None:
        """A round that meets a full disk, or a fault of its own, must not end what still works."""
        try:
            self.round()
        except TocsinError as error:
            self.failure = error
            log.error("could not forget", error=str(error), again_in=ROUND_SECONDS)
        except Exception as error:
            what = f"{type(error).__name__}: {error}"
            self.failure = TocsinError("housekeeping", what, "it is tried again; report this")
            log.exception("housekeeping failed", again_in=ROUND_SECONDS)
