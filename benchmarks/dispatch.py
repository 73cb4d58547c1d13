"""How fast does dispatch post beside a bare asynchronous client, and what becomes of a storm of alerts?

Both post the same bodies to one server on loopback in a process of its own, over as many connections as there
are receivers. Dispatch keeps every delivery in the store before it sends, signs, and notes each answer on
disk; the bare client is aiohttp and keeps nothing. The storm is 10,000 decisions of 350 units in an hour,
told to three officers through the same dispatcher: what each receives is counted.
"""

import asyncio
import multiprocessing
import statistics
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import aiohttp
import msgspec

from alerting.deliveries import AlertFacts, Delivery, delivery_key
from alerting.delivery_log import Answer
from alerting.digests import LONGEST_GAP_SECONDS, Pacing
from alerting.dispatcher import Dispatcher, Sending
from alerting.notifiers.webhook import WebhookNotifier
from tocsin.outbox import Outbox
from tocsin.store import Store

RECEIVERS = 16
EACH = 250
RUNS = 3
ALERTS = 10_000
STORM_MINUTES = 60
UNITS = 350


def main() -> dict[str, Any]:
    """Posts a second of both, their ratio, and messages per officer in the storm."""
    ready = multiprocessing.get_context("spawn").Queue()
    server = multiprocessing.get_context("spawn").Process(target=_serve, args=(ready,), daemon=True)
    server.start()
    url = f"http://127.0.0.1:{ready.get()}/"
    try:
        pairs = [(_ours(url), _bare(url)) for _ in range(RUNS)]
    finally:
        server.terminate()
    ours, theirs = (statistics.median(side) for side in zip(*pairs, strict=True))
    return {
        "posts a second": ours,
        "posts a second, bare aiohttp": theirs,
        "ratio": statistics.median(one / other for one, other in pairs),
        "ratio wanted": 0.4,
        "receivers": RECEIVERS,
        **_storm(),
    }


def deliveries(receiver: str, count: int) -> list[Delivery]:
    """As many messages as an officer's gateway would get of as many decisions."""
    entry = {"seq": 0, "unit": "s", "row": "K2", "hash": "0" * 64, "before": ["NORMAL", 0, 0]}
    alert = AlertFacts(fingerprint="f" * 32, category="gas-smell", areas=("a1", "a2"), rank=3)
    return [
        Delivery(
            key=delivery_key(receiver, str(n)), seq=n, receiver=receiver, unit=f"s{n % UNITS}",
            is_exercise=False, at=n, rank=2 + n % 2, texts=(f"Unit {n % UNITS}: warning, III yellow.",) * 2,
            entries=(entry,) * 2, thread=f"f{n % UNITS}", alerts=(alert,),
        )
        for n in range(count)
    ]  # fmt: skip


def _ours(url: str) -> float:
    names = [f"r{n}" for n in range(RECEIVERS)]
    told = [one for name in names for one in deliveries(name, EACH)]
    with tempfile.TemporaryDirectory() as folder, Store.open(Path(folder)) as store:
        outbox = Outbox(store)
        made = {name: WebhookNotifier(url, secret=b"a secret", clock=lambda: 0) for name in names}
        dispatcher = Dispatcher(outbox, made, lambda: 0)
        outbox.plan(told, 1)
        start = time.perf_counter()
        threads = [threading.Thread(target=dispatcher.drain, args=(name,)) for name in names]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        took = time.perf_counter() - start
        assert outbox.next_due_at() is None
    return len(told) / took


def _bare(url: str) -> float:
    bodies = [msgspec.json.encode(one) for one in deliveries("bare", EACH)]

    async def one(session: aiohttp.ClientSession) -> None:
        for body in bodies:
            async with session.post(url, data=body) as answer:
                assert answer.status == 200

    async def all_of_them() -> float:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=RECEIVERS)) as session:
            start = time.perf_counter()
            await asyncio.gather(*(one(session) for _ in range(RECEIVERS)))
            return time.perf_counter() - start

    return RECEIVERS * EACH / asyncio.run(all_of_them())


def _storm() -> dict[str, Any]:
    officers = ("li", "wang", "chen")
    clock = [0]
    with tempfile.TemporaryDirectory() as folder, Store.open(Path(folder)) as store:
        outbox, taken = Outbox(store), {name: _Counting() for name in officers}
        sending = Sending(pacing=Pacing(frozenset(officers)))
        dispatcher = Dispatcher(outbox, taken, lambda: clock[0], sending=sending)
        waiting = {name: deliveries(name, ALERTS) for name in officers}
        start = time.perf_counter()
        for minute in range(STORM_MINUTES):
            clock[0] = 60 * minute
            part = slice(minute * ALERTS // STORM_MINUTES, (minute + 1) * ALERTS // STORM_MINUTES)
            outbox.plan([one for name in officers for one in waiting[name][part]], minute + 1)
            dispatcher.send_due()
        clock[0] += LONGEST_GAP_SECONDS
        dispatcher.send_due()
        took = time.perf_counter() - start
    counts = [one.count for one in taken.values()]
    assert all(one.keys == ALERTS for one in taken.values())
    return {
        "storm, alerts": ALERTS,
        "storm, messages per officer": max(counts),
        "storm, seconds of work for three officers": took,
    }


class _Counting:
    """An officer who counts messages, and the deliveries that they stand for."""

    def __init__(self) -> None:
        self.count = self.keys = 0

    def send(self, delivery: Delivery) -> Answer:
        self.count += 1
        self.keys += len(delivery.members) or 1
        return Answer(True)

    def close(self) -> None:
        pass


def _serve(ready: Any) -> None:
    asyncio.run(_answer(ready))


async def _answer(ready: Any) -> None:
    """A server that reads each body and says yes, as little else as HTTP allows."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                length = int(head.split(b"content-length:")[1].split(b"\r\n")[0])
                await reader.readexactly(length)
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    ready.put(server.sockets[0].getsockname()[1])
    await server.serve_forever()


if __name__ == "__main__":
    from benchmarks.__main__ import table

    print("\n".join(table(main())))
