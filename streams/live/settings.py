"""Where the broker is, and what our topics there are called; pure."""

from typing import Final, Literal, Protocol

import msgspec

from streams.errors import ConfigError
from streams.feeds import Feed

LARGEST_MESSAGE: Final = 8 << 20
"""Bytes of one Kafka message, with its headers."""

LARGEST_PAYLOAD: Final = LARGEST_MESSAGE - (64 << 10)
"""Bytes that came in: a message has headers too, and sealing adds some."""

_NAME: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")


class SignIn(Protocol):
    """The keys by which a program signs in to a broker, and knows whom it speaks to."""

    @property
    def username(self) -> str:
        """Who signs in; empty for nobody."""
        ...

    @property
    def password_env(self) -> str:
        """The environment variable that holds the password."""
        ...

    @property
    def password_file(self) -> str:
        """The file that holds it."""
        ...

    @property
    def tls(self) -> bool:
        """Whether the connection is encrypted."""
        ...

    @property
    def ca_file(self) -> str:
        """The certificates to trust; empty for the system's."""
        ...


Mechanism = Literal["SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN"]


class KafkaConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The broker, for ``transport = "kafka"``.

    ``servers`` are ``host:port``, comma separated. ``prefix`` begins the name of every topic and consumer
    group. ``replication`` is the copies of each partition. ``session_seconds`` is how long a worker may be
    silent before its partitions go to another. ``username`` signs in by SASL with ``mechanism``; its password
    is in the environment variable ``password_env`` or in ``password_file``, never in this file. ``tls``
    encrypts, trusting the certificates of ``ca_file`` (PEM) or else the system's.
    """

    servers: str = "127.0.0.1:9092"
    prefix: str = "tocsin"
    replication: int = 1
    session_seconds: float = 6.0
    username: str = ""
    password_env: str = ""
    password_file: str = ""
    mechanism: Mechanism = "SCRAM-SHA-512"
    tls: bool = False
    ca_file: str = ""

    def __post_init__(self) -> None:
        where = "tocsin.toml: kafka"
        if not all(_is_address(one) for one in self.servers.split(",")):
            raise ConfigError(f"{where}.servers", f"is {self.servers!r}", "give host:port, comma separated")
        if not self.prefix or not _NAME.issuperset(self.prefix):
            raise ConfigError(f"{where}.prefix", f"is {self.prefix!r}", "use letters, digits, dot, _ and -")
        if self.replication < 1:
            raise ConfigError(f"{where}.replication", f"is {self.replication}", "give 1 or more")
        if not 1 <= self.session_seconds <= 60:
            raise ConfigError(f"{where}.session_seconds", f"is {self.session_seconds}", "give 1 to 60")
        check_sign_in(self, where)


def check_sign_in(config: SignIn, where: str) -> None:
    """Refuse half of a sign-in; ``where`` is the table.

    Raises:
        ConfigError: names the key.
    """
    if config.password_env and config.password_file:
        raise ConfigError(f"{where}.password_file", "stands beside password_env", "give one of both")
    if bool(config.username) != bool(config.password_env or config.password_file):
        raise ConfigError(
            f"{where}.username", "needs password_env or password_file, and the reverse", "give both or none"
        )
    if config.ca_file and not config.tls:
        raise ConfigError(f"{where}.ca_file", "says whom to trust, but tls is off", "set tls = true")


class TopicNames(msgspec.Struct, frozen=True):
    """What the topics and groups of one installation are called: never derived from Python names."""

    prefix: str

    @property
    def ledger(self) -> str:
        """The one ordered log: one partition."""
        return f"{self.prefix}.ledger"

    @property
    def events(self) -> str:
        """Redacted events, for samples and the archive."""
        return f"{self.prefix}.events"

    @property
    def dead_letter(self) -> str:
        """Records that became no event; their bytes are encrypted."""
        return f"{self.prefix}.dead-letter"

    @property
    def journal(self) -> str:
        """Decisions, for whoever wants to listen."""
        return f"{self.prefix}.journal"

    @property
    def deliveries(self) -> str:
        """What became of each delivery."""
        return f"{self.prefix}.deliveries"

    @property
    def intake_group(self) -> str:
        """Consumer group of the intake workers."""
        return f"{self.prefix}-intake"

    @property
    def step_group(self) -> str:
        """Consumer group of the step workers."""
        return f"{self.prefix}-step"

    def raw(self, feed: str) -> str:
        """What a feed sent, encrypted, many records in a message."""
        return f"{self.prefix}.raw.{feed}"

    def feed(self, topic: str) -> str:
        """The inverse of ``raw``."""
        return topic.removeprefix(f"{self.prefix}.raw.")


class TopicPlan(msgspec.Struct, frozen=True):
    """One topic as it must be: how many partitions, and the settings that matter."""

    name: str
    partitions: int
    config: dict[str, str]


def topic_plans(names: TopicNames, feeds: tuple[Feed, ...], raw_days: int) -> tuple[TopicPlan, ...]:
    """All topics of an installation.

    Nothing is compacted: offsets must stay dense. Raw bytes and dead letters go after ``raw_days``; ledger
    and journal stay.
    """
    short = _config(raw_days * 86_400_000)
    month = _config(30 * 86_400_000)
    raw = tuple(TopicPlan(names.raw(feed.id), feed.partitions, short) for feed in feeds)
    return (
        *raw,
        TopicPlan(names.ledger, 1, _config(-1)),
        TopicPlan(names.events, 1, month),
        TopicPlan(names.dead_letter, 1, short),
        TopicPlan(names.journal, 1, _config(-1)),
        TopicPlan(names.deliveries, 1, month),
    )


def _config(retention_ms: int) -> dict[str, str]:
    return {
        "cleanup.policy": "delete",
        "retention.ms": str(retention_ms),
        "retention.bytes": "-1",
        "max.message.bytes": str(LARGEST_MESSAGE),
        "message.timestamp.type": "CreateTime",
    }


def _is_address(text: str) -> bool:
    host, colon, port = text.strip().rpartition(":")
    return bool(host and colon and port.isdigit() and 0 < int(port) < 65_536)
