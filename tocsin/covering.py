"""What a message carries beside its lines: subject, mark of a drill, link to answer; and a digest's lines."""

from collections.abc import Sequence
from typing import Final

import msgspec

from alerting import answer_links
from alerting.deliveries import Cover, Delivery, last_standing
from alerting.digests import Pacing
from alerting.dispatcher import Sending
from alerting.levels import CALM
from tocsin.city import City
from tocsin.config import Installation
from tocsin.messages import text
from tocsin.people import Person

LINES_SHOWN: Final = 12


class Coverer(msgspec.Struct, frozen=True, eq=False):
    """Covers for a city's deliveries; without ``public_url`` no link can be given."""

    city: City
    persons: dict[str, Person]  # by receiver
    public_url: str
    secret: bytes

    def cover(self, delivery: Delivery) -> Delivery:
        """The delivery as it leaves."""
        link = self._link(delivery)
        mark = text(delivery.locale, "dispatch-exercise") if delivery.is_exercise else ""
        label = text(delivery.locale, "dispatch-answer") if link else ""
        cover = Cover(title=self._title(delivery), mark=mark, link=link, link_label=label)
        return msgspec.structs.replace(delivery, cover=cover)

    def digest_lines(self, members: Sequence[Delivery], locale: str) -> tuple[str, ...]:
        """How many messages stand here, then the newest line of each hotspot, gravest first."""
        newest = {(one.unit, one.thread): one for one in members}
        gravest = sorted(newest.values(), key=lambda one: (-one.rank, -one.seq, one.key))
        units = len({one.unit for one in members})
        head = text(locale, "dispatch-digest", count=len(members), units=units)
        lines = [one.texts[-1] for one in gravest[:LINES_SHOWN] if one.texts]
        hidden = len(gravest) - len(lines)
        return (head, *lines, *([text(locale, "dispatch-digest-more", count=hidden)] if hidden > 0 else []))

    def _title(self, delivery: Delivery) -> str:
        """Rank and place, as a subject line has room for; a drill and an update say so."""
        locale = delivery.locale
        if delivery.members:
            rank = text(locale, f"rank-{delivery.rank}")
            title = text(locale, "dispatch-title-digest", count=len(delivery.members), rank=rank)
        else:
            unit = self.city.gazetteer.unit(delivery.unit).name(locale)
            title = text(locale, "dispatch-title", standing=self._standing(delivery), unit=unit)
            if delivery.alerts and self.city.taxonomy.index(delivery.alerts[0].category) >= 0:
                name = self.city.taxonomy.category(delivery.alerts[0].category).name(locale)
                title = text(locale, "dispatch-title-about", title=title, category=name)
        if delivery.number:
            title = text(locale, "dispatch-title-update", title=title, number=delivery.number)
        return text(locale, "dispatch-title-exercise", title=title) if delivery.is_exercise else title

    def _standing(self, delivery: Delivery) -> str:
        """The rank in force behind the last entry, else the mode."""
        after = last_standing(delivery)
        if after is None:
            return text(delivery.locale, f"rank-{delivery.rank}")
        level = after.response or after.rank
        key = f"rank-{level}" if level > CALM else f"mode-{after.mode.lower()}"
        return text(delivery.locale, key)

    def _link(self, delivery: Delivery) -> str:
        """Where the receiver's person answers for the unit; "" if they may not, or nobody is asked."""
        person = self.persons.get(delivery.receiver)
        if not self.public_url or person is None or not delivery.entries:
            return ""
        if not self.city.units.is_within(delivery.unit, person.unit):
            return ""
        token = answer_links.token(answer_links.claim_of(delivery), self.secret)
        return f"{self.public_url.rstrip('/')}{answer_links.PATH}{token}"


def sending(installation: Installation, secret: bytes) -> Sending:
    """How a city's deliveries leave."""
    receivers = installation.city.routes.receivers
    people = {person.id: person for person in installation.people.person}
    persons = {r.id: people[r.person] for r in receivers if r.person in people}
    coverer = Coverer(installation.city, persons, installation.server.public_url, secret)
    paced = frozenset(receiver.id for receiver in receivers if receiver.gets_few)
    return Sending(coverer.cover, Pacing(paced, coverer.digest_lines))
