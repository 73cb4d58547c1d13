"""A connection to a source, kept up on a thread of its own; lost, it is sought ever more patiently."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import structlog

from streams.connect.desk import Desk, Tally
from streams.connect.parcels import Payload
from streams.errors import BusyError, TocsinError

FIRST_PAUSE: Final = 0.5
LONGEST_PAUSE: Final = 30.0
STOP_SECONDS: Final = 10.0

log: Final = structlog.get_logger("sources")


class Upkeep:
    """Runs ``session`` until ``stop``; a session that ends or fails begins anew after a pause.

    The pause doubles up to 30 s and is short again after a session that got as far as ``connected``.
    """

    def __init__(self, name: str, session: Callable[["Upkeep"], Awaitable[None]]) -> None:
        self.name, self._session = name, session
        self.is_connected = False
        self._pause = FIRST_PAUSE
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._begun = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), name=name, daemon=True)

    def start(self) -> None:
        """Begin to connect; returns at once."""
        self._thread.start()
        self._begun.wait()

    def stop(self) -> None:
        """End the session; what was not acknowledged comes again."""
        if self._loop is not None and self._task is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._task.cancel)
            self._thread.join(STOP_SECONDS)

    def connected(self) -> None:
        """The session has got through."""
        self.is_connected, self._pause = True, FIRST_PAUSE
        log.info("connected", source=self.name)

    async def _run(self) -> None:
        self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
        self._begun.set()
        try:
            while True:
                await self._once()
                await asyncio.sleep(self._pause)
                self._pause = min(2 * self._pause, LONGEST_PAUSE)
        except asyncio.CancelledError:
            return

    async def _once(self) -> None:
        try:
            await self._session(self)
        except Exception as error:  # whatever it is, the other sources go on, and this one tries again
            what = str(error) or type(error).__name__
            log.warning("connection lost", source=self.name, error=what, again_in=self._pause)
        finally:
            self.is_connected = False


class Keeper:
    """Hands payloads of a source to the desk until it has them."""

    def __init__(self, edge: str, desk: Desk, clock: Callable[[], int], tally: Tally) -> None:
        self._edge, self._desk, self._clock, self._tally = edge, desk, clock, tally

    async def keep(self, feed: str, payloads: Sequence[Payload], where: str) -> None:
        """Return when all are on disk or on the broker; while too much waits or the disk refuses, wait."""
        for body, kind in payloads:
            pause = FIRST_PAUSE
            while not await self._kept(feed, body, kind, where):
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE)

    async def _kept(self, feed: str, body: bytes, kind: str, where: str) -> bool:
        try:
            await asyncio.to_thread(self._desk.submit_raw, feed, body, kind, self._clock(), where)
        except TocsinError as error:
            status = "429" if isinstance(error, BusyError) else "503"
            self._tally.note(self._edge, feed, status)
            log.warning("not taken yet", source=where, feed=feed, error=str(error))
            return False
        self._tally.note(self._edge, feed, "202")
        return True
