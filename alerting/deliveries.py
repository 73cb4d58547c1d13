"""What goes out: entries of one instant, grouped for one receiver, under a key made of their content."""

import hashlib
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from alerting import journal
from alerting.effects import Effect
from alerting.journal import Entry
from alerting.routing import Question, Routing, question_of, receivers
from alerting.units import UnitTree

Render = Callable[[Entry, str], str]
"""An entry as a text for persons, in a locale."""

WhyMuted = Callable[[Entry, Effect], str | None]
"""Why an effect is not told to anybody; None if it is."""

Categories = Callable[[Entry], tuple[str, ...]]
"""The categories that an entry speaks of."""


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One message to one receiver; ``key`` is the same however often it is sent.

    ``seq`` is the first entry's, ``texts`` one per entry in the receiver's locale, ``entries`` the entries as
    the journal has them.
    """

    key: str
    seq: int
    receiver: str
    unit: str
    is_exercise: bool
    at: int
    rank: int
    texts: tuple[str, ...]
    entries: tuple[dict[str, Any], ...]


def delivery_key(receiver: str, entry_hash: str) -> str:
    """blake2b-128 of the receiver and the hash of the group's first entry, in hex."""
    return hashlib.blake2b(f"{receiver}|{entry_hash}".encode(), digest_size=16).hexdigest()


class Planner(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Makes deliveries of entries, by routes and by what is muted; pure."""

    routing: Routing
    tree: UnitTree
    render: Render
    why_muted: WhyMuted = lambda _entry, _effect: None
    categories: Categories = lambda _entry: ()

    def plan(self, entries: Iterable[Entry]) -> tuple[Delivery, ...]:
        """Deliveries in the order of their first entries; ``entries`` are whole instants, in journal order.

        An entry outside any drill (row ``-``) tells nobody.
        """
        groups: dict[tuple[str, str, bool, int], list[tuple[Entry, int]]] = {}
        for entry in entries:
            for (receiver, is_exercise), rank in self._told(entry).items():
                group = groups.setdefault((receiver, entry.unit, is_exercise, entry.at), [])
                group.append((entry, rank))
        return tuple(self._delivery(*name, group) for name, group in groups.items())

    def _told(self, entry: Entry) -> dict[tuple[str, bool], int]:
        """(receiver, is_exercise) → rank, of all that the entry's effects reach."""
        told: dict[tuple[str, bool], int] = {}
        for question in self._questions(entry):
            for receiver in receivers(self.routing, question):
                told.setdefault((receiver, question.is_exercise), question.rank)
        return told

    def _questions(self, entry: Entry) -> Iterable[Question]:
        if entry.row == journal.OUTSIDE:
            return
        for effect in entry.effects:
            question = question_of(entry, effect, self.tree, self.categories(entry))
            if question is not None and self.why_muted(entry, effect) is None:
                yield question

    def _delivery(
        self, receiver: str, unit: str, is_exercise: bool, at: int, group: list[tuple[Entry, int]]
    ) -> Delivery:
        locale = self.routing.receiver(receiver).locale
        first = group[0][0]
        return Delivery(
            key=delivery_key(receiver, first.hash),
            seq=first.seq,
            receiver=receiver,
            unit=unit,
            is_exercise=is_exercise,
            at=at,
            rank=max(rank for _, rank in group),
            texts=tuple(self.render(entry, locale) for entry, _ in group),
            entries=tuple(journal.facts(entry) for entry, _ in group),
        )
