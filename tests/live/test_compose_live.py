"""The compose file's own commands and variables, run as processes: green, and what comes in is counted."""

import asyncio
import getpass
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import aiomqtt
import pytest

from tests.live.processes import Process, begin_city, killed, posted, reading
from tests.live.rig import eventually
from tests.parts import kafka
from tests.parts.compose import Mapped

PASSWORD = "chosen for one run"
STEADY = ("intake", "step", "dispatch", "console")

MQTT = """
[mqtt]
host = "127.0.0.1"
port = {port}
username = "tocsin"
password_env = "TOCSIN_MQTT_PASSWORD"

[[mqtt.topic]]
filter = "gas/+"
feed = "sensors"
"""


class Stack:
    """All services of the file, each started when those that it waits for are as it wants them."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.city = folder, begin_city(folder / "city", "composed")
        self.mapped = Mapped(
            folder,
            {"TOCSIN_CITY": str(self.city), "TOCSIN_MQTT_PASSWORD": PASSWORD, "TOCSIN_STEP_WORKERS": "1"},
        )
        self.processes: dict[str, Process] = {}
        self.broker: kafka.Broker | None = None
        config = self.city / "tocsin.toml"
        config.write_text(config.read_text() + MQTT.format(port=self.mapped.port("console", "1883")))

    def start(self) -> None:
        for name in self.mapped.order():
            if name == "kafka":
                self._start_kafka()
            else:
                self._start(name)
            self._wait(name)

    def _start_kafka(self) -> None:
        port = self.mapped.port("kafka", "9094")
        self.broker = kafka.Broker(self.folder / "kafka", port, 0, self.mapped.properties())
        kafka.jars()
        self.broker.format()
        self.broker.start()

    def _start(self, name: str) -> None:
        command = self.mapped.command(name)
        if name == "mosquitto":
            (self.folder / "mosquitto").mkdir()
            # Started by root it would become somebody else; the image starts it as nobody special.
            target, user = "/etc/tocsin/mosquitto.conf", f"user {getpass.getuser()}\n"
            source, made = self.mapped.mounts(name)[target], self.mapped.file(name, target, user)
            command = [word.replace(str(source), str(made)) for word in command]
        port = self.mapped.port(name, "8750" if name == "console" else "8080")
        self.processes[name] = Process(
            name, command, self.folder, self.mapped.environment(name), port, is_alone=True
        )

    def _wait(self, name: str) -> None:
        """What whoever depends on it waits for."""
        if name == "topics":
            assert self.processes[name].process.wait(120) == 0, self.processes[name].said()
        elif name not in STEADY:
            eventually(lambda: self.mapped.is_healthy(name))

    def close(self) -> None:
        killed(*self.processes.values())
        if self.broker is not None:
            self.broker.kill()


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    why = kafka.why_not() or ("no mosquitto" if not _has_mosquitto() else None)
    if why is not None:
        pytest.skip(f"the services cannot be had here: {why}")
    made = Stack(tmp_path)
    try:
        made.start()
        yield made
    finally:
        made.close()


def _has_mosquitto() -> bool:
    return shutil.which("mosquitto", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin") is not None


async def publish(port: int, password: str) -> None:
    client = aiomqtt.Client("127.0.0.1", port, username="tocsin", password=password)
    async with client:
        await client.publish("gas/mill", json.dumps(reading(1.5)).encode(), qos=1)


def test_the_services_of_the_file_run_as_written(stack: Stack) -> None:
    mapped, console = stack.mapped, stack.processes["console"]
    for name in STEADY:
        eventually(lambda name=name: mapped.is_healthy(name))
    eventually(lambda: '"event": "connected"' in console.said())  # a broker keeps nothing for strangers
    assert posted(f"http://127.0.0.1:{console.port}", "sensors", reading(25.0)) == 202
    mqtt = mapped.port("mosquitto", "1883")
    asyncio.run(publish(mqtt, PASSWORD))
    with pytest.raises(aiomqtt.MqttError):
        asyncio.run(publish(mqtt, "guessed"))
    counted = 'tocsin_events_total{feed="sensors",outcome="accepted"}'
    eventually(lambda: console.metric(counted) == 2)
    eventually(lambda: console.metric('tocsin_deliveries{receiver="duty-room",state="delivered"}') >= 1)
    assert (stack.folder / "store" / "notifications.jsonl").exists()
    assert PASSWORD not in "".join(
        path.read_text() for path in (stack.folder / "tmp").iterdir() if path.is_file()
    )
    codes = {name: stack.processes[name].end() for name in reversed(STEADY)}
    assert codes == dict.fromkeys(STEADY, 0)
    assert stack.processes["mosquitto"].end() == 0
