"""A foreign Kafka topic as a source: offsets are committed when the desk has the records, never before.

Killed in between, the messages are read again, and intake knows them by their ids.
"""

from collections.abc import Callable
from typing import Any, Final

from streams.connect.desk import Desk, Tally
from streams.connect.parcels import joined
from streams.connect.settings import KafkaSourceConfig
from streams.connect.upkeep import Keeper, Upkeep
from streams.live import clients
from streams.live.settings import KafkaConfig

AT_ONCE: Final = 500
POLL_MILLISECONDS: Final = 500
TABLE: Final = "kafka_source"


class KafkaSource:
    """Reads one topic in a consumer group.

    Raises:
        ConfigError: no address, or the password or the certificates cannot be read.
    """

    def __init__(self, config: KafkaSourceConfig, desk: Desk, clock: Callable[[], int], tally: Tally) -> None:
        self._config, self._connection = config, _connection(config)
        clients.connection(self._connection, TABLE)  # refuses at once where a secret cannot be read
        self._keeper = Keeper("kafka", desk, clock, tally)
        self.upkeep = Upkeep(f"kafka {config.servers} {config.topic}", self._session)

    async def _session(self, upkeep: Upkeep) -> None:
        """Read until the connection is lost."""
        await clients.admitted(self._connection, TABLE)
        async with clients.reading(self._connection, group_id=self._config.group) as reader:
            reader.subscribe([self._config.topic])
            upkeep.connected()
            while True:
                found = await reader.getmany(timeout_ms=POLL_MILLISECONDS, max_records=AT_ONCE)
                for place, messages in found.items():
                    await self._take(
                        messages, f"Kafka {place.topic}-{place.partition} at {messages[0].offset}"
                    )
                    await reader.commit({place: messages[-1].offset + 1})

    async def _take(self, messages: list[Any], where: str) -> None:
        payloads = joined([(message.value or b"", self._config.content_type) for message in messages])
        await self._keeper.keep(self._config.feed, payloads, where)


def _connection(config: KafkaSourceConfig) -> KafkaConfig:
    names = ("servers", "username", "password_env", "password_file", "mechanism", "tls", "ca_file")
    return KafkaConfig(**{name: getattr(config, name) for name in names})
