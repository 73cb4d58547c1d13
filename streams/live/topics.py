"""Topics made and compared with the broker's; never by Faust."""

from typing import Any

import msgspec
from aiokafka.admin import NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import TopicAlreadyExistsError, for_code

from streams.errors import AwayError, DataError
from streams.live import clients
from streams.live.settings import KafkaConfig, TopicPlan


class Difference(msgspec.Struct, frozen=True):
    """Something about a topic that is not as it must be."""

    topic: str
    what: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.topic}: {self.what}; {self.remedy}"


async def create(kafka: KafkaConfig, plans: tuple[TopicPlan, ...]) -> tuple[str, ...]:
    """Make the topics that are not there yet; the names of those that were made.

    Raises:
        AwayError: the broker cannot be reached.
        DataError: it refuses.
    """
    async with _administrator(kafka) as client:
        wanted = [NewTopic(p.name, p.partitions, kafka.replication, topic_configs=p.config) for p in plans]
        answer = await client.create_topics(wanted)
    made = []
    for name, code, *detail in answer.topic_errors:
        if code == 0:
            made.append(name)
        elif for_code(code) is not TopicAlreadyExistsError:
            why = detail[0] if detail and detail[0] else for_code(code).__name__
            raise DataError(f"topic {name}", f"the broker refused: {why}", "see the broker's log")
    return tuple(made)


async def differences(kafka: KafkaConfig, plans: tuple[TopicPlan, ...]) -> tuple[Difference, ...]:
    """What is missing, or other than planned; nothing if all is well."""
    async with _administrator(kafka) as client:
        names = [plan.name for plan in plans]
        found = {t["topic"]: t for t in await client.describe_topics() if t["topic"] in names}
        resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names if name in found]
        answers = await client.describe_configs(resources) if resources else []
    configs = {
        resource[3]: {entry[0]: entry[1] for entry in resource[4]}
        for answer in answers
        for resource in answer.resources
    }
    result: list[Difference] = []
    for plan in plans:
        if plan.name not in found:
            result.append(Difference(plan.name, "is not there", "run tocsin topics create"))
            continue
        result += _compared(plan, len(found[plan.name]["partitions"]), configs.get(plan.name, {}))
    return tuple(result)


def _compared(plan: TopicPlan, partitions: int, config: dict[str, str]) -> list[Difference]:
    result = []
    if partitions != plan.partitions:
        remedy = "both must be equal from the ledger's beginning on"
        result.append(
            Difference(plan.name, f"has {partitions} partitions, {plan.partitions} are configured", remedy)
        )
    for key, value in plan.config.items():
        if config.get(key) != value:
            what = f"{key} is {config.get(key)}, it must be {value}"
            result.append(Difference(plan.name, what, "change it with the broker's tools"))
    return result


class _administrator:  # noqa: N801  reads as a phrase: async with _administrator(kafka)
    """A started administrator's client, closed at the end."""

    def __init__(self, kafka: KafkaConfig) -> None:
        self._kafka, self._client = kafka, clients.admin(kafka)

    async def __aenter__(self) -> Any:
        try:
            await clients.admitted(self._kafka)
            await self._client.start()
        except (clients.KafkaError, OSError) as error:
            await self._client.close()
            raise AwayError(
                f"broker {self._kafka.servers}",
                f"cannot be reached ({type(error).__name__})",
                "start it, or mend kafka.servers",
            ) from error
        return self._client

    async def __aexit__(self, *_: object) -> None:
        await self._client.close()
