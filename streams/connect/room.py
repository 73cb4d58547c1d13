"""How much may be in memory on its way in; what does not fit is refused at once, never queued."""

from typing import Final

from streams.errors import BusyError

RETRY_SECONDS: Final = 2


class FullError(BusyError):
    """Too much is under way already: come back in ``retry_seconds``."""

    def __init__(self, what: str) -> None:
        super().__init__("intake", f"{what} are under way already", f"try again in {RETRY_SECONDS} s")
        self.retry_seconds = RETRY_SECONDS


class Room:
    """Requests and bytes that are being worked on; used by one event loop only."""

    def __init__(self, requests: int, size: int) -> None:
        self._requests, self._size = requests, size
        self.entered = self.held = 0

    def __enter__(self) -> None:
        self.enter()

    def __exit__(self, *_: object) -> None:
        self.leave()

    def enter(self) -> None:
        """One request more; raises ``FullError``."""
        if self.entered >= self._requests:
            raise FullError(f"{self.entered} requests")
        self.entered += 1

    def leave(self) -> None:
        """One request fewer."""
        self.entered -= 1

    def take(self, size: int) -> None:
        """So many bytes more; raises ``FullError``."""
        if self.held + size > self._size:
            raise FullError(f"{self.held} bytes")
        self.held += size

    def give(self, size: int) -> None:
        """So many bytes fewer."""
        self.held -= size
