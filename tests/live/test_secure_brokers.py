"""Brokers that ask for a name and prove their own: let in, refused in a sentence, never a loop of crashes."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.processes import Process, begin_city, call, killed, posted, python, reading, ready, tocsin
from tests.live.rig import eventually
from tests.parts import kafka
from tests.parts import mosquitto as mqtt
from tests.parts.certificates import Authority
from tests.parts.kafka import Broker, free_ports

SECRET, WRONG = "known to both", "guessed"

_LISTENER = """
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller},SAFE://127.0.0.1:{safe}
advertised.listeners=PLAINTEXT://127.0.0.1:{port},SAFE://127.0.0.1:{safe}
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SAFE:SASL_SSL
listener.name.safe.sasl.enabled.mechanisms=SCRAM-SHA-512,PLAIN
listener.name.safe.scram-sha-512.sasl.jaas.config=\\
  org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.safe.plain.sasl.jaas.config=\\
  org.apache.kafka.common.security.plain.PlainLoginModule required user_tocsin="{secret}";
listener.name.safe.ssl.keystore.type=PEM
listener.name.safe.ssl.keystore.location={store}
"""


class Safe:
    """A Kafka broker whose clients sign in over TLS, and a city that is to."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.authority = folder, Authority(folder / "authority")
        certificate, key = self.authority.server()
        store = folder / "broker.pem"
        store.write_text(key.read_text() + certificate.read_text())
        port, controller, self.port = free_ports(3)
        more = _LISTENER.format(port=port, controller=controller, safe=self.port, secret=SECRET, store=store)
        self.broker = Broker(folder / "kafka", port, controller, more=more, users={"tocsin": SECRET})
        self.password = folder / "password"
        self.password.write_text(SECRET + "\n")

    def start(self) -> None:
        kafka.jars()
        self.broker.format()
        self.broker.start()

    def city(self, name: str, ca: Path | None = None, more: str = "") -> Path:
        """A city whose broker this is."""
        made = begin_city(self.folder / name, name)
        with (made / "tocsin.toml").open("a") as file:  # behind [kafka]
            file.write(f'servers = "127.0.0.1:{self.port}"\nusername = "tocsin"\ntls = true\n')
            file.write(f'ca_file = "{ca or self.authority.ca}"\n')
            file.write(more or f'password_file = "{self.password}"\n')
        return made


@pytest.fixture(scope="module")
def safe(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Safe]:
    if why := kafka.why_not():
        pytest.skip(f"no Kafka broker can be had: {why}")
    made = Safe(tmp_path_factory.mktemp("safe"))
    try:
        made.start()
        yield made
    finally:
        made.broker.kill()


def test_commands_are_let_in_by_either_mechanism(safe: Safe) -> None:
    made = tocsin("topics", "create", safe.city("scram"))
    assert (made.returncode, "made scram.raw" in made.stdout) == (0, True), made.stderr
    city = safe.city("plain", more='mechanism = "PLAIN"\npassword_env = "BROKER_PASSWORD"\n')
    made = tocsin("topics", "create", city, BROKER_PASSWORD=SECRET)
    assert made.returncode == 0, made.stderr
    asked = tocsin("topics", "check", city, BROKER_PASSWORD=SECRET)
    assert asked.stdout == "the topics are as they must be\n", asked.stderr
    without = tocsin("topics", "check", city)
    assert "kafka.password_env: names BROKER_PASSWORD, which is not set; set it" in without.stderr


def test_commands_say_in_a_sentence_why_they_are_not_let_in(safe: Safe) -> None:
    wrong = safe.folder / "wrong"
    wrong.write_text(WRONG)
    stranger = Authority(safe.folder / "stranger").ca
    cases = [
        (safe.city("bad-password", more=f'password_file = "{wrong}"\n'), "user 'tocsin' is refused ("),
        (safe.city("bad-ca", ca=stranger), "TLS fails ("),
        (safe.city("no-ca", ca=wrong), "kafka.ca_file: "),
        (safe.city("no-file", more='password_file = "nowhere"\n'), "kafka.password_file: "),
    ]
    for city, sentence in cases:
        said = tocsin("topics", "check", city)
        assert (said.returncode, said.stdout) == (2, ""), said.stderr
        assert sentence in said.stderr and len(said.stderr.splitlines()) == 1, said.stderr
        assert WRONG not in said.stderr


def test_workers_wait_until_they_are_let_in_and_then_work(safe: Safe) -> None:
    """The password file is wrong at first: said, tried again, no crash; mended: everything goes on."""
    secret = safe.folder / "secret"
    secret.write_text(SECRET)
    city, store = safe.city("later", more=f'password_file = "{secret}"\n'), safe.folder / "store"
    assert tocsin("topics", "create", city).returncode == 0
    secret.write_text(WRONG)
    ports = free_ports(4)
    parts = [
        Process(part, python("worker", part, city, "--store", store, "--port", port), safe.folder, {}, port)
        for part, port in zip(("intake", "step", "dispatch"), ports, strict=False)
    ]
    try:
        for part in parts[:2]:  # dispatch tells receivers, whether or not a broker lets it in
            eventually(lambda part=part: part.said().count("user 'tocsin' is refused") > 1 or _ended(part))
            assert part.process.poll() is None and part.status("/readyz") == 503, part.said()
            assert WRONG not in part.said()
        secret.write_text(SECRET)
        ready(*parts)
        console = Process(
            "up", python("up", city, "--store", store, "--port", ports[3]), safe.folder, {}, ports[3]
        )
        parts.append(console)
        ready(console)
        assert posted(f"http://127.0.0.1:{ports[3]}", "sensors", reading(25.0)) == 202
        delivered = 'tocsin_deliveries{receiver="duty-room",state="delivered"}'
        eventually(lambda: console.metric(delivered) >= 1)
    finally:
        killed(*parts)


def _ended(part: Process) -> bool:
    return part.process.poll() is not None


MQTT = """
[mqtt]
host = "127.0.0.1"
port = {port}
username = "tocsin"
password_file = "{secret}"
tls = true
ca_file = "{ca}"
client_id = "{name}"

[[mqtt.topic]]
filter = "calls/#"
feed = "hotline"
"""


class Posts:
    """A Mosquitto that asks for a name over TLS."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.authority = folder, Authority(folder / "authority")
        self.users = mqtt.users(folder / "users", tocsin=SECRET)
        self.secret = folder / "secret"
        self.secret.write_text(SECRET)

    def publish(self, port: int, *records: object) -> None:
        target = ["-h", "127.0.0.1", "-p", str(port), "-q", "1", "-t", "calls/x", "-l"]
        proof = ["--cafile", str(self.authority.ca), "-u", "tocsin", "-P", SECRET]
        body = "".join(json.dumps(record) + "\n" for record in records).encode()
        subprocess.run(["mosquitto_pub", *target, *proof], input=body, check=True, timeout=60)


ACCEPTED = 'tocsin_events_total{feed="hotline",outcome="accepted"}'
REPEATED = 'tocsin_events_total{feed="hotline",outcome="duplicate"}'
TAKEN = 'tocsin_intake_requests_total{edge="mqtt",feed="hotline",status="202"}'


@pytest.fixture
def posts(tmp_path: Path) -> Posts:
    if why := mqtt.why_not():
        pytest.skip(why)
    return Posts(tmp_path)


def alone(folder: Path, posts: Posts, port: int, ca: Path, name: str) -> Process:
    """``tocsin up`` without a Kafka."""
    city = folder / name
    assert tocsin("init", city).returncode == 0
    with (city / "tocsin.toml").open("a") as file:
        file.write(MQTT.format(port=port, secret=posts.secret, ca=ca, name=name))
    own = free_ports(1)[0]
    return Process(
        name, python("up", city, "--store", folder / f"{name}-store", "--port", own), folder, {}, own
    )


def test_mqtt_over_tls_with_a_password_that_is_mended_while_it_runs(tmp_path: Path, posts: Posts) -> None:
    posts.secret.write_text(WRONG)
    stranger = Authority(tmp_path / "stranger").ca
    with mqtt.mosquitto(tmp_path / "mosquitto", posts.users, posts.authority.server()) as broker:
        right = alone(tmp_path, posts, broker.port, posts.authority.ca, "right")
        wrong = alone(tmp_path, posts, broker.port, stranger, "wrong")
        try:
            ready(right, wrong)
            eventually(lambda: right.said().count("user 'tocsin' is refused (") > 1)
            eventually(lambda: wrong.said().count("TLS fails (") > 1)
            assert "mend mqtt.ca_file" in wrong.said() and WRONG not in right.said()
            assert posted(f"http://127.0.0.1:{wrong.port}", "hotline", call("by another door")) == 202
            posts.secret.write_text(SECRET)
            posts.publish(broker.port, call("before"))
            eventually(lambda: '"event": "connected"' in right.said())
            posts.publish(broker.port, call("after"))
            eventually(lambda: right.metric(ACCEPTED) >= 1)
            assert right.process.poll() is None and wrong.process.poll() is None
        finally:
            killed(right, wrong)


def test_two_edges_share_a_subscription_and_each_message_counts_once(
    tmp_path: Path, posts: Posts, broker: Broker
) -> None:
    city, store, count = begin_city(tmp_path / "city", "shared"), tmp_path / "store", 300
    variables = {"TOCSIN_KAFKA_SERVERS": broker.address}
    assert tocsin("topics", "create", city, **variables).returncode == 0
    started: list[Process] = []

    def start(name: str, *command: object) -> Process:
        port = free_ports(1)[0]
        made = Process(
            name, python(*command, city, "--store", store, "--port", port), tmp_path, variables, port
        )
        started.append(made)
        return made

    plain = (city / "tocsin.toml").read_text()

    def edge(name: str, *more: object) -> Process:
        own = MQTT.format(port=post.port, secret=posts.secret, ca=posts.authority.ca, name=name)
        (city / "tocsin.toml").write_text(plain + own)
        made = start(name, "up", *more)
        ready(made)
        eventually(lambda: '"event": "connected"' in made.said())
        return made

    with mqtt.mosquitto(tmp_path / "mosquitto", posts.users, posts.authority.server()) as post:
        try:
            for part in ("intake", "step"):
                start(part, "worker", part)
            one, two = edge("one"), edge("two", "--console", tmp_path / "second")
            posts.publish(post.port, *(call(number) for number in range(count)))
            eventually(lambda: one.metric(ACCEPTED) >= count and two.metric(ACCEPTED) >= count)
            assert (one.metric(ACCEPTED), max(0, one.metric(REPEATED))) == (count, 0)
            assert one.metric(TAKEN) > 0 and two.metric(TAKEN) > 0
        finally:
            killed(*started)
