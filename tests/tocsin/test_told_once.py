"""Killed at any instant, whoever reads through a channel has every message, and knows a repeat by its key."""

import json
import random
import re
import sys
from pathlib import Path

import pytest

from tests.parts.mail_server import mail_server
from tests.parts.receiver import receiver
from tests.tocsin import told_once
from tests.tocsin.killed_child import run_child
from tocsin.outbox import Outbox
from tocsin.store import Store

KILLS = 8
ROOT = Path(__file__).parents[2]


def is_done(arguments: list[str], life_seconds: float | None) -> bool:
    """Whether the real process came to its end."""
    command = [sys.executable, "-m", "tests.tocsin.told_once", *arguments]
    return run_child(command, life_seconds) == b"done\n"


def kill_and_finish(arguments: list[str]) -> int:
    """Kill it again and again, then let it finish; how often it was killed."""
    rng = random.Random(20250301)
    kills = 0
    while kills < KILLS and not is_done(arguments, rng.uniform(0, 4 * told_once.PAUSE_SECONDS)):
        kills += 1
    assert is_done(arguments, None)
    return kills


def check(taken: list[str], members: dict[str, list[str]]) -> None:
    """Every key reached the receiver, alone or in one digest, and never both ways."""
    distinct = list(dict.fromkeys(taken))
    reached = [key for one in distinct for key in (members[one] or [one])]
    assert sorted(reached) == sorted(told_once.one(n).key for n in range(told_once.COUNT))


def members_of(folder: Path) -> dict[str, list[str]]:
    with Store.open(folder) as store:
        logged = Outbox(store).entries(9_999)
    assert {one.state for one in logged} <= {"delivered", "bundled"}
    return {one.delivery.key: list(one.delivery.members) for one in logged}


@pytest.mark.parametrize("kind", ["webhook", "chat"])
def test_over_http(tmp_path: Path, kind: str) -> None:
    with receiver() as hook:
        address = f"{hook.url}/200" if kind == "webhook" else f"{hook.url.replace('http', 'json')}/200"
        assert kill_and_finish([kind, address, str(tmp_path)]) >= 3
        posts = hook.posts
    members = members_of(tmp_path)
    if kind == "webhook":
        check([post.headers["idempotency-key"] for post in posts], members)
        return
    short = {key[:12]: key for key in members}
    check([short[re.search(r"#(\w{12})", post.said["message"])[1]] for post in posts], members)


def test_by_mail(tmp_path: Path) -> None:
    with mail_server(tmp_path) as (mailbox, port, certificate):
        arguments = ["mail", "li@city.example", str(tmp_path / "data"), str(certificate), str(port)]
        assert kill_and_finish(arguments) >= 3
        taken = mailbox.keys
    members = members_of(tmp_path / "data")
    check(taken, members)
    assert any(members.values()), "there was a digest"


@pytest.mark.parametrize("kind", ["file", "cap"])
def test_on_disk(tmp_path: Path, kind: str) -> None:
    address = tmp_path / ("out.jsonl" if kind == "file" else "cap")
    assert kill_and_finish([kind, str(address), str(tmp_path / "data")]) >= 3
    members = members_of(tmp_path / "data")
    if kind == "file":
        taken = [json.loads(line)["key"] for line in address.read_text().splitlines()]
    else:
        records = json.loads((address / "index.json").read_text())
        taken = [record["key"] for record in records]
        documents = {path.stem for path in address.glob("tocsin-*.xml")}
        assert documents == {record["identifier"] for record in records}
    assert len(taken) == len(set(taken)), "written twice"
    check(taken, members)
