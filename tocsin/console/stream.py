"""The server-sent events: one when the ledger has grown, and a beat every five seconds."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final

from tocsin.console.source import CitySource

BEAT_SECONDS: Final = 5.0
RETRY_MILLISECONDS: Final = 1_000


def message(event: str, offset: int, now_at: int) -> str:
    """One event on the wire; its id is the ledger offset."""
    body = json.dumps({"offset": offset, "now": now_at})
    return f"id: {offset}\nevent: {event}\ndata: {body}\n\n"


def first_offset(last_event_id: str, newest: int) -> int:
    """Where a reader stands: its last event id, or the beginning if that is not one of ours."""
    known = int(last_event_id) if last_event_id.isascii() and last_event_id.isdigit() else -1
    return known if known <= newest else -1


async def events(
    source: CitySource,
    last_event_id: str,
    is_gone: Callable[[], Awaitable[bool]],
    beat_seconds: float = BEAT_SECONDS,
) -> AsyncIterator[str]:
    """``changed`` as soon as the ledger is beyond what the reader has or begins to stand, else ``beat``.

    However far behind a reader is, it gets one event and loads the newest picture: gaps need no replay.
    It ends when the reader has gone.
    """
    newest = await source.wait(-1, 0)
    seen = first_offset(last_event_id, newest)
    yield f"retry: {RETRY_MILLISECONDS}\n\n"
    if seen < 0:
        seen = newest
    stood = (await asyncio.to_thread(source.snapshot)).stands_since
    while not await is_gone():
        newest = await source.wait(seen, beat_seconds)
        stands = (await asyncio.to_thread(source.snapshot)).stands_since
        yield message("changed" if newest > seen or stands != stood else "beat", newest, source.now())
        seen, stood = newest, stands
