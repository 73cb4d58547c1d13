"""Ports that tests give to their servers: never one for two, though neither listens yet."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.parts import kafka

HOLDS = """
import sys
from tests.parts.kafka import reserve
try:
    reserve(int(sys.argv[1]))
except BlockingIOError:
    print("taken", flush=True)
else:
    print("mine", flush=True)
sys.stdin.read()
"""


def other(port: int) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(port)], cwd=Path(__file__).parents[1], text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip


def said(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_a_port_is_one_processs_until_that_has_ended() -> None:
    (port,) = kafka.free_ports(1)
    with other(port) as stranger:
        assert said(stranger) == "taken"
        assert stranger.stdin is not None
        stranger.stdin.close()
    with other(1) as first, other(1) as second:  # no test's port
        answers = [said(first), said(second)]
        first.communicate()
        second.communicate()
    assert sorted(answers) == ["mine", "taken"]
    with other(1) as third:
        assert said(third) == "mine"
        third.communicate()


def test_no_port_is_given_away_twice() -> None:
    (port,) = kafka.free_ports(1)
    with pytest.raises(BlockingIOError):
        kafka.reserve(port)
    assert len(set(kafka.free_ports(20))) == 20
