"""Where an edge puts what came in: on the broker, before anyone is answered."""

import hashlib
from collections.abc import Callable, Sequence
from typing import Final

import structlog

from streams.errors import ConfigError, DataError
from streams.live import wire
from streams.live.settings import LARGEST_PAYLOAD, TopicNames
from tocsin.group_commit import GroupCommit
from tocsin.live.sending import Parcel, Sender
from tocsin.raw import Message, Receipt, Vault, digest

LINES: Final = "application/x-ndjson"
LARGEST_JOINED: Final = 1 << 20
"""Bytes up to which small payloads of one partition and second share a message."""

log: Final = structlog.get_logger("desk")


class Desk:
    """Keeps payloads in the raw topics; those that wait together go together.

    ``spread`` cuts a payload by the partition of each of its records, so that the same record always reaches
    the same partition, where its repeats are known.
    """

    def __init__(
        self,
        sender: Sender,
        names: TopicNames,
        vault: Vault,
        partitions: Sequence[str],
        spread: Callable[[str, bytes, str], list[tuple[int, bytes, str]]],
    ) -> None:
        self._sender, self._names, self._vault = sender, names, vault
        self._feeds = {name.rpartition("-")[0] for name in partitions}
        self._spread = spread
        self._commits = GroupCommit(self._write)

    def submit_raw(
        self, feed: str, payload: bytes, content_type: str, received_at: int, where: str = ""
    ) -> Receipt:
        """Keep a payload; when this returns the broker has it.

        Raises:
            ConfigError: no feed has that id.
            DataError: no message can hold that much.
            BrokerError: the broker does not answer; nothing is known to be kept.
        """
        if feed not in self._feeds:
            raise ConfigError(f"feed {feed}", "does not exist", "name one of the configured feeds")
        if len(payload) > LARGEST_PAYLOAD:
            raise DataError(where or feed, f"has more than {LARGEST_PAYLOAD} bytes", "send smaller parts")
        receipt: Receipt | None = None
        for number, piece, kind in self._spread(feed, payload, content_type):
            receipt = self._commits.put(Message(f"{feed}-{number}", piece, kind, received_at, where))
        assert receipt is not None
        return receipt

    def _write(self, messages: Sequence[Message]) -> list[Receipt]:
        groups = _grouped(messages)
        parcels = [self._parcel([messages[i] for i in group]) for group in groups]
        offsets = self._sender.send(parcels)
        receipts: dict[int, Receipt] = {}
        for group, offset in zip(groups, offsets, strict=True):
            for i in group:
                message = messages[i]
                receipts[i] = Receipt(message.partition, offset, digest(message.payload).hex())
        return [receipts[i] for i in range(len(messages))]

    def _parcel(self, group: Sequence[Message]) -> Parcel:
        first = group[0]
        payload = first.payload if len(group) == 1 else b"\n".join(m.payload.strip() for m in group)
        kind = first.content_type if len(group) == 1 else LINES
        feed, _, number = first.partition.rpartition("-")
        envelope = wire.Envelope(kind, first.received_at, first.where, is_sealed=True)
        return Parcel(self._names.raw(feed), int(number), self._vault.seal(payload), wire.write(envelope))


def _grouped(messages: Sequence[Message]) -> list[list[int]]:
    """Indices of messages that may share one Kafka message, each group in order."""
    groups: list[list[int]] = []
    open_groups: dict[tuple[str, int, str], int] = {}
    sizes: list[int] = []
    for i, message in enumerate(messages):
        name = (message.partition, message.received_at, message.where)
        place = open_groups.get(name) if _is_lines(message) else None
        if place is not None and sizes[place] + len(message.payload) <= LARGEST_JOINED:
            groups[place].append(i)
            sizes[place] += len(message.payload)
            continue
        if _is_lines(message):
            open_groups[name] = len(groups)
        groups.append([i])
        sizes.append(len(message.payload))
    return groups


def _is_lines(message: Message) -> bool:
    """Whether the payload is JSON lines, or one JSON object on one line."""
    if message.content_type == LINES:
        return True
    body = message.payload.strip()
    return message.content_type == "application/json" and body[:1] == b"{" and b"\n" not in body


def partition_number(system: str, name: str, partitions: int) -> int:
    """Which partition a record goes to, by the hash of its system and id."""
    found = hashlib.blake2b(f"{system}\x1f{name}".encode(), digest_size=8).digest()
    return int.from_bytes(found, "big") % partitions
