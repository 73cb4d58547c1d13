"""What a foreign topic's source says before it reads anything."""

import pytest

from streams.connect.kafka import KafkaSource
from streams.connect.settings import KafkaSourceConfig
from streams.errors import ConfigError


@pytest.mark.parametrize(
    ("facts", "key"),
    [
        ({"username": "reader", "password_file": "nowhere"}, "password_file"),
        ({"tls": True, "ca_file": "nowhere"}, "ca_file"),
    ],
)
def test_a_secret_that_cannot_be_read_is_looked_for_in_its_own_table(facts, key):
    config = KafkaSourceConfig(servers="127.0.0.1:9", topic="calls", feed="hotline", **facts)
    with pytest.raises(ConfigError) as refused:
        KafkaSource(config, None, lambda: 0, None)
    assert str(refused.value).startswith(f"tocsin.toml: kafka_source.{key}: ")
