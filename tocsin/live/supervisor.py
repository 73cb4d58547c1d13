"""Starts workers as processes and starts anew whichever ends, unless only a person can mend it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Final

import structlog

from streams.errors import TocsinError
from streams.live.doubt import Doubt
from tocsin.live.lifeline import Lifeline

POLL_SECONDS: Final = 0.2
GRACE_SECONDS: Final = 10.0
SHORTEST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
HEALTHY_SECONDS: Final = 60.0

log: Final = structlog.get_logger("supervisor")


class NeedsPersonError(TocsinError):
    """A worker ended in a way that starting anew cannot mend."""

    exit_code = int(Doubt.GAP)


class _Child:
    """One worker: its command line, its process, and when it may start again."""

    def __init__(self, name: str, arguments: Sequence[str], lifeline: Lifeline) -> None:
        self.name, self._arguments, self._lifeline = name, arguments, lifeline
        self.pause, self.due_at = SHORTEST_PAUSE, 0.0
        self.process: subprocess.Popen[bytes] | None = None
        self._began = 0.0

    def look(self, now: float) -> None:
        """Start it if it is time to.

        Raises:
            NeedsPersonError: it ended with a code that says so, or its configuration is refused.
        """
        if self.process is not None and (code := self.process.poll()) is not None:
            self._ended(code, now)
        if self.process is None and now >= self.due_at:
            command = [sys.executable, "-m", "tocsin", *self._arguments]
            line = self._lifeline
            self.process = subprocess.Popen(  # noqa: S603  our own command line
                command, pass_fds=(line.passed,), env=line.environment
            )
            self._began = now
            log.info("started", part=self.name, pid=self.process.pid)

    def _ended(self, code: int, now: float) -> None:
        self.process = None
        if code in (2, int(Doubt.GAP)):
            raise NeedsPersonError(
                f"worker {self.name}", f"ended with code {code}", "read its last lines above"
            )
        self.pause = (
            SHORTEST_PAUSE if now - self._began > HEALTHY_SECONDS else min(self.pause * 2, LONGEST_PAUSE)
        )
        self.due_at = now + self.pause
        log.warning("ended, starts anew", part=self.name, code=code, seconds=self.pause)


def supervise(commands: Mapping[str, Sequence[str]]) -> None:
    """Run until a signal comes; the workers then have ten seconds. They do not outlive this process.

    Raises:
        NeedsPersonError: a worker ended in a way that starting anew cannot mend; the others are ended.
    """
    from tocsin import logs

    logs.configure("supervisor")
    lifeline = Lifeline()
    children = [_Child(name, arguments, lifeline) for name, arguments in commands.items()]
    is_over = False

    def end(*_: object) -> None:
        nonlocal is_over
        is_over = True

    for kind in (signal.SIGTERM, signal.SIGINT):
        signal.signal(kind, end)
    try:
        while not is_over:
            for child in children:
                child.look(time.monotonic())
            time.sleep(POLL_SECONDS)
    finally:
        _end([child.process for child in children if child.process is not None])


def _end(processes: Sequence["subprocess.Popen[bytes]"]) -> None:
    until = time.monotonic() + GRACE_SECONDS
    for process in processes:
        process.terminate()
    for process in processes:
        try:
            process.wait(max(0.1, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            os.kill(process.pid, signal.SIGKILL)
