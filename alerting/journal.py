"""The append-only record of all decisions of a city: canonical JSON lines, each sealed by the one before."""

import hashlib
import json
from collections.abc import Iterable
from typing import Any, Final, Literal

import msgspec

from alerting.effects import Effect
from alerting.levels import Mode
from streams.commands import Role
from streams.errors import IntegrityError
from streams.ledger import canonical

NO_HASH: Final = "0" * 64
"""Hash before the first entry of a city."""

OUTSIDE: Final = "-"
"""Row of an exercise trigger that found no drill."""

TriggerKind = Literal[
    "acknowledge", "confirm", "reject", "declare", "ratify", "co_sign", "stand_down",
    "whistle", "report_in", "hand_over", "silence", "begin_drill", "end_drill", "tick", "untick",
    "bucket", "fast", "floor", "call", "withdraw", "overdue",
]  # fmt: skip
TRIGGERS: Final[tuple[str, ...]] = TriggerKind.__args__  # type: ignore[attr-defined]

_canonical: Final = msgspec.json.Encoder(order="sorted")
"""Writes what ``streams.ledger.canonical`` writes, for what entries hold, several times faster."""

REMEDY: Final = "restore the journal from a copy, or replay the ledger to rebuild it"


class Standing(msgspec.Struct, frozen=True, array_like=True):
    """Where a machine stands: journalled as [mode, rank, response]."""

    mode: Mode
    rank: int
    response: int

    @property
    def level(self) -> int:
        """The level in force: the response's, else the rank."""
        return self.response or self.rank


class Seen(msgspec.Struct, frozen=True):
    """The evidence that a bucket entry obeyed."""

    up: int
    hold: int
    is_blind: bool
    fingerprints: tuple[str, ...] = ()


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One decision: what came (trigger), which row of the table decided, what changed, what is to be done.

    ``before`` and ``after`` are None for row ``-``: there was no machine. ``trigger_id`` is the command's id,
    the fast event's, ``bucket-`` and the decision time for a bucket, or the hash of the entry that caused a
    message or set an overdue duty's deadline. ``reason`` is the message key of the row, and not hashed.
    """

    seq: int
    at: int
    unit: str
    exercise: bool
    trigger: TriggerKind
    trigger_id: str | None
    actor: str | None
    role: Role | None
    row: str
    before: Standing | None
    after: Standing | None
    reason: str | None
    effects: tuple[Effect, ...]
    evidence: Seen | None
    policy_hash: str
    previous_hash: str
    hash: str = ""


_entries: Final = msgspec.json.Decoder(Entry)


class Chain(msgspec.Struct, frozen=True):
    """Where the journal ends: the next entry's ``seq`` and ``previous_hash``."""

    seq: int = 0
    previous_hash: str = NO_HASH


class _Hashed(msgspec.Struct, frozen=True):
    """What the hash of an entry covers: all of it except ``hash`` and ``reason``."""

    seq: int
    at: int
    unit: str
    exercise: bool
    trigger: str
    trigger_id: str | None
    actor: str | None
    role: str | None
    row: str
    before: Standing | None
    after: Standing | None
    effects: tuple[Effect, ...]
    evidence: Seen | None
    policy_hash: str
    previous_hash: str


def facts(entry: Entry) -> dict[str, Any]:
    """The whole entry as JSON types."""
    body: dict[str, Any] = msgspec.to_builtins(entry)
    return body


def chained(entry: Entry, chain: Chain) -> tuple[Entry, Chain]:
    """The entry with its place in the chain and its hash, and the chain behind it."""
    covered = _Hashed(
        chain.seq, entry.at, entry.unit, entry.exercise, entry.trigger, entry.trigger_id, entry.actor,
        entry.role, entry.row, entry.before, entry.after, entry.effects, entry.evidence, entry.policy_hash,
        chain.previous_hash,
    )  # fmt: skip
    digest = _digest(_canonical.encode(covered))
    sealed = msgspec.structs.replace(entry, seq=chain.seq, previous_hash=chain.previous_hash, hash=digest)
    return sealed, Chain(chain.seq + 1, digest)


def entry_hash(body: dict[str, Any]) -> str:
    """blake2b-256 over the canonical JSON of an entry without ``hash`` and ``reason``, in hex."""
    hashed = {**body}
    del hashed["hash"], hashed["reason"]
    return _digest(_canonical.encode(hashed))


def _digest(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=32).hexdigest()


def reason(row: str) -> str:
    """The message key of a row's sentence: it belongs to the row, so it is not hashed."""
    return "row-outside" if row == OUTSIDE else f"row-{row}"


def line(entry: Entry) -> bytes:
    """The entry as one line of the journal, without line end."""
    return _canonical.encode(entry)


def read_line(data: bytes) -> Entry:
    """The entry that ``line`` wrote; raises ``IntegrityError`` if it is none."""
    try:
        return _entries.decode(data)
    except (msgspec.MsgspecError, ValueError) as error:
        raise IntegrityError("journal entry", f"cannot be read: {error}", REMEDY) from error


def verify(lines: Iterable[bytes], chain: Chain | None = None) -> int:
    """Prove a journal whole and return how many entries it has; ``chain`` is what precedes the first.

    Raises:
        IntegrityError: names the first entry that is altered, missing, out of order or cut short.
    """
    reached = chain or Chain()
    count = 0
    waiting: bytes | None = None
    for data in lines:
        if waiting is not None:
            reached, count = _proved(waiting, reached, is_last=False), count + 1
        waiting = data
    if waiting is not None:
        reached, count = _proved(waiting, reached, is_last=True), count + 1
    return count


def _proved(data: bytes, chain: Chain, is_last: bool) -> Chain:
    where = f"journal entry {chain.seq}"
    body = _body(data, where, is_last)
    if body.get("seq") != chain.seq:
        raise IntegrityError(where, f"is missing: entry {body.get('seq')} stands in its place", REMEDY)
    if body.get("previous_hash") != chain.previous_hash:
        raise IntegrityError(
            where, "does not follow from the entry before it: the chain is broken here", REMEDY
        )
    is_whole = {"hash", "reason", "row"} <= body.keys() and body["reason"] == reason(str(body["row"]))
    if not is_whole or entry_hash(body) != body["hash"]:
        raise IntegrityError(where, "was altered: its content does not give its hash", REMEDY)
    if canonical(body) != data.rstrip(b"\r\n"):
        raise IntegrityError(where, "is not written in canonical form: it was rewritten", REMEDY)
    return Chain(chain.seq + 1, body["hash"])


def _body(data: bytes, where: str, is_last: bool) -> dict[str, Any]:
    try:
        body = json.loads(data)
    except ValueError as error:
        what = "is cut short: the last line is incomplete" if is_last else "is not JSON: the line is damaged"
        raise IntegrityError(where, what, REMEDY) from error
    if not isinstance(body, dict):
        raise IntegrityError(where, "is not a journal entry", REMEDY)
    return body
