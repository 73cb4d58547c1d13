"""The notifiers of files and webhooks, and how they are made."""

import contextlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import pytest

from alerting.channels import CapPublisher, MailServer
from alerting.delivery_log import Answer
from alerting.notifiers.contract import Notifier
from alerting.notifiers.file import FileNotifier
from alerting.notifiers.registry import NOTIFIERS, notifiers
from alerting.notifiers.webhook import WebhookNotifier
from alerting.routing import (
    Receiver,
    Routing,
)
from streams.errors import ConfigError
from tests.alerting.test_deliveries import delivery


def test_the_file_notifier_repeats_no_key_and_mends_a_torn_line(tmp_path: Path) -> None:
    path = tmp_path / "sub" / "out.jsonl"
    notifier = FileNotifier(str(path))
    assert notifier.send(delivery(0)) == notifier.send(delivery(0)) == Answer(True)
    notifier.close()
    whole = path.read_bytes()
    path.write_bytes(whole + b"a note by hand\n" + whole[: len(whole) // 2])
    again = FileNotifier(str(path))
    again.send(delivery(0))
    again.send(delivery(1))
    lines = path.read_text().splitlines()
    assert [json.loads(line)["seq"] for line in (lines[0], lines[2])] == [0, 1] and len(lines) == 3
    assert "煤气味" in lines[0]


def test_a_file_that_cannot_be_written_is_tried_again(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    answer = FileNotifier(str(tmp_path / "file" / "out.jsonl")).send(delivery())
    assert not answer.is_accepted and answer.should_retry and "out.jsonl" in answer.detail


class Hook(BaseHTTPRequestHandler):
    """Answers by path; remembers what was posted."""

    posts: ClassVar[list[tuple[str, str, dict[str, Any]]]] = []
    release: ClassVar[threading.Event] = threading.Event()

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.posts.append((self.path, self.headers["idempotency-key"], body))
        if self.path == "/hang":
            self.release.wait()
            return
        self.send_response(int(self.path.strip("/").split("/")[0]))
        self.send_header("location", "/200")
        self.send_header("content-length", "1000000000" if "endless" in self.path else "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="module")
def hook() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        Hook.release.set()
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize(
    ("path", "is_accepted", "should_retry", "detail"),
    [
        ("/200", True, False, "HTTP 200"),
        ("/204", True, False, "HTTP 204"),
        ("/200/endless", True, False, "HTTP 200"),
        ("/302", False, False, "redirects are not followed"),
        ("/307", False, False, "redirects are not followed"),
        ("/400", False, False, "HTTP 400"),
        ("/404", False, False, "HTTP 404"),
        ("/429", False, True, "HTTP 429"),
        ("/500", False, True, "HTTP 500"),
        ("/503", False, True, "HTTP 503"),
        ("/hang", False, True, "ReadTimeout"),
    ],
)
def test_a_webhook_says_whether_to_try_again(
    hook: str, path: str, is_accepted: bool, should_retry: bool, detail: str
) -> None:
    with contextlib.closing(WebhookNotifier(hook + path, timeout_seconds=0.2)) as notifier:
        answer = notifier.send(delivery(7))
    assert (answer.is_accepted, answer.should_retry) == (
        is_accepted,
        should_retry,
    ) and detail in answer.detail
    posted, key, body = Hook.posts[-1]
    assert (posted, key) == (path, delivery(7).key), "nothing followed a redirect"
    assert body == json.loads(msgspec.json.encode(delivery(7)))


def test_a_webhook_that_nobody_serves_is_tried_again() -> None:
    with contextlib.closing(WebhookNotifier("http://127.0.0.1:9/x", timeout_seconds=0.5)) as notifier:
        assert notifier.send(delivery()).should_retry


def test_notifiers_come_from_the_registry(tmp_path: Path) -> None:
    assert list(NOTIFIERS) == ["file", "webhook", "mail", "chat", "cap"]
    made = made_of(Receiver(id="a", notifier="file", to=str(tmp_path / "a")))
    assert isinstance(made["a"], FileNotifier)


def made_of(receiver: Receiver, **shared: Any) -> dict[str, Notifier]:
    return notifiers(Routing(receivers=(receiver,), **shared), lambda: 0, environment={"SHORT": "x://y"})


@pytest.mark.parametrize(
    ("facts", "shared", "sentence"),
    [
        ({"notifier": "pigeon", "to": "roof"}, {}, "use one of file, webhook"),
        ({"notifier": "webhook", "to": "ftp://x"}, {}, "no http or https URL"),
        ({"notifier": "webhook", "to": "https://li:secret@x"}, {}, "holds a name or a password"),
        ({"notifier": "webhook"}, {}, "name one address"),
        ({"notifier": "webhook", "to": "https://x", "to_env": "SHORT"}, {}, "name one address"),
        ({"notifier": "webhook", "to": "https://x", "secret_env": "GONE"}, {}, "GONE is not set"),
        ({"notifier": "webhook", "to": "https://x", "secret_file": "gone"}, {}, "No such file"),
        (
            {"notifier": "webhook", "to": "https://x", "secret_file": "a", "secret_env": "b"},
            {},
            "keep one of the two",
        ),
        ({"notifier": "chat", "to": "json://x"}, {}, "a chat's address is a secret"),
        ({"notifier": "chat", "to_env": "SHORT"}, {}, "no address that Apprise knows"),
        ({"notifier": "mail", "to": "li@city.example"}, {}, "add [mail]"),
        (
            {"notifier": "mail", "to": "li@city.example"},
            {"mail": MailServer(host="mx.example", sender="t@x", security="none")},
            "would hear it in clear",
        ),
        (
            {"notifier": "mail", "to": "li@city.example"},
            {"mail": MailServer(host="mx.example", sender="t@x", user="t")},
            "user t has no password",
        ),
        (
            {"notifier": "mail", "to": "Li <li@city.example>"},
            {"mail": MailServer(host="mx.example", sender="t@x")},
            "is no mail address",
        ),
        ({"notifier": "cap", "to": "cap"}, {}, "cannot be a CAP sender"),
        ({"notifier": "cap", "to": "cap"}, {"cap": CapPublisher(sender="a b")}, "cannot be a CAP sender"),
    ],
)
def test_a_receiver_that_cannot_work_is_refused_in_a_sentence(
    facts: dict[str, Any], shared: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ConfigError) as raised:
        made_of(Receiver(id="a", **facts), **shared)
    assert sentence in str(raised.value) and "secret@" not in str(raised.value)
