"""The stream: one message when the ledger grows, beats between, ids are offsets, an end with its reader."""

import asyncio
import json

import pytest
from invented_source import InventedSource

from tocsin.console.changes import Changes
from tocsin.console.stream import events, first_offset


def listen(source, last="", messages=3, act=None, beat=0.01):
    async def go():
        heard = []

        async def is_gone():
            return len(heard) >= messages

        async for text in events(source, last, is_gone, beat):
            heard.append(text)
            if act:
                act(len(heard))
        return heard

    return asyncio.run(go())


def parsed(message):
    fields = dict(line.split(": ", 1) for line in message.strip().splitlines())
    return fields["event"], int(fields["id"]), json.loads(fields["data"])


def test_beats_carry_the_citys_time_and_the_offset():
    source = InventedSource()
    retry, *beats = listen(source)
    assert retry == "retry: 1000\n\n"
    for event, offset, data in map(parsed, beats):
        assert (event, offset) == ("beat", source.view.offset)
        assert data == {"offset": source.view.offset, "now": source.now()}


def test_a_change_is_told_at_once_and_only_once():
    source = InventedSource()
    start = source.view.offset

    def act(count):
        if count == 1:
            source.changes.announce(start + 7)

    _, changed, beat = listen(source, act=act)
    assert parsed(changed)[:2] == ("changed", start + 7)
    assert parsed(beat)[0] == "beat"


def test_a_reader_that_was_away_gets_one_message_however_far_behind():
    source = InventedSource()
    _, first, second = listen(source, last=str(source.view.offset - 500))
    assert parsed(first)[0] == "changed" and parsed(second)[0] == "beat"


@pytest.mark.parametrize(
    ("last", "known"), [("", -1), ("12", 12), ("99", -1), ("-3", -1), ("x", -1), ("٣", -1)]
)
def test_last_event_ids_of_others_are_ignored(last, known):
    assert first_offset(last, 50) == known


def test_waiting_ends_by_time_or_by_news_from_another_thread():
    async def go():
        changes = Changes(5)
        assert await changes.wait(4, 10) == 5
        assert await changes.wait(5, 0.01) == 5
        waiting = asyncio.create_task(changes.wait(5, 10))
        await asyncio.sleep(0)
        await asyncio.to_thread(changes.announce, 6)
        assert await waiting == 6
        changes.announce(3)
        assert changes.offset == 6

    asyncio.run(go())
