"""What a sender says that its bytes are: ours may not be claimed, or a stranger could make data late."""

from types import SimpleNamespace

import pytest

from streams.connect.mqtt import MqttSource
from streams.connect.refusals import REFUSED, claimed
from streams.connect.settings import MqttTopic
from tocsin.raw import NOT_KEPT, TICK


@pytest.mark.parametrize("kind", [TICK, TICK.upper(), f" {TICK};v=1", NOT_KEPT, f"{REFUSED};reason=late", ""])
def test_ours_and_none_are_what_the_topic_is(kind):
    assert claimed(kind, "text/csv") == "text/csv"


def test_others_are_what_they_say():
    assert claimed("Application/JSON; charset=utf-8", "text/csv") == "application/json"


def test_a_tick_by_mqtt_is_read_as_the_topic_is():
    topic = MqttTopic(filter="a/#", feed="calls")
    source = object.__new__(MqttSource)
    message = SimpleNamespace(payload=b"x", topic="a/b", properties=SimpleNamespace(ContentType=TICK))
    assert source._payload(message, topic) == (b"x", topic.content_type)
