"""The embedded run with threads and over HTTP, and as a process that is killed."""

import contextlib
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
import uvicorn

from streams.connect.http import intake_app
from tests.tocsin.small_city import (
    ORIGIN,
    Clock,
    command,
    embedded,
)
from tests.tocsin.test_embedded import DAY, check_run, fast
from tocsin.fold import Cadence
from tocsin.store import StorageError, Store


@contextlib.contextmanager
def served(app: Any) -> Iterator[str]:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        while not server.started:
            time.sleep(0.005)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


class Ticking(Clock):
    """A clock of which twenty minutes are a second."""

    def __init__(self) -> None:
        super().__init__()
        self._began = time.monotonic()

    def __call__(self) -> int:
        return ORIGIN + int((time.monotonic() - self._began) * 1_200)


def test_with_threads_over_http_the_journal_is_the_fold_of_the_ledger(tmp_path: Path) -> None:
    clock = Ticking()
    with Store.open(tmp_path) as store:
        city = embedded(tmp_path, clock, store, cadence=Cadence())
        city.start()
        try:
            app = intake_app(city, ("calls", "gas"), clock)
            with served(app) as url:
                senders = [
                    threading.Thread(target=send, args=(url, feed, n, clock))
                    for n, feed in enumerate(("calls", "calls", "gas", "gas"))
                ]
                for sender in senders:
                    sender.start()
                for n in range(20):
                    act = msgspec.structs.replace(command(0), id=f"x{n}", stamp=clock())
                    city.submit_command(act)
                    assert city.entries_of(act.id, 30)[0].trigger_id == act.id
                for sender in senders:
                    sender.join()
                assert httpx.get(f"{url}/readyz", trust_env=False).status_code == 200
            while city.door.waiting() > 2 or not city.history.entries_of(str_id("gas-3-29")):
                time.sleep(0.005)
        finally:
            city.stop()
        assert city.failure is None and not city.is_ready
        check_run(city)
        assert store.read("SELECT count(*) FROM event")[0][0] == 4 * 30 * 3


def str_id(name: str) -> str:
    from streams.events import id_hash

    return str(id_hash("x", name))


def send(url: str, feed: str, sender: int, clock: Any) -> None:
    with httpx.Client(base_url=url, trust_env=False) as client:
        for n in range(30):
            now = clock()
            lines = [f"{feed}-{sender}-{n}-{k} {now - k * 60} {k}" for k in range(2)]
            body = "\n".join([*lines, f"{feed}-{sender}-{n} {now} 1 fast"])
            answer = client.post(
                f"/intake/{feed}", content=body, headers={"content-type": "application/x-ndjson"}
            )
            assert answer.status_code == 202, answer.text


def test_a_threaded_process_killed_at_random_instants_loses_nothing(tmp_path: Path) -> None:
    rng = random.Random(4)
    for _ in range(5):
        command_line = [sys.executable, __file__, str(tmp_path)]
        with subprocess.Popen(command_line, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None and process.stdout.readline() == b"open\n"
            answered = [process.stdout.readline() for _ in range(rng.randrange(3, 30))]
            process.send_signal(signal.SIGKILL)
            answered += process.stdout.readlines()
        with Store.open(tmp_path) as store:
            places = store.read("SELECT place FROM raw WHERE content_type = 'text/plain'")
            assert {line.decode() for line in answered if line.endswith(b";")} <= {
                f"{row[0]};" for row in places
            }
    clock = Clock(ORIGIN + 10 * DAY)
    with Store.open(tmp_path) as store:
        city = embedded(tmp_path, clock, store)
        city.beat()
        city.drain()
        city.fold.commit(clock())
        check_run(city)
        kept_lines = store.read("SELECT count(*) FROM raw WHERE content_type = 'text/plain'")[0][0]
        assert kept_lines > 15 and store.read("SELECT count(*) FROM event")[0][0] == kept_lines
    for name in ("wall", "duty"):
        keys = [msgspec.json.decode(x)["key"] for x in (tmp_path / f"{name}.jsonl").read_bytes().splitlines()]
        assert len(keys) == len(set(keys))


def child(directory: Path) -> None:
    """Submit as fast as may be, naming what was answered, until somebody ends it."""
    with Store.open(directory) as store:
        clock = Ticking()
        city = embedded(directory, clock, store)
        city.start()
        print("open", flush=True)
        began = store.read("SELECT count(*) FROM raw")[0][0]
        for n in range(100_000):
            city.submit_raw("calls", fast(f"f{began}-{n}", clock()), "text/plain", clock(), f"{began}-{n}")
            print(f"{began}-{n};", flush=True)


def test_a_part_that_fails_ends_the_whole_with_its_reason(tmp_path: Path) -> None:
    clock = Clock()
    with Store.open(tmp_path) as store:
        city = embedded(tmp_path, clock, store)
        city.start()
        store.read(f"PRAGMA max_page_count = {store.read('PRAGMA page_count')[0][0]}")
        with pytest.raises(StorageError, match="full"):
            for n in range(10_000):
                city.submit_raw("calls", b"!" + b"x" * 4_000 + b"%d" % n, "text/plain", clock())
                city.submit_command(msgspec.structs.replace(command(0), id=f"y{n}"))
        city.stop()
        store.read("PRAGMA max_page_count = 1000000")
        assert not city.is_ready
    with Store.open(tmp_path) as store:
        city = embedded(tmp_path, clock, store)
        city.drain()
        city.fold.commit(clock())
        check_run(city)


if __name__ == "__main__":
    child(Path(sys.argv[1]))
