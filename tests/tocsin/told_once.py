"""The child that the test of channels kills: sends a hundred deliveries through one kind of notifier.

``python told_once.py KIND ADDRESS FOLDER [CERTIFICATE PORT]``; says ``open`` when it begins and ``done`` when
nothing is pending.
"""

import sys
import time
from pathlib import Path

import msgspec

from alerting.channels import CapPublisher, MailServer
from alerting.digests import Pacing
from alerting.dispatcher import Dispatcher, Sending
from alerting.notifiers.registry import notifiers
from alerting.routing import Receiver, Routing
from tests.alerting.notifiers.made import delivery
from tests.parts.mail_server import PASSWORD, USER
from tests.tocsin.told_words import WORDS
from tocsin.outbox import Outbox
from tocsin.store import Store

COUNT = 60
PAUSE_SECONDS = 0.02  # between messages, so that no machine is done before it was killed


def main(kind: str, address: str, folder: str, certificate: str = "", port: str = "0") -> None:
    routing = Routing(
        receivers=(Receiver(id="li", notifier=kind, **_address(kind, address)),),
        mail=MailServer(
            host="127.0.0.1", port=int(port), ca_file=certificate, sender="tocsin@city.example", user=USER,
            password_env="PASSWORD",
        ),
        cap=CapPublisher(sender="t.example"),
    )  # fmt: skip
    given = {"ADDRESS": address, "PASSWORD": PASSWORD}
    with Store.open(Path(folder)) as store:
        outbox = Outbox(store)
        made = notifiers(routing, lambda: 0, wording=lambda _: WORDS, environment=given)
        clock = int(time.monotonic())
        paced = Sending(pacing=Pacing(frozenset({"li"} if kind == "mail" else ())))
        dispatcher = Dispatcher(outbox, made, lambda: clock, sending=paced)
        print("open", flush=True)
        while outbox.cursor() < COUNT:
            start = outbox.cursor()
            outbox.plan([one(n) for n in range(start, start + 4)], start + 4)
            dispatcher.send_due()
            time.sleep(PAUSE_SECONDS)
        while outbox.next_due_at() is not None:
            clock += 400
            dispatcher.send_due()
    print("done", flush=True)


def one(number: int):
    """The ``number``-th delivery, each of a hotspot of its own."""
    made = delivery(number)
    entry = {**made.entries[0], "hash": f"{number:064x}"}
    return msgspec.structs.replace(made, entries=(entry,), thread=f"f{number}")


def _address(kind: str, address: str) -> dict[str, str]:
    return {"to_env": "ADDRESS"} if kind == "chat" else {"to": address}


if __name__ == "__main__":
    main(*sys.argv[1:])
