"""Deliveries to chats and phones through Apprise, in a process of its own; its only import.

The library bounds each read of a service's answer, not the whole, and holds whole bodies. So a message is one
line to a child that an alarm ends, and that has so much memory.
"""

import contextlib
import os
import resource
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import IO, Final

import apprise
import msgspec

from alerting.deliveries import Delivery
from alerting.delivery_log import Answer
from alerting.levels import ORANGE
from alerting.notifiers.contract import Channel
from alerting.notifiers.mail import plain
from streams.errors import ConfigError

KEY_SHOWN: Final = 12
"""Characters of the key at the end of a message: chats know no keys, but persons can see a repeat."""

TIMEOUT_SECONDS: Final = 30.0
"""For one message as a whole, whatever the service does meanwhile."""

IDLE_SECONDS: Final = 60.0
"""After which a child that has nothing to send ends."""

MEMORY_BYTES: Final = 1 << 30
"""Address space of the child: an answer without end ends there."""

TAKEN: Final = b"1\n"


class Said(msgspec.Struct, frozen=True):
    """One message on its way to the child: the service's address, words, and the seconds it may take."""

    to: str
    title: str
    body: str
    is_grave: bool
    seconds: float


class ChatNotifier:
    """Sends through the service that an Apprise URL names; such a URL holds tokens, so it is never shown.

    Raises:
        ConfigError: no service is addressed like this.
    """

    def __init__(self, channel: Channel, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        if not _service(channel.to):
            raise ConfigError(
                f"receivers.{channel.receiver}.to", "is no address that Apprise knows", "see its list of URLs"
            )
        self._to, self._seconds = channel.to, timeout_seconds
        self._child: subprocess.Popen[bytes] | None = None

    def send(self, delivery: Delivery) -> Answer:
        """Accepted if the service says so; it does not say why not, so another attempt is always worth it."""
        said = Said(
            to=self._to,
            title=delivery.cover.title or delivery.unit,
            body=f"{plain(delivery)}\n#{delivery.key[:KEY_SHOWN]}",
            is_grave=delivery.rank >= ORANGE,
            seconds=self._seconds,
        )
        found = self._ask(msgspec.json.encode(said) + b"\n")
        if found == TAKEN:
            return Answer(True, detail="accepted by the service")
        what = _ending(found, self._seconds) if isinstance(found, int) else "did not accept it"
        return Answer(False, should_retry=True, detail=f"the chat service {what}")

    def close(self) -> None:
        """End the child."""
        if self._child is not None:
            self._child.kill()
            self._child.wait()
            self._let_go(self._child)

    def _ask(self, line: bytes) -> bytes | int:
        """What a child answers; its exit code if it did not live to answer.

        A child may end, for want of work, just when there is some: what it has not read goes to the next.
        """
        found = self._ask_child(line)
        return (self._ask_child(line) or 0) if found is None else found

    def _ask_child(self, line: bytes) -> bytes | int | None:
        """As ``_ask``, of one child; None if it ended without having read the line."""
        child = self._running()
        assert child.stdin is not None and child.stdout is not None
        try:
            child.stdin.write(line)
            child.stdin.flush()
        except OSError:
            child.wait()
            return None
        return child.stdout.readline() or child.wait() or None

    def _running(self) -> subprocess.Popen[bytes]:
        if self._child is not None and self._child.poll() is not None:
            self._let_go(self._child)
        if self._child is None:
            self._child = subprocess.Popen(  # a shell is not involved, and the address is no argument
                [sys.executable, "-m", "alerting.notifiers.chat"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        return self._child

    def _let_go(self, child: subprocess.Popen[bytes]) -> None:
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):  # what could not be written is tried once more
                    pipe.close()
        self._child = None


def _ending(code: int, seconds: float) -> str:
    """What the end of the child says of the service: ``code`` is negative for the signal that ended it."""
    if code == -signal.SIGALRM:
        return f"came to no end in {seconds:g} s"
    how = f"by {signal.Signals(-code).name}" if code < 0 else f"with code {code}"
    return f"was not heard: the process that speaks to it ended {how}"


def _service(to: str) -> apprise.Apprise | None:
    service = apprise.Apprise(asset=apprise.AppriseAsset(http_redirects=False))
    return service if service.add(to) else None


def _sent(said: Said) -> bool:
    """Whether the service took it; an alarm ends the process when its time is over."""
    service = _service(said.to)
    kind = apprise.NotifyType.WARNING if said.is_grave else apprise.NotifyType.INFO
    text = apprise.NotifyFormat.TEXT
    signal.setitimer(signal.ITIMER_REAL, said.seconds)
    try:
        return service is not None and bool(
            service.notify(title=said.title, body=said.body, notify_type=kind, body_format=text)
        )
    except MemoryError:
        return False
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _lines(asked: IO[bytes]) -> Iterator[bytes]:
    """What is asked, until whoever asks is gone or has nothing to say for a while."""
    while select.select([asked], [], [], IDLE_SECONDS)[0]:
        if not (line := asked.readline()):
            return
        yield line


def serve() -> None:
    """Be the child: a ``Said`` a line, answered by 1 or 0."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb", buffering=0)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a plug-in prints is no answer
    for line in _lines(sys.stdin.buffer):
        answers.write(b"%d\n" % _sent(msgspec.json.decode(line, type=Said)))


if __name__ == "__main__":
    serve()
