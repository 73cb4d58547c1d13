"""The hash chain: whole journals prove whole, and each kind of damage is named with its entry."""

import json
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerting import journal
from alerting.journal import Chain, Entry, Standing, chained, entry_hash, facts, verify
from alerting.machines import apply, start
from alerting.policy import Policy
from alerting.units import unit_tree
from streams.commands import Command
from streams.errors import IntegrityError
from streams.ledger import Beat, canonical

TREE = unit_tree({"市": None, "s": "市"})


@pytest.fixture
def lines() -> list[bytes]:
    policy, state, entries = Policy(), start(TREE, 0), []
    whistle = Command(
        id="w", stamp=5, kind="whistle", unit="s", actor="李", role="officer", actor_unit="s", about=("gas",)
    )
    for item in (whistle, Beat(stamp=9000)):
        state, more = apply(state, item, TREE, policy)
        entries += more
    return [journal.line(entry) for entry in entries]


def test_a_whole_journal_proves_whole(lines):
    assert len(lines) > 5
    assert verify(lines) == len(lines)
    assert verify(line + b"\n" for line in lines) == len(lines)
    assert verify([]) == 0


def test_a_tail_proves_from_the_entry_before_it(lines):
    before = json.loads(lines[2])
    assert verify(lines[3:], Chain(3, before["hash"])) == len(lines) - 3


def test_the_first_entry_follows_from_64_zeros(lines):
    first = json.loads(lines[0])
    assert (first["seq"], first["previous_hash"]) == (0, "0" * 64)


def damaged(lines: list[bytes], at: int, **what) -> list[bytes]:
    return [*lines[:at], canonical({**json.loads(lines[at]), **what}), *lines[at + 1 :]]


def swapped(lines: list[bytes]) -> list[bytes]:
    return [lines[0], lines[2], lines[1], *lines[3:]]


def rehashed(lines: list[bytes]) -> list[bytes]:
    body = {**json.loads(lines[1]), "actor": "Mallory"}
    return [lines[0], canonical({**body, "hash": entry_hash(body)}), *lines[2:]]


DAMAGE = {
    "altered": (lambda x: damaged(x, 1, actor="Mallory"), "journal entry 1: was altered"),
    "altered effects": (lambda x: damaged(x, 0, effects=[]), "journal entry 0: was altered"),
    "altered and hashed anew": (rehashed, "journal entry 2: does not follow"),
    "missing": (lambda x: [*x[:1], *x[2:]], "journal entry 1: is missing: entry 2"),
    "missing at the head": (lambda x: x[1:], "journal entry 0: is missing"),
    "out of order": (swapped, "journal entry 1: is missing: entry 2"),
    "twice": (lambda x: [x[0], x[0], *x[1:]], "journal entry 1: is missing: entry 0"),
    "cut short": (lambda x: [*x[:-1], x[-1][:-7]], "is cut short: the last line is incomplete"),
    "garbled": (lambda x: [x[0], b"\x00\xff", *x[2:]], "journal entry 1: is not JSON"),
    "not an entry": (lambda x: [x[0], b"[]"], "journal entry 1: is not a journal entry"),
    "other spaces": (lambda x: [x[0].replace(b",", b", ", 1), *x[1:]], "journal entry 0: is not written in"),
    "a field taken out": (
        lambda x: [canonical({k: v for k, v in json.loads(x[0]).items() if k != "reason"}), *x[1:]],
        "journal entry 0: was altered",
    ),
}


@pytest.mark.parametrize("kind", list(DAMAGE))
def test_damage_is_named_with_its_entry(lines, kind):
    damage, what = DAMAGE[kind]
    with pytest.raises(IntegrityError) as caught:
        verify(damage(lines))
    assert what in str(caught.value)


@given(st.data())
def test_any_changed_byte_is_found(data):
    policy, state = Policy(), start(TREE, 0)
    call = Command(id="h", stamp=5, kind="hand_over", unit="s", actor="a", role="officer", actor_unit="s")
    lines = [journal.line(entry) for entry in apply(state, call, TREE, policy)[1]]
    row = data.draw(st.integers(0, len(lines) - 1))
    at = data.draw(st.integers(0, len(lines[row]) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda b: b != lines[row][at]))
    lines[row] = lines[row][:at] + bytes([byte]) + lines[row][at + 1 :]
    with pytest.raises(IntegrityError):
        verify(lines)


def entry(**more) -> Entry:
    given = {
        "seq": 0, "at": 1, "unit": "s", "exercise": False, "trigger": "call", "trigger_id": None,
        "actor": None, "role": None, "row": "P3", "before": Standing("NORMAL", 0, 0), "after": None,
        "reason": "row-P3",
        "effects": (), "evidence": None, "policy_hash": "p", "previous_hash": "",
    }  # fmt: skip
    return Entry(**{**given, **more})


def test_the_reason_is_not_hashed_and_absent_is_null():
    one, _ = chained(entry(), Chain())
    other, _ = chained(entry(reason="reworded"), Chain())
    assert one.hash == other.hash
    assert b'"actor":null' in journal.line(one)
    assert b'"before":["NORMAL",0,0]' in journal.line(one)


@given(st.text(), st.integers(-(2**60), 2**60))
def test_the_fast_writer_writes_canonical_json(text, number):
    body = facts(entry(unit=text, actor=text, at=number))
    assert journal.line(entry(unit=text, actor=text, at=number)) == canonical(body)


def test_what_is_no_entry_cannot_be_read():
    with pytest.raises(IntegrityError, match="cannot be read"):
        journal.read_line(b'{"effects": 3}')


def test_an_entry_is_read_back(lines):
    for line in lines:
        assert journal.line(journal.read_line(line)) == line


def test_a_journal_file_proves_from_disk(lines, tmp_path: Path):
    path = tmp_path / "journal.jsonl"
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    with path.open("rb") as opened:
        assert verify(opened) == len(lines)


def test_structs_are_frozen():
    with pytest.raises(AttributeError):
        entry().at = 3
    assert msgspec.structs.replace(entry(), at=3).at == 3
