"""Instants, spans and tables as a reader wants them."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

MINUTE: Final = 60
HOUR: Final = 3_600
DAY: Final = 86_400


def local(at: int, zone: str) -> str:
    """``2011-08-28 08:15`` in the city's time."""
    return f"{datetime.fromtimestamp(at, ZoneInfo(zone)):%Y-%m-%d %H:%M}"


def seconds(naive: str, zone: str) -> int:
    """A naive local time as seconds UTC."""
    return int(datetime.fromisoformat(naive).replace(tzinfo=ZoneInfo(zone)).timestamp())


def span(seconds: int) -> str:
    """A length of time in two words, with a sign if it is negative."""
    sign, size = ("−" if seconds < 0 else ""), abs(seconds)
    if size < 2 * HOUR:
        return f"{sign}{round(size / MINUTE)} min"
    return f"{sign}{size / HOUR:.1f} h" if size < 3 * DAY else f"{sign}{size / DAY:.1f} days"


def count(value: float) -> str:
    """A count with separators, an expectation with one decimal."""
    if isinstance(value, int) or value >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.1f}"


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """A Markdown table."""
    lines = (head, ("---",) * len(head), *rows)
    return "".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |\n" for line in lines)


def listing(items: Iterable[str]) -> str:
    """A Markdown list."""
    return "".join(f"* {item}\n" for item in items)


def share(part: int, whole: int) -> str:
    """Per cent of the whole, with as many digits as tell something."""
    percent = 100 * part / whole if whole else 0.0
    return f"{percent:.1f} %" if percent >= 0.1 or not part else f"{percent:.2g} %"
