"""Chats through Apprise's own json:// service, at a local receiver."""

import contextlib
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from alerting.deliveries import Cover
from alerting.delivery_log import Answer
from alerting.notifiers.chat import MEMORY_BYTES, TIMEOUT_SECONDS, ChatNotifier
from tests.alerting.notifiers.made import channel, delivery
from tests.parts.receiver import Receiver, receiver

Make = Callable[..., ChatNotifier]


@pytest.fixture(scope="module")
def chat() -> Iterator[Receiver]:
    with receiver() as found:
        yield found


@pytest.fixture
def notifier(chat: Receiver) -> Iterator[Callable[..., ChatNotifier]]:
    made: list[ChatNotifier] = []

    def make(chat: Receiver, path: str, seconds: float = TIMEOUT_SECONDS) -> ChatNotifier:
        made.append(ChatNotifier(channel(f"{chat.url.replace('http', 'json')}{path}?rto=2&cto=2"), seconds))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_a_chat_gets_title_lines_link_and_the_key_by_which_a_repeat_is_seen(
    chat: Receiver, notifier: Make
) -> None:
    assert notifier(chat, "/200").send(delivery(1)).is_accepted
    said = chat.posts[-1].said
    assert said["title"] == "III 级，磨坊街道" and said["type"] == "info"
    assert "磨坊街道：预警，III 级黄色。<b>" in said["message"] and "/answer/x?a=1&b=2" in said["message"]
    assert f"#{delivery(1).key[:12]}" in said["message"]


def test_a_grave_rank_is_a_warning_and_a_drill_says_so(chat: Receiver, notifier: Make) -> None:
    cover = Cover(title="EXERCISE: II", mark="EXERCISE. Nothing of this is real.")
    assert notifier(chat, "/200").send(delivery(2, rank=4, is_exercise=True, cover=cover)).is_accepted
    said = chat.posts[-1].said
    assert said["type"] == "warning" and said["message"].startswith("EXERCISE. Nothing of this is real.")


@pytest.mark.parametrize("path", ["/500", "/404", "/302"])
def test_what_the_service_does_not_accept_is_tried_again_and_no_redirect_is_followed(
    chat: Receiver, notifier: Make, path: str
) -> None:
    before = len(chat.posts)
    answer = notifier(chat, path).send(delivery(3))
    assert not answer.is_accepted and answer.should_retry
    assert [post.path for post in chat.posts[before:]] == [path]


def test_a_service_that_is_not_there_is_tried_again() -> None:
    with contextlib.closing(ChatNotifier(channel("json://127.0.0.1:9/x?cto=1&rto=1"))) as made:
        answer = made.send(delivery(4))
    assert not answer.is_accepted and answer.should_retry


@pytest.mark.parametrize("path", ["/200/drip", "/200/trickle", "/200/hang"])
def test_a_service_that_comes_to_no_end_is_left_and_the_next_message_goes_out(
    chat: Receiver, notifier: Make, path: str
) -> None:
    slow = notifier(chat, path, 1.5)
    answer = slow.send(delivery(5))
    assert answer == Answer(False, should_retry=True, detail="the chat service came to no end in 1.5 s")
    again = slow.send(delivery(6))
    assert again == answer, "it is asked anew each time"
    assert [post.path for post in chat.posts[-2:]] == [path, path]


def test_an_answer_without_end_costs_no_more_memory_than_it_may(chat: Receiver, notifier: Make) -> None:
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss  # of whatever ran here before
    answer = notifier(chat, "/200/endless").send(delivery(7))
    assert not answer.is_accepted and answer.should_retry
    after = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    assert after * 1024 <= max(before * 1024, MEMORY_BYTES)


def test_the_address_is_in_no_list_of_processes_and_the_child_ends_when_it_is_let_go(
    chat: Receiver, notifier: Make
) -> None:
    made = notifier(chat, "/200")
    assert made.send(delivery(8)).is_accepted
    child = made._child
    assert child is not None and child.poll() is None
    assert b"127.0.0.1" not in Path(f"/proc/{child.pid}/cmdline").read_bytes()
    assert child.stdin is not None
    child.stdin.close()
    assert child.wait(60) == 0, "as when whoever asked is gone"
    assert made.send(delivery(9)).is_accepted, "and the next message has another"


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSEGV])
def test_a_child_that_dies_of_something_else_says_so_and_the_message_is_tried_again(
    chat: Receiver, notifier: Make, how: signal.Signals
) -> None:
    made, before = notifier(chat, "/200/hang"), len(chat.posts)
    killer = threading.Thread(target=lambda: _kill(chat, before, made, how))
    killer.start()
    answer = made.send(delivery(10))
    killer.join()
    assert not answer.is_accepted and answer.should_retry
    assert (
        answer.detail == f"the chat service was not heard: the process that speaks to it ended by {how.name}"
    )


def _kill(chat: Receiver, before: int, made: ChatNotifier, how: signal.Signals) -> None:
    """End the child while the service has its message and says nothing."""
    while len(chat.posts) == before:
        time.sleep(0.01)
    assert made._child is not None
    made._child.send_signal(how)


def test_a_child_that_is_gone_when_it_is_written_to_has_a_successor(
    chat: Receiver, notifier: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = notifier(chat, "/200")
    assert made.send(delivery(11)).is_accepted
    child, before = made._child, len(chat.posts)
    assert child is not None
    monkeypatch.setattr(child, "poll", lambda: child.returncode)  # it dies behind the last look at it
    os.kill(child.pid, signal.SIGKILL)
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert made.send(delivery(12)).is_accepted
    assert made._child is not child and len(chat.posts) == before + 1


def test_a_child_that_ends_for_want_of_work_just_when_there_is_some_has_a_successor(
    chat: Receiver, notifier: Make
) -> None:
    made, before = notifier(chat, "/200"), len(chat.posts)
    unread = "import select, sys; select.select([sys.stdin], [], [])"
    made._child = subprocess.Popen(
        [sys.executable, "-c", unread], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert made.send(delivery(13)).is_accepted
    assert len(chat.posts) == before + 1
