"""Few messages for a person: what waits leaves as one digest, a graver rank at once."""

import hashlib
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from alerting.deliveries import AlertFacts, Delivery

WINDOW_SECONDS: Final = 900
"""How far back messages count."""

FREE: Final = 4
"""Messages in the window that leave singly and at once."""

FIRST_GAP_SECONDS: Final = 60
LONGEST_GAP_SECONDS: Final = 300
LARGEST_DIGEST: Final = 20_000
KEPT_ENTRIES: Final = 20
"""Entries of a digest that stand in it in full; all are in the journal."""

DigestWords = Callable[[Sequence[Delivery], str], tuple[str, ...]]
"""The lines of a digest of these messages, in a locale."""


class Sent(msgspec.Struct, frozen=True):
    """A message that a receiver accepted: when (s UTC), at which rank, and whether in a drill."""

    at: int
    rank: int
    is_exercise: bool = False


class Waiting(msgspec.Struct, frozen=True):
    """A message that was never tried, as far as the choice looks at it."""

    rank: int
    is_exercise: bool = False


class Choice(msgspec.Struct, frozen=True):
    """What to do with what waits: send so many of it as one message; or, with 0, wait until ``until``."""

    take: int
    until: int = 0


def choose(waiting: Sequence[Waiting], recent: Sequence[Sent], at: int) -> Choice:
    """What leaves at ``at`` of the messages that wait, oldest first.

    Messages of a drill and real ones never share a digest: only the first ones of a kind are looked at.
    While the window has room each leaves singly, unless more wait than there is room for. Then all that wait
    leave as one, at once if one of them is graver than all that was told in the window, else after a pause
    that doubles up to ``LONGEST_GAP_SECONDS``.
    """
    if not waiting:
        return Choice(0, at)
    count = _alike(waiting)
    lately = [sent for sent in recent if at - sent.at < WINDOW_SECONDS]
    if count <= FREE - len(lately):
        return Choice(1)
    until = max((sent.at for sent in lately), default=at) + _gap(len(lately))
    if until <= at or not lately or _is_graver(waiting[:count], lately):
        return Choice(count)
    return Choice(0, until)


def _alike(waiting: Sequence[Waiting]) -> int:
    """How many of the first messages may share a digest."""
    kind = waiting[0].is_exercise
    end = next((n for n, one in enumerate(waiting) if one.is_exercise != kind), len(waiting))
    return min(end, LARGEST_DIGEST)


def _gap(count: int) -> int:
    return min(FIRST_GAP_SECONDS << max(0, min(count - FREE, 8)), LONGEST_GAP_SECONDS)


def _is_graver(waiting: Sequence[Waiting], lately: Sequence[Sent]) -> bool:
    kind = waiting[0].is_exercise
    told = max((sent.rank for sent in lately if sent.is_exercise == kind), default=-1)
    return max(one.rank for one in waiting) > told


def digest(members: Sequence[Delivery], words: DigestWords) -> Delivery:
    """One message that stands for several to one receiver; its key is made of theirs."""
    first, gravest = members[0], max(members, key=lambda one: (one.rank, -one.seq))
    units = {one.unit for one in members}
    keys = tuple(one.key for one in members)
    return Delivery(
        key=_key(keys),
        seq=first.seq,
        receiver=first.receiver,
        unit=first.unit if len(units) == 1 else gravest.unit,
        is_exercise=first.is_exercise,
        at=max(one.at for one in members),
        rank=gravest.rank,
        texts=words(members, first.locale),
        entries=tuple(entry for one in _gravest_first(members) for entry in one.entries)[:KEPT_ENTRIES],
        locale=first.locale,
        thread=gravest.thread if len(units) == 1 else "",
        alerts=_alerts(members),
        members=keys,
    )


def _key(keys: Sequence[str]) -> str:
    """blake2b-128 over the members' keys: a digest's own key, the same however often it is made."""
    return hashlib.blake2b("|".join(("digest", *keys)).encode(), digest_size=16).hexdigest()


def _gravest_first(members: Sequence[Delivery]) -> list[Delivery]:
    return sorted(members, key=lambda one: (-one.rank, one.seq, one.key))


def _alerts(members: Sequence[Delivery]) -> tuple[AlertFacts, ...]:
    """The newest facts of each alert, gravest first, as many as an entry keeps."""
    newest = {alert.fingerprint: alert for one in members for alert in one.alerts}
    return tuple(sorted(newest.values(), key=lambda a: (-a.rank, a.fingerprint)))[:KEPT_ENTRIES]


def plain_words(members: Sequence[Delivery], _locale: str) -> tuple[str, ...]:
    """The gravest messages' first lines: what stands in a digest where nobody gives words."""
    return tuple(one.texts[0] for one in _gravest_first(members)[:KEPT_ENTRIES] if one.texts)


class Pacing(msgspec.Struct, frozen=True, eq=False):
    """Which receivers get few messages, and the words of their digests."""

    receivers: frozenset[str] = frozenset()
    words: DigestWords = plain_words
