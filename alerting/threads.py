"""Messages about one hotspot: the first, and what follows it as updates."""

import msgspec

from alerting.deliveries import Delivery


class Thread(msgspec.Struct, frozen=True):
    """How far one receiver's conversation about one hotspot has come: keys of its ends, and its length."""

    first: str
    last: str
    count: int


def name_of(delivery: Delivery) -> tuple[str, str] | None:
    """Receiver and thread of a delivery; None where it stands alone. A drill's thread is its own."""
    if not delivery.thread:
        return None
    return delivery.receiver, f"exercise {delivery.thread}" if delivery.is_exercise else delivery.thread


def placed(delivery: Delivery, known: Thread | None) -> tuple[Delivery, Thread]:
    """The delivery at the end of its thread, and the thread behind it."""
    if known is None:
        return delivery, Thread(delivery.key, delivery.key, 1)
    reply = msgspec.structs.replace(delivery, number=known.count, first=known.first, earlier=known.last)
    return reply, Thread(known.first, delivery.key, known.count + 1)


def carried(known: Thread, digest: Delivery) -> Thread:
    """The thread when a digest carries some of its messages: what follows answers what the receiver has."""
    first, last = (digest.key if key in digest.members else key for key in (known.first, known.last))
    return Thread(first, last, known.count)
