"""The wall clock: the only place that reads it, and how an instant is written for a person."""

import time
from datetime import UTC, datetime
from zoneinfo import ZoneInfo


def now() -> int:
    """Seconds UTC."""
    return int(time.time())  # noqa: TID251  this is the one place


def local(at: int, zone: str, form: str = "%Y-%m-%d %H:%M") -> str:
    """An instant on the clocks of a zone, as ``2025-03-01 16:00`` or in another form of ``strftime``."""
    return datetime.fromtimestamp(at, UTC).astimezone(ZoneInfo(zone)).strftime(form)


def text(at: int) -> str:
    """An instant as ``2025-03-01 08:00:00`` (UTC)."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S")
