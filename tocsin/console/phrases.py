"""Facts that become words only when the reader's language is known."""

import msgspec

Names = dict[str, str]
"""One name by locale: ``{"en": "Beihe District", "zh-CN": "北禾区"}``."""


class Phrase(msgspec.Struct, frozen=True):
    """A message key with its facts; a ``Names`` argument is read in the reader's language.

    An integer argument whose name ends in ``_at`` is an instant (seconds UTC), shown as HH:MM in the city's
    zone; one that ends in ``_seconds`` a length of time.
    """

    key: str
    args: dict[str, str | int | float | Names] = {}


def named(names: Names, locale: str) -> str:
    """The name in ``locale``, else in English, else any."""
    return names.get(locale) or names.get("en") or next(iter(names.values()), "")
