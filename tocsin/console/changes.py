"""Tells waiting readers that the ledger has grown; any thread may announce."""

import asyncio
import threading


class Changes:
    """The newest ledger offset, and those who wait for a newer one."""

    def __init__(self, offset: int = 0) -> None:
        self._offset = offset
        self._lock = threading.Lock()
        self._waiting: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    @property
    def offset(self) -> int:
        """The newest offset announced."""
        return self._offset

    def announce(self, offset: int) -> None:
        """Note that the ledger reaches ``offset`` and wake all who wait."""
        with self._lock:
            self._offset = max(self._offset, offset)
            waiting, self._waiting = self._waiting, []
        for loop, event in waiting:
            if not loop.is_closed():
                loop.call_soon_threadsafe(event.set)

    async def wait(self, after_offset: int, timeout_seconds: float) -> int:
        """The newest offset, as soon as it is beyond ``after_offset`` or the time is over."""
        event = asyncio.Event()
        entry = (asyncio.get_running_loop(), event)
        with self._lock:
            if self._offset > after_offset:
                return self._offset
            self._waiting.append(entry)
        try:
            await asyncio.wait_for(event.wait(), timeout_seconds)
        except TimeoutError:
            pass
        finally:
            self._forget(entry)
        return self._offset

    def _forget(self, entry: tuple[asyncio.AbstractEventLoop, asyncio.Event]) -> None:
        with self._lock:
            if entry in self._waiting:
                self._waiting.remove(entry)
