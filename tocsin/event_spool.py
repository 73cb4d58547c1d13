"""Redacted events on their way to the archive: looked up by series for a while, forgotten once archived."""

import json
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from streams.events import Event
from tocsin.store import Connection, Store

CURSOR: Final = "archive"
KEPT_SECONDS: Final = 30 * 86_400

_decoder: Final = msgspec.json.Decoder(Event)


class EventSpool:
    """The redacted events of a store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add_within(self, connection: Connection, events: Iterable[Event]) -> None:
        """Keep events, as part of a transaction."""
        connection.executemany(
            "INSERT INTO event (happened_at, area, category, body) VALUES (?, ?, ?, ?)",
            [(e.happened_at, e.area, e.category, msgspec.json.encode(e)) for e in events],
        )

    def of_series(self, area: str, category: str, since_at: int, limit: int) -> list[Event]:
        """The newest events of a series since then, newest first."""
        rows = self._store.read(
            "SELECT body FROM event WHERE area = ? AND category = ? AND happened_at >= ?"
            " ORDER BY happened_at DESC, id DESC LIMIT ?",
            (area, category, since_at, limit),
        )
        return [_decoder.decode(row[0]) for row in rows]

    def of_feed(
        self, feed: str, since_at: int, until_at: int, categories: Sequence[str], limit: int
    ) -> list[Event]:
        """The newest events of a feed between two instants, newest first; of some categories if named."""
        named = json.dumps(list(categories))
        rows = self._store.read(
            "SELECT body FROM event WHERE happened_at BETWEEN ? AND ?"
            " AND json_extract(CAST(body AS TEXT), '$.source') = ?"
            " AND (? = '[]' OR category IN (SELECT value FROM json_each(?)))"
            " ORDER BY happened_at DESC, id DESC LIMIT ?",
            (since_at, until_at, feed, named, named, limit),
        )
        return [_decoder.decode(row[0]) for row in rows]

    def of_id(self, feed: str, name: str) -> Event | None:
        """The newest event of a feed by its id in the system of origin: looks through all that are kept."""
        query = (
            "SELECT body FROM event WHERE instr(body, ?) AND json_extract(CAST(body AS TEXT), '$.id') = ?"
            " AND json_extract(CAST(body AS TEXT), '$.source') = ? ORDER BY id DESC LIMIT 1"
        )
        rows = self._store.read(query, (msgspec.json.encode(name), name, feed))
        return _decoder.decode(rows[0][0]) if rows else None

    def after(self, number: int, limit: int) -> list[tuple[int, Event]]:
        """Events from ``number`` on with their numbers, in the order of intake."""
        rows = self._store.read(
            "SELECT id, body FROM event WHERE id >= ? ORDER BY id LIMIT ?", (number, limit)
        )
        return [(number, _decoder.decode(body)) for number, body in rows]

    def archived(self) -> int:
        """The number below which every event is in the archive."""
        return self._store.cursor(CURSOR)

    def forget(self, connection: Connection, before: int, archived: int | None, limit: int) -> int:
        """Forget events of before ``before`` (s UTC), the first that came first; how many, at most ``limit``.

        None numbered ``archived`` or above is forgotten, if that is given. The newest stays whatever its age:
        from it the next one has its number. Part of a transaction.
        """
        return connection.execute(
            "DELETE FROM event WHERE id IN (SELECT id FROM event WHERE id < ? ORDER BY id LIMIT ?)"
            " AND happened_at < ? AND id < (SELECT max(id) FROM event)",
            (1 << 62 if archived is None else archived, limit, before),
        ).rowcount
