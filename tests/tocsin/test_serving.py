"""The server: a head that never ends is closed, a long answer is not."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.streams.served import served
from tocsin import config, serving
from tocsin.keys import pseudonym_key


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    monkeypatch.setattr(serving, "HEAD_SECONDS", 0.1)
    with served(answer_slowly, http=serving.Connection) as listening:
        yield listening


async def answer_slowly(scope: Any, receive: Any, send: Any) -> None:
    """An answer that takes many times as long as a head may."""
    if scope["type"] == "lifespan":
        for kind in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{kind}.complete"})
        return
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await asyncio.sleep(0.6)
    await send({"type": "http.response.body", "body": b"ok"})


def test_a_head_that_trickles_in_is_closed(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=20) as link:
        link.sendall(b"GET / HTTP/1.1\r\nhost: x\r\n")
        is_over = threading.Event()

        def trickle() -> None:
            while not is_over.wait(0.02):
                try:
                    link.sendall(b"a: b\r\n")
                except OSError:
                    return

        threading.Thread(target=trickle).start()
        try:
            assert ended(link)
        finally:
            is_over.set()


def ended(link: socket.socket) -> bool:
    """Whether the other side closed without a word."""
    try:
        return link.recv(1) == b""
    except ConnectionResetError:
        return True


def test_a_long_answer_is_not(port: int) -> None:
    """On a busy machine a head that was sent at once may come too late all the same: some come in time."""
    assert any(answered(port).endswith(b"ok") for _ in range(50))


def answered(port: int) -> bytes:
    """Everything that comes until the other side closes, or has said ok."""
    said = b""
    with (
        contextlib.suppress(ConnectionError),
        socket.create_connection(("127.0.0.1", port), timeout=60) as link,
    ):
        link.sendall(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        while not said.endswith(b"ok") and (more := link.recv(100)):
            said += more
    return said


def test_processes_that_start_together_have_one_pseudonym_key(tmp_path: Path) -> None:
    """Each sees no key or the whole key, never the empty file that another has just made."""
    installation = config.load(Path(serving.__file__).parent / "starter")
    found: set[bytes] = set()
    gate = threading.Barrier(8)

    def begin() -> None:
        gate.wait()
        for _ in range(3):
            found.add(pseudonym_key(installation, tmp_path))

    threads = [threading.Thread(target=begin) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 1 and len(next(iter(found))) == 32
