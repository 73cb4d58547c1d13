"""A pipe by which workers notice that their supervisor is gone, however it went: its other end is closed."""

import os
import signal
import threading
from typing import Final

import structlog

VARIABLE: Final = "TOCSIN_LIFELINE"
"""Names the descriptor to a worker; set by the supervisor, by nobody else."""

GRACE_SECONDS: Final = 10.0

log: Final = structlog.get_logger("worker")


class Lifeline:
    """The supervisor's end; the kernel closes it with the process."""

    def __init__(self) -> None:
        self._reading, self._writing = os.pipe()  # neither is inherited unless it is passed on

    @property
    def passed(self) -> int:
        """The descriptor that a worker inherits."""
        return self._reading

    @property
    def environment(self) -> dict[str, str]:
        """The variables of a worker: ours, and where its lifeline is."""
        return {**os.environ, VARIABLE: str(self._reading)}


def hold_on() -> None:
    """End this process when its supervisor is gone: by SIGTERM, and after ten seconds in any case."""
    found = os.environ.pop(VARIABLE, "")
    if found:
        threading.Thread(target=_wait, args=(int(found),), name="lifeline", daemon=True).start()


def _wait(descriptor: int) -> None:
    os.read(descriptor, 1)  # nobody writes: it returns when the other end is closed
    log.warning("the supervisor is gone")
    clock = threading.Timer(GRACE_SECONDS, os._exit, (1,))
    clock.daemon = True
    clock.start()
    os.kill(os.getpid(), signal.SIGTERM)
