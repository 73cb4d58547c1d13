"""One worker of the small city, as the tests start and kill it; ``rule`` of the protocol may be broken."""

import signal
import sys
import time
from pathlib import Path
from typing import Any

import structlog

from alerting.deliveries import Delivery
from alerting.delivery_log import Answer
from alerting.notifiers.file import FileNotifier
from streams.live.intake import IntakeWorker
from streams.live.settings import KafkaConfig, TopicNames
from streams.live.step import StepWorker
from tests.live import breaking
from tests.tocsin.small_city import SmallCity, SmallPipeline, SmallReader, planner
from tocsin.clock import now
from tocsin.crossing import Crossing
from tocsin.fold import Cadence
from tocsin.live.directory import DirectoryChronicle
from tocsin.live.dispatching import DispatchWorker
from tocsin.live.ledger_topic import stretch
from tocsin.live.owner import LedgerOwner
from tocsin.live.translating import RawTranslator
from tocsin.raw import Glass
from tocsin.store import Store


def clock() -> int:
    return now()


def main(part: str, folder: str, servers: str, prefix: str, wide: str, rule: str) -> None:
    directory = Path(folder)
    structlog.configure(
        processors=[structlog.processors.TimeStamper(), structlog.processors.JSONRenderer()],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    breaking.apply(rule)
    kafka = KafkaConfig(servers=servers, prefix=prefix, session_seconds=3.0)
    if part == "intake":
        run_intake(kafka, SmallCity(int(wide)))
    elif part == "step":
        run_step(kafka, directory, int(wide), breaking.cadence(rule))
    else:
        run_dispatch(directory)


class Slow(FileNotifier):
    """Takes its time, as a network does: a kill may come before, within and after."""

    def send(self, delivery: Delivery) -> Answer:
        time.sleep(0.02)
        return super().send(delivery)


def run_app(app: Any) -> None:
    from streams.live.app import run

    run(app)


def run_intake(kafka: KafkaConfig, city: SmallCity) -> None:
    readers = {p.name: SmallReader() for p in city.partitions}
    translator = RawTranslator(Crossing(city.partitions, readers), Glass())
    run_app(IntakeWorker(kafka, ("calls", "gas"), "small", translator).app)


def run_step(kafka: KafkaConfig, directory: Path, wide: int, cadence: Cadence) -> None:
    owner = LedgerOwner(
        SmallPipeline(wide),
        DirectoryChronicle(directory),
        tuple(p.name for p in SmallCity(wide).partitions),
        lambda _state: planner(),
        clock,
        lambda start, end: stretch(kafka, TopicNames(kafka.prefix).ledger, start, end),
        cadence=cadence,
    )
    run_app(StepWorker(kafka, owner).app)


def run_dispatch(directory: Path) -> None:
    notifiers = {name: Slow(str(directory / f"{name}.jsonl")) for name in ("wall", "duty")}
    with Store.open(directory / "dispatch") as store:
        worker = DispatchWorker(directory, store, notifiers, clock)
        signal.signal(signal.SIGTERM, lambda *_: worker.stop())
        worker.run()


if __name__ == "__main__":
    main(*sys.argv[1:7])
