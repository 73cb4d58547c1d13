"""Chats through Apprise's own json:// service, at a local receiver."""

from collections.abc import Iterator

import pytest

from alerting.deliveries import Cover
from alerting.notifiers.chat import ChatNotifier
from tests.alerting.notifiers.made import channel, delivery
from tests.parts.receiver import Receiver, receiver


@pytest.fixture(scope="module")
def chat() -> Iterator[Receiver]:
    with receiver() as found:
        yield found


def notifier(chat: Receiver, path: str) -> ChatNotifier:
    return ChatNotifier(channel(f"{chat.url.replace('http', 'json')}{path}?rto=2&cto=2"))


def test_a_chat_gets_title_lines_link_and_the_key_by_which_a_repeat_is_seen(chat: Receiver) -> None:
    assert notifier(chat, "/200").send(delivery(1)).is_accepted
    said = chat.posts[-1].said
    assert said["title"] == "III 级，磨坊街道" and said["type"] == "info"
    assert "磨坊街道：预警，III 级黄色。<b>" in said["message"] and "/answer/x?a=1&b=2" in said["message"]
    assert f"#{delivery(1).key[:12]}" in said["message"]


def test_a_grave_rank_is_a_warning_and_a_drill_says_so(chat: Receiver) -> None:
    cover = Cover(title="EXERCISE: II", mark="EXERCISE. Nothing of this is real.")
    assert notifier(chat, "/200").send(delivery(2, rank=4, is_exercise=True, cover=cover)).is_accepted
    said = chat.posts[-1].said
    assert said["type"] == "warning" and said["message"].startswith("EXERCISE. Nothing of this is real.")


@pytest.mark.parametrize("path", ["/500", "/404", "/302"])
def test_what_the_service_does_not_accept_is_tried_again_and_no_redirect_is_followed(
    chat: Receiver, path: str
) -> None:
    before = len(chat.posts)
    answer = notifier(chat, path).send(delivery(3))
    assert not answer.is_accepted and answer.should_retry
    assert [post.path for post in chat.posts[before:]] == [path]


def test_a_service_that_is_not_there_is_tried_again() -> None:
    answer = ChatNotifier(channel("json://127.0.0.1:9/x?cto=1&rto=1")).send(delivery(4))
    assert not answer.is_accepted and answer.should_retry
