"""Mail through a real SMTP server: one message a key, threads, both bodies, and servers that misbehave."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from alerting.channels import MailServer
from alerting.deliveries import Cover
from alerting.notifiers.mail import MailNotifier
from tests.alerting.notifiers.made import channel, delivery
from tests.parts.mail_server import PASSWORD, USER, Mailbox, mail_server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Mailbox, int, Path]]:
    with mail_server(tmp_path_factory.mktemp("mail")) as found:
        yield found


def notifier(server: tuple[Mailbox, int, Path], to: str = "li@city.example", **changes: Any) -> MailNotifier:
    _, port, certificate = server
    facts: dict[str, Any] = {
        "host": "127.0.0.1", "port": port, "ca_file": str(certificate), "sender": "tocsin@city.example",
        "user": USER, "timeout_seconds": 5.0,
    }  # fmt: skip
    password = changes.pop("password", PASSWORD)
    return MailNotifier(channel(to, mail=MailServer(**{**facts, **changes}), password=password))


def test_a_delivery_is_a_mail_in_both_forms_and_says_what_it_is(server: tuple[Mailbox, int, Path]) -> None:
    sent = delivery(1)
    assert notifier(server).send(sent).is_accepted
    mail = server[0].taken[-1]
    assert mail["Subject"] == "III 级，磨坊街道" and mail["To"] == "li@city.example"
    assert mail["Message-ID"] == f"<{sent.key}@city.example>" and mail["In-Reply-To"] is None
    assert mail["Tocsin-Status"] == "Actual" and mail["Auto-Submitted"] == "auto-generated"
    assert mail["Content-Language"] == "zh-CN" and "Sat, 01 Mar 2025" in mail["Date"]
    plain, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain is not None and html is not None
    assert "磨坊街道：预警，III 级黄色。" in plain.get_content()
    assert "签收:\r\nhttp://127.0.0.1/answer/x?a=1&b=2" in plain.get_content()
    assert (
        "&lt;b&gt;" in html.get_content()
        and 'href="http://127.0.0.1/answer/x?a=1&amp;b=2"' in html.get_content()
    )


def test_a_second_try_is_the_same_message_to_the_byte(server: tuple[Mailbox, int, Path]) -> None:
    server[0].refusals = ["451 come back later"]
    first = notifier(server).send(delivery(2))
    assert not first.is_accepted and first.should_retry and "451" in first.detail
    assert notifier(server).send(delivery(2)).is_accepted and notifier(server).send(delivery(2)).is_accepted
    one, other = server[0].taken[-2:]
    parts = [[part.get_content() for part in mail.iter_parts()] for mail in (one, other)]
    assert parts[0] == parts[1] and one["Message-ID"] == other["Message-ID"] and one["Date"] == other["Date"]


def test_an_update_answers_the_message_before_and_names_the_first(server: tuple[Mailbox, int, Path]) -> None:
    update = msgspec.structs.replace(delivery(3), number=2, first="a" * 32, earlier="b" * 32)
    assert notifier(server).send(update).is_accepted
    mail = server[0].taken[-1]
    assert mail["In-Reply-To"] == f"<{'b' * 32}@city.example>"
    assert mail["References"].split() == [f"<{'a' * 32}@city.example>", f"<{'b' * 32}@city.example>"]


def test_a_drill_is_marked_in_head_and_body(server: tuple[Mailbox, int, Path]) -> None:
    cover = Cover(title="【演练】III 级", mark="演练，并非真实情况。")
    assert notifier(server).send(delivery(4, is_exercise=True, cover=cover)).is_accepted
    mail = server[0].taken[-1]
    assert mail["Tocsin-Status"] == "Exercise" and mail["Subject"].startswith("【演练】")
    for kind in ("plain", "html"):
        body = mail.get_body((kind,))
        assert body is not None and "演练，并非真实情况。" in body.get_content()


def test_a_title_of_several_lines_adds_no_header(server: tuple[Mailbox, int, Path]) -> None:
    cover = Cover(title="III\r\nBcc: all@city.example")
    assert notifier(server).send(delivery(5, cover=cover)).is_accepted
    assert server[0].taken[-1]["Bcc"] is None


@pytest.mark.parametrize(
    ("refusal", "should_retry"), [("550 not this", False), ("554 never", False), ("452 full", True)]
)
def test_what_the_server_refuses_for_good_is_not_tried_again(
    server: tuple[Mailbox, int, Path], refusal: str, should_retry: bool
) -> None:
    server[0].refusals = [refusal]
    answer = notifier(server).send(delivery(6))
    assert not answer.is_accepted and answer.should_retry == should_retry and refusal in answer.detail


def test_an_unknown_mailbox_is_refused_for_good(server: tuple[Mailbox, int, Path]) -> None:
    answer = notifier(server, "nobody@city.example").send(delivery(7))
    assert not answer.is_accepted and not answer.should_retry and "550" in answer.detail


@pytest.mark.parametrize(
    ("changes", "detail"),
    [
        ({"password": "wrong"}, "SMTPAuthenticationError"),
        ({"ca_file": ""}, "CERTIFICATE_VERIFY_FAILED"),
        ({"port": 9}, "Connection refused"),
    ],
)
def test_what_a_person_can_mend_is_tried_again_and_nothing_goes_in_clear(
    server: tuple[Mailbox, int, Path], changes: dict[str, Any], detail: str
) -> None:
    before = server[0].tries
    answer = notifier(server, **changes).send(delivery(8))
    assert not answer.is_accepted and answer.should_retry and detail in answer.detail
    assert server[0].tries == before and PASSWORD not in answer.detail


@contextlib.contextmanager
def rude(greeting: bytes) -> Iterator[int]:
    """A server that says ``greeting`` again and again, or nothing."""
    listening = socket.create_server(("127.0.0.1", 0))

    def run() -> None:
        with contextlib.suppress(OSError):
            connection, _ = listening.accept()
            with connection:
                while greeting:
                    connection.sendall(greeting * 100)
                connection.recv(1)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield listening.getsockname()[1]
    finally:
        listening.close()
        thread.join(10)


@pytest.mark.parametrize(
    ("greeting", "detail"), [(b"220-and so on\r\n", "do not end"), (b"x" * 9_000, ""), (b"", "timed out")]
)
def test_a_server_that_talks_for_ever_or_not_at_all_holds_up_nothing(
    server: tuple[Mailbox, int, Path], greeting: bytes, detail: str
) -> None:
    with rude(greeting) as port:
        answer = notifier(server, port=port, timeout_seconds=0.5).send(delivery(9))
    assert not answer.is_accepted and answer.should_retry and detail in answer.detail


def test_a_server_without_tls_is_told_nothing(tmp_path: Path) -> None:
    said: list[bytes] = []
    listening = socket.create_server(("127.0.0.1", 0))

    def run() -> None:
        connection, _ = listening.accept()
        with connection, connection.makefile("rwb") as lines:
            lines.write(b"220 plain\r\n")
            lines.flush()
            for line in lines:
                said.append(line)
                lines.write(b"250 plain\r\n")
                lines.flush()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    settings = MailServer(host="127.0.0.1", port=listening.getsockname()[1], sender="t@x", user=USER)
    answer = MailNotifier(channel("li@x", mail=settings, password=PASSWORD)).send(delivery(10))
    thread.join(10)
    listening.close()
    assert answer.should_retry and "STARTTLS" in answer.detail
    assert not [line for line in said if not line.lower().startswith((b"ehlo", b"quit", b"helo"))]
