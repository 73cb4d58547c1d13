"""What goes out: entries of one input, grouped for one receiver, under a key made of their content."""

import hashlib
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from alerting import journal
from alerting.bulletins import Renewal
from alerting.effects import Effect
from alerting.journal import Entry, Standing
from alerting.muting import Reminder
from alerting.routing import RANKS, Question, Routing, height, publishers, question_of, receivers
from alerting.units import UnitTree

Render = Callable[[Entry, str], str]
"""An entry as a text for persons, in a locale."""

WhyMuted = Callable[[Entry, Effect], str | None]
"""Why an effect is not told to anybody; None if it is."""

Categories = Callable[[Entry], tuple[str, ...]]
"""The categories that an entry speaks of."""


class AlertFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One alert as it stood behind an entry; ``rank`` is the line that its risk reached.

    ``started_at`` is the end of the first bucket in which it was seen, s UTC; 0 where nobody knows.
    """

    fingerprint: str
    category: str
    areas: tuple[str, ...] = ()
    rank: int = 0
    is_confirmed: bool = False
    started_at: int = 0


class Term(msgspec.Struct, frozen=True, omit_defaults=True):
    """Since when a unit warns or responds, and until when what is said of it holds, s UTC; 0 where not.

    ``expected_at`` is when the last declaration expected it to be over, and ``measures`` what it announced.
    """

    since_at: int = 0
    until: int = 0
    expected_at: int = 0
    measures: str = ""


class About(msgspec.Struct, frozen=True, omit_defaults=True):
    """The alerts that an entry speaks of, gravest first; ``thread`` names the conversation about them."""

    thread: str = ""
    alerts: tuple[AlertFacts, ...] = ()
    term: Term = Term()


class Cover(msgspec.Struct, frozen=True, kw_only=True):
    """What a message carries beside its lines, in the receiver's language; made anew at every attempt.

    ``mark`` says that it is a drill; ``link`` is where the receiver answers, "" where no link can be given.
    """

    title: str = ""
    mark: str = ""
    link: str = ""
    link_label: str = ""


class Again(msgspec.Struct, frozen=True, kw_only=True):
    """That nothing is new: the unit stands as it did; ``entry`` is told for the ``times``-th time anew."""

    entry: str
    times: int
    standing: Standing


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One message to one receiver; ``key`` is the same however often it is sent.

    ``seq`` is the first entry's, ``texts`` one per entry in the receiver's locale, ``entries`` the entries as
    the journal has them. Messages of one ``thread`` are about one hotspot: ``number`` counts a receiver's
    from 0, so that all above are updates; ``first`` and ``earlier`` are the keys of its first message and of
    the one before, "" in the first. ``members`` are the keys of the messages that a digest stands for.
    ``again`` is set where a publisher is told once more of what still stands; there are no entries then.
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
    locale: str = "en"
    thread: str = ""
    number: int = 0
    first: str = ""
    earlier: str = ""
    alerts: tuple[AlertFacts, ...] = ()
    members: tuple[str, ...] = ()
    term: Term = Term()
    again: Again | None = None
    cover: Cover = Cover()


def standings(entry: dict[str, Any]) -> tuple[Standing | None, Standing | None]:
    """Where a unit stood before and after an entry, as a delivery holds it."""
    before, after = (msgspec.convert(entry[name], Standing | None) for name in ("before", "after"))
    return before, after


def last_standing(delivery: Delivery) -> Standing | None:
    """Where the unit stands behind the delivery's last entry, or still; None if nothing says."""
    if delivery.again is not None:
        return delivery.again.standing
    found = (standings(entry)[1] for entry in reversed(delivery.entries))
    return next((standing for standing in found if standing is not None), None)


def delivery_key(receiver: str, entry_hash: str) -> str:
    """blake2b-128 of the receiver and the hash of the group's first entry, in hex."""
    return hashlib.blake2b(f"{receiver}|{entry_hash}".encode(), digest_size=16).hexdigest()


RenderReminder = Callable[[Reminder, str], str]
"""That a silence is over, as a text for persons, in a locale."""

RenderRenewal = Callable[[Renewal, str], str]
"""That a warning or a response still stands, as a text for persons, in a locale."""


class Told(msgspec.Struct, frozen=True):
    """That one receiver is told of one entry: at which rank, in which words, and whether in a drill."""

    receiver: str
    is_exercise: bool
    rank: int
    text: str
    locale: str = "en"


class Telling(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who is told of an entry, and of which alerts.

    Entries of one ``group`` (of one input) reach a receiver as one message.
    """

    group: int
    told: tuple[Told, ...]
    about: About = About()


class Planner(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Says who is told of an entry, and how, by routes and by what is muted.

    ``render``, ``why_muted`` and ``categories`` may look at the state behind the entry's record, so ``tell``
    is asked there and then, and what it says is kept with the entry: later the state is another.
    """

    routing: Routing
    tree: UnitTree
    render: Render
    why_muted: WhyMuted = lambda _entry, _effect: None
    categories: Categories = lambda _entry: ()
    render_reminder: RenderReminder = lambda reminder, _locale: f"{reminder.unit}: {reminder.silence.actor}"
    rank_of: Callable[[str], int] = lambda _unit: RANKS[-1]
    about: Callable[[Entry], About] = lambda _entry: About()
    render_renewal: RenderRenewal = lambda renewal, _locale: f"{renewal.unit}: {renewal.standing.mode}"
    about_still: Callable[[Renewal], About] = lambda _renewal: About()

    def renew(self, renewal: Renewal, seq: int) -> tuple[Delivery, ...]:
        """What publishers that may have been told of a unit's standing are given again; ``seq`` orders it.

        Whoever published nothing of it has nothing to renew, and publishes nothing.
        """
        about = self.about_still(renewal)
        categories = tuple(sorted({alert.category for alert in about.alerts}))
        return tuple(
            self._renewal(renewal, name, seq, about)
            for name in publishers(self.routing, self.tree, renewal.unit, renewal.is_exercise, categories)
        )

    def _renewal(self, renewal: Renewal, receiver: str, seq: int, about: About) -> Delivery:
        locale = self.routing.receiver(receiver).locale
        unit, bulletin = renewal.unit, renewal.bulletin
        return Delivery(
            key=delivery_key(receiver, f"{bulletin.entry}|again {bulletin.times}"),
            seq=seq,
            receiver=receiver,
            unit=unit,
            is_exercise=renewal.is_exercise,
            at=renewal.at,
            rank=height(renewal.standing),
            texts=(_words(lambda: self.render_renewal(renewal, locale), f"{unit}: {renewal.standing.mode}"),),
            entries=(),
            locale=locale,
            thread=about.thread,
            alerts=about.alerts,
            term=about.term,
            again=Again(entry=bulletin.entry, times=bulletin.times, standing=renewal.standing),
        )

    def remind(self, reminder: Reminder, seq: int) -> tuple[Delivery, ...]:
        """The deliveries that tell a unit's receivers once that a silence is over; ``seq`` orders them.

        They have no entries; their keys are made of the hash of the silence's entry.
        """
        unit, rank = reminder.unit, self.rank_of(reminder.unit)
        question = Question(unit, self.tree.tier(unit), self.tree.lineage(unit), rank, "notify", False)
        return tuple(self._reminder(reminder, name, seq, rank) for name in receivers(self.routing, question))

    def _reminder(self, reminder: Reminder, receiver: str, seq: int, rank: int) -> Delivery:
        locale = self.routing.receiver(receiver).locale
        unit, actor = reminder.unit, reminder.silence.actor
        return Delivery(
            key=delivery_key(receiver, f"{reminder.silence.entry}|over"),
            seq=seq,
            receiver=receiver,
            unit=unit,
            is_exercise=False,
            at=reminder.at,
            rank=rank,
            texts=(_words(lambda: self.render_reminder(reminder, locale), f"{unit}: {actor}"),),
            entries=(),
            locale=locale,
        )

    def telling(self, entry: Entry, group: int = 0) -> Telling:
        """Who is told of the entry, and of which alerts; nothing is kept of what nobody is told of."""
        told = self.tell(entry)
        return Telling(group, told, self.about(entry) if told else About())

    def tell(self, entry: Entry) -> tuple[Told, ...]:
        """All receivers that the entry's effects reach, each once for the real thing and once for a drill.

        An entry outside any drill (row ``-``) tells nobody.
        """
        told: dict[tuple[str, bool], Told] = {}
        for question in self._questions(entry):
            for name in receivers(self.routing, question):
                if (name, question.is_exercise) not in told:
                    told[name, question.is_exercise] = self._told(entry, name, question)
        return tuple(told.values())

    def _told(self, entry: Entry, name: str, question: Question) -> Told:
        locale = self.routing.receiver(name).locale
        words = _words(lambda: self.render(entry, locale), f"{entry.unit}: {entry.trigger} {entry.row}")
        return Told(name, question.is_exercise, question.rank, words, locale)

    def plan(self, entries: Iterable[Entry], group: int = 0) -> tuple[Delivery, ...]:
        """Deliveries of the entries of one input as things stand, in journal order."""
        return grouped((entry, self.telling(entry, group)) for entry in entries)

    def _questions(self, entry: Entry) -> Iterable[Question]:
        if entry.row == journal.OUTSIDE:
            return
        for effect in entry.effects:
            question = question_of(entry, effect, self.tree, self.categories(entry))
            if question is not None and self.why_muted(entry, effect) is None:
                yield question


def _words(render: Callable[[], str], plain: str) -> str:
    """A text that cannot be rendered must not keep an alert from anybody, nor stop the fold."""
    try:
        return render()
    except Exception:
        return plain


def grouped(told: Iterable[tuple[Entry, Telling]]) -> tuple[Delivery, ...]:
    """Deliveries in the order of their first entries; ``told`` are whole groups, in journal order."""
    groups: dict[tuple[str, str, bool, int, int], list[tuple[Entry, Told, About]]] = {}
    for entry, telling in told:
        for one in telling.told:
            name = (one.receiver, entry.unit, one.is_exercise, entry.at, telling.group)
            groups.setdefault(name, []).append((entry, one, telling.about))
    return tuple(_delivery(*name, group) for name, group in groups.items())


def _delivery(
    receiver: str, unit: str, is_exercise: bool, at: int, _group: int, group: list[tuple[Entry, Told, About]]
) -> Delivery:
    first, told, _ = group[0]
    about = next((about for *_, about in group if about.thread), About())
    return Delivery(
        key=delivery_key(receiver, first.hash),
        seq=first.seq,
        receiver=receiver,
        unit=unit,
        is_exercise=is_exercise,
        at=at,
        rank=max(telling.rank for _, telling, _ in group),
        texts=tuple(telling.text for _, telling, _ in group),
        entries=tuple(journal.facts(entry) for entry, *_ in group),
        locale=told.locale,
        thread=about.thread,
        alerts=about.alerts,
        term=about.term,
    )
