"""Redacted events on their way to the archive: looked up by series for a while, forgotten once archived."""

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import msgspec

from streams.events import Event
from tocsin.store import Connection, Store, move_cursor

CURSOR: Final = "archive"
EVENTS_AT_ONCE: Final = 50_000
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

    def archive(self, write: Callable[[Sequence[Event]], None], limit: int = EVENTS_AT_ONCE) -> int:
        """Hand events that were not archived yet to ``write``, in the order of intake; how many.

        The cursor moves after ``write`` has returned: killed in between, the same events are handed over
        again, so ``write`` names what it writes by content.
        """
        rows = self._store.read(
            "SELECT id, body FROM event WHERE id > ? ORDER BY id LIMIT ?",
            (self._store.cursor(CURSOR), limit),
        )
        if rows:
            write([_decoder.decode(body) for _, body in rows])
            with self._store.transaction() as connection:
                move_cursor(connection, CURSOR, rows[-1][0])
        return len(rows)

    def forget(self, connection: Connection, before: int, *, only_archived: bool) -> int:
        """Forget events that happened before ``before`` (s UTC), as part of a transaction; how many."""
        through = self._store.cursor(CURSOR) if only_archived else 1 << 62
        return connection.execute(
            "DELETE FROM event WHERE happened_at < ? AND id <= ?", (before, through)
        ).rowcount
