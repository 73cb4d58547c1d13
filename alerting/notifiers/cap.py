"""CAP 1.2 documents as files in a directory, with an Atom feed of them beside."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final
from xml.etree import ElementTree as Xml

import msgspec

from alerting import cap
from alerting.cap import Message, Reference
from alerting.deliveries import Delivery
from alerting.delivery_log import Answer
from alerting.notifiers.contract import Channel
from streams.disk import write_whole
from streams.errors import ConfigError

ATOM: Final = "http://www.w3.org/2005/Atom"
FEED: Final = "feed.atom"
INDEX: Final = "index.json"
FEED_ENTRIES: Final = 200


class Published(msgspec.Struct, frozen=True, kw_only=True):
    """What the directory knows of one delivery; ``identifier`` is "" where there was nothing to publish.

    ``episode`` is whose standing it speaks of: see ``_episode``.
    """

    key: str
    episode: str = ""
    identifier: str = ""
    sent: str = ""
    title: str = ""
    kind: str = ""
    status: str = ""

    @property
    def is_open(self) -> bool:
        """Whether something may refer to it: it was published, and is no end."""
        return bool(self.identifier) and self.kind != "Cancel"


_records: Final = msgspec.json.Decoder(list[Published])


class CapNotifier:
    """Publishes into the directory that the receiver's address names; a key is published once.

    The document is whole before the index names it, and the index before the feed does.

    Raises:
        ConfigError: no sender, or one that CAP forbids.
    """

    def __init__(self, channel: Channel) -> None:
        sender = channel.cap.sender
        if not sender or cap.FORBIDDEN & set(sender):
            raise ConfigError(
                "cap.sender", f"{sender!r} cannot be a CAP sender", "add [cap] with a name such as a host's"
            )
        self._channel, self._folder = channel, Path(channel.to)

    def send(self, delivery: Delivery) -> Answer:
        """Publish; a disk that refuses is worth another attempt."""
        try:
            return Answer(True, detail=self._publish(delivery))
        except (OSError, msgspec.MsgspecError) as error:
            return Answer(False, should_retry=True, detail=f"{self._folder}: {error}"[:300])

    def close(self) -> None:
        """Nothing is held between deliveries."""

    def _publish(self, delivery: Delivery) -> str:
        records = self._read()
        record = next((r for r in records if r.key == delivery.key), None)
        if record is None:
            record = self._document(delivery, records)
            records.append(record)
            self._write(INDEX, msgspec.json.format(msgspec.json.encode(records), indent=1))
        self._write(FEED, feed(records, self._channel.cap.sender))
        return record.identifier or "nothing to publish"

    def _document(self, delivery: Delivery, records: Sequence[Published]) -> Published:
        empty = Published(key=delivery.key, episode=_episode(delivery))
        mine = (r for r in reversed(records) if r.episode == empty.episode and r.identifier)
        last = next(mine, None)
        reference = Reference(last.identifier, last.sent) if last and last.is_open else None
        made = self._message(delivery, reference)
        if made is None:
            return empty
        self._write(f"{made.identifier}.xml", made.body)
        return msgspec.structs.replace(
            empty,
            identifier=made.identifier,
            sent=made.sent,
            title=made.title,
            kind=made.kind,
            status=made.status,
        )

    def _message(self, delivery: Delivery, last: Reference | None) -> Message | None:
        if self._channel.wording is None:
            return None
        return cap.message(delivery, self._channel.wording(delivery), self._channel.cap, last)

    def _read(self) -> list[Published]:
        path = self._folder / INDEX
        return _records.decode(path.read_bytes()) if path.exists() else []

    def _write(self, name: str, content: bytes) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        write_whole(self._folder / name, content)


def _episode(delivery: Delivery) -> str:
    """The standing that a document continues: its unit's, in a drill the exercise's.

    Not the hotspot's thread: one that crosses a border keeps its thread, and the calm of the unit that it
    left says nothing of the one that it came to.
    """
    return f"{'exercise' if delivery.is_exercise else 'unit'} {delivery.unit}"


def feed(records: Sequence[Published], sender: str) -> bytes:
    """An Atom feed (RFC 4287) of what was published, newest first."""
    shown = [record for record in reversed(records) if record.identifier][:FEED_ENTRIES]
    root = Xml.Element("feed", {"xmlns": ATOM})
    _add(root, "id", f"urn:tocsin:{sender}")
    _add(root, "title", f"CAP {sender}")
    _add(root, "updated", shown[0].sent if shown else "1970-01-01T00:00:00+00:00")
    _add(Xml.SubElement(root, "author"), "name", sender)
    for record in shown:
        entry = Xml.SubElement(root, "entry")
        _add(entry, "id", f"urn:tocsin:{sender}:{record.identifier}")
        _add(entry, "title", f"[{record.status} {record.kind}] {record.title}")
        _add(entry, "updated", record.sent)
        _add(entry, "summary", record.title)
        link = {"href": f"{record.identifier}.xml", "type": "application/cap+xml", "rel": "alternate"}
        Xml.SubElement(entry, "link", link)
    written: bytes = Xml.tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def _add(parent: Xml.Element, name: str, text: str) -> None:
    Xml.SubElement(parent, name).text = text
