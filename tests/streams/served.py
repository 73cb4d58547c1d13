"""A desk that remembers, and a real server on loopback for one test's application."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import uvicorn

from streams.errors import TocsinError


class Desk:
    """Keeps everything in a list, or refuses as told."""

    def __init__(self) -> None:
        self.kept: list[tuple[str, bytes, str, int, str]] = []
        self.refusal: TocsinError | None = None
        self.is_ready = True

    def submit_raw(self, *facts: Any) -> dict[str, int]:
        if self.refusal is not None:
            raise self.refusal
        self.kept.append(facts)  # type: ignore[arg-type]
        return {"offset": len(self.kept) - 1}


@contextlib.contextmanager
def served(app: Any, **more: Any) -> Iterator[int]:
    """A server of its own thread on a free port of the loopback."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="on", **more))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        while not server.started:
            time.sleep(0.005)
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join()
        listener.close()
