"""Posts are signed so that the snippet of the documentation can verify them, and nothing else passes."""

import contextlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from alerting.notifiers.webhook import WebhookNotifier
from tests.alerting.notifiers.made import AT, channel, delivery
from tests.parts.receiver import Receiver, receiver

SECRET = b"a secret of the test"
PAGE = Path(__file__).parents[3] / "docs" / "dispatch.md"


@pytest.fixture(scope="module")
def hook() -> Iterator[Receiver]:
    with receiver() as found:
        yield found


@pytest.fixture(scope="module")
def is_ours() -> Callable[..., bool]:
    """The function that docs/dispatch.md offers to receivers, as it stands there."""
    snippet = re.search(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)
    assert snippet is not None
    space: dict[str, Callable[..., bool]] = {}
    exec(snippet[1], space)
    return space["is_ours"]


def test_the_documented_snippet_verifies_what_was_posted(
    hook: Receiver, is_ours: Callable[..., bool]
) -> None:
    made = WebhookNotifier.over(channel(f"{hook.url}/200", secret=SECRET))
    with contextlib.closing(made) as notifier:
        assert notifier.send(delivery()).is_accepted
    headers, body = hook.posts[-1].headers, hook.posts[-1].body
    assert headers["tocsin-timestamp"] == str(AT) and headers["idempotency-key"] == delivery().key
    assert is_ours(SECRET, headers, body, now=AT + 299) and is_ours(SECRET, headers, body, now=AT - 299)
    assert not is_ours(SECRET, headers, body, now=AT + 301), "an old post may be a replay"
    assert not is_ours(SECRET, headers, body + b" ", now=AT)
    assert not is_ours(b"another secret", headers, body, now=AT)
    assert not is_ours(SECRET, {**headers, "tocsin-timestamp": str(AT + 1)}, body, now=AT)
    assert not is_ours(SECRET, {}, body, now=AT)


def test_without_a_secret_nothing_pretends_to_be_signed(hook: Receiver) -> None:
    with contextlib.closing(WebhookNotifier.over(channel(f"{hook.url}/200"))) as notifier:
        assert notifier.send(delivery()).is_accepted
    assert not {"tocsin-signature", "tocsin-timestamp"} & hook.posts[-1].headers.keys()


def test_a_gigabyte_of_answer_is_not_read(hook: Receiver) -> None:
    with contextlib.closing(WebhookNotifier(f"{hook.url}/200/endless")) as notifier:
        assert notifier.send(delivery()).is_accepted and notifier.send(delivery(1)).is_accepted


def test_an_answer_that_drips_has_as_long_as_one_that_hangs(hook: Receiver) -> None:
    with contextlib.closing(WebhookNotifier(f"{hook.url}/200/trickle", timeout_seconds=1.5)) as notifier:
        answer = notifier.send(delivery())
    assert not answer.is_accepted and answer.should_retry and "ReadTimeout" in answer.detail


def test_what_was_answered_counts_though_its_body_drips(hook: Receiver) -> None:
    with contextlib.closing(WebhookNotifier(f"{hook.url}/200/drip", timeout_seconds=1.5)) as notifier:
        assert notifier.send(delivery()).is_accepted and notifier.send(delivery(1)).is_accepted
    assert [post.path for post in hook.posts[-2:]] == ["/200/drip"] * 2
