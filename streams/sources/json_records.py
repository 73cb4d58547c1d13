"""JSON payloads, whole or by the line, as columns."""

import json
import operator
from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec

from streams.events import Reason
from streams.sources.columns import (
    LARGEST_RECORD,
    Cells,
    Columns,
    Refusal,
    Scalar,
    malformed,
    nothing,
    too_large,
)

Flatten = Callable[[dict[str, Any]], dict[str, Any] | Refusal]
"""From one record of a known format to its cells by column name."""

_lines: Final = msgspec.json.Decoder(Any)
_raws: Final = msgspec.json.Decoder(list[msgspec.Raw])
UNREADABLE: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What decoding hostile bytes may raise."""

_NOT_JSON: Final = "is no JSON object"


class JsonReader:
    """Reads the ``names`` of each record; names with a dot may be paths into nested objects and lists.

    ``flatten`` replaces plain look-up for a known format; ``member`` holds the records of a JSON object.
    """

    def __init__(self, names: Sequence[str], member: str = "", flatten: Flatten | None = None) -> None:
        self.names: Final = tuple(dict.fromkeys(names))
        self.member: Final = member
        self.flatten: Final = flatten or (_paths(self.names) if any("." in n for n in self.names) else None)
        record: Any = dict[str, Any] if self.flatten else _struct(self.names)
        self.one: Final[msgspec.json.Decoder[Any]] = msgspec.json.Decoder(record)
        self.many: Final[msgspec.json.Decoder[Any]] = msgspec.json.Decoder(list[record])

    def read(self, payload: bytes, is_lines: bool | None = None) -> Columns:
        """The records of the payload; ``is_lines`` None looks what it is."""
        body = payload.removeprefix(b"\xef\xbb\xbf").strip()
        if not body:
            return nothing("the payload is empty", payload)
        if is_lines is None and body[:1] == b"[":
            return self._read_array(body)
        if not is_lines:
            columns = self._read_object(body, is_certain=is_lines is False)
            if columns is not None:
                return columns
        return self._read_lines(body)

    def _read_lines(self, body: bytes) -> Columns:
        if len(body) <= LARGEST_RECORD or max(map(len, body.split(b"\n"))) <= LARGEST_RECORD:
            try:
                records = self.one.decode_lines(body)
                return self._columns(records, {}, _line_of(body))
            except UNREADABLE:
                pass  # at least one line is bad: read them one by one
        return self._read_raws([line for line in body.split(b"\n") if line.strip()])

    def _read_array(self, body: bytes) -> Columns:
        try:
            return self._columns(self.many.decode(body), {}, _element_of(body))
        except UNREADABLE:
            return self._read_raws(_elements(body))

    def _read_object(self, body: bytes, is_certain: bool) -> Columns | None:
        """One object: a record, or an envelope of records; None if the body is no single JSON object."""
        if body[:1] == b"[":
            return self._read_array(body)
        if not is_certain and b"\n" in body and _is_json(body.split(b"\n", 1)[0]):
            return None
        if self.member:
            inside = _member(body, self.member)
            if inside is not None:
                return self._read_array(inside)
        return self._read_raws([body]) if is_certain or _is_json(body) else None

    def _read_raws(self, raws: Sequence[bytes]) -> Columns:
        records: list[Any] = []
        refused: dict[int, Refusal] = {}
        for place, raw in enumerate(raws):
            record = self._record(raw)
            if isinstance(record, Refusal):
                refused[place] = record
            records.append(None if isinstance(record, Refusal) else record)
        if not raws:
            return nothing("holds no record", b"[]")
        return self._columns(records, refused, lambda place: bytes(raws[place]))

    def _record(self, raw: bytes) -> Any:
        if len(raw) > LARGEST_RECORD:
            return too_large(len(raw))
        try:
            return self.one.decode(raw)
        except msgspec.ValidationError as error:
            return _wrong_shape(raw, str(error))
        except UNREADABLE:
            return _why_unreadable(raw)

    def _columns(
        self, records: list[Any], refused: dict[int, Refusal], raw: Callable[[int], bytes]
    ) -> Columns:
        if not records:
            return nothing("holds no record", b"")
        if self.flatten is None:
            cells = self._struct_cells(records, bool(refused))
        else:
            cells = self._flat_cells(records, refused, self.flatten)
        return Columns(length=len(records), cells=cells, refused=refused, raw=raw)

    def _struct_cells(self, records: list[Any], has_gaps: bool) -> dict[str, Cells]:
        blank = self.one.decode(b"{}")
        rows = [blank if record is None else record for record in records] if has_gaps else records
        return {name: list(map(operator.attrgetter(f"c{i}"), rows)) for i, name in enumerate(self.names)}

    def _flat_cells(
        self, records: list[Any], refused: dict[int, Refusal], flatten: Flatten
    ) -> dict[str, Cells]:
        rows: list[dict[str, Any]] = []
        for place, record in enumerate(records):
            flat = {} if record is None else flatten(record)
            if isinstance(flat, Refusal):
                refused[place] = flat
            rows.append({} if isinstance(flat, Refusal) else flat)
        return {name: [row.get(name) for row in rows] for name in self.names}


def _struct(names: Sequence[str]) -> type[msgspec.Struct]:
    """A Struct that decodes the named members and skips the others."""
    fields = [(f"c{i}", Scalar, None) for i in range(len(names))]
    rename = {f"c{i}": name for i, name in enumerate(names)}
    return msgspec.defstruct("RawRecord", fields, rename=rename, gc=False)


def _paths(names: Sequence[str]) -> Flatten:
    def flatten(record: dict[str, Any]) -> dict[str, Any] | Refusal:
        flat = {name: dig(record, name) for name in names}
        for name, value in flat.items():
            if isinstance(value, dict | list):
                return Refusal(Reason.BAD_VALUE, "is no single value", name)
        return flat

    return flatten


def dig(record: Any, path: str) -> Any:
    """The member of that name, else what the dotted ``path`` leads to; None if it leads nowhere."""
    if isinstance(record, dict) and path in record:
        return record[path]
    for step in path.split("."):
        if isinstance(record, dict):
            record = record.get(step)
        elif isinstance(record, list) and step.isdecimal() and int(step) < len(record):
            record = record[int(step)]
        else:
            return None
    return record


def _is_json(raw: bytes) -> bool:
    try:
        msgspec.json.decode(raw, type=msgspec.Raw)
    except UNREADABLE:
        return False
    return True


def _member(body: bytes, name: str) -> bytes | None:
    try:
        inside = msgspec.json.decode(body, type=dict[str, msgspec.Raw]).get(name)
    except UNREADABLE:
        return None
    return bytes(inside) if inside is not None and bytes(inside)[:1] == b"[" else None


def _line_of(body: bytes) -> Callable[[int], bytes]:
    return lambda place: [line for line in body.split(b"\n") if line.strip()][place]


def _element_of(body: bytes) -> Callable[[int], bytes]:
    return lambda place: bytes(_raws.decode(body)[place])


def _elements(body: bytes) -> list[bytes]:
    """The elements of a JSON array; of a damaged one those before the damage, and the rest as one."""
    try:
        return [bytes(raw) for raw in _raws.decode(body)]
    except UNREADABLE:
        return _salvage(body)


def _salvage(body: bytes) -> list[bytes]:
    text = body.decode("utf-8", "surrogateescape")
    scan = json.JSONDecoder().raw_decode
    elements: list[bytes] = []
    at = 1
    while True:
        at = _next_element(text, at)
        try:
            _, end = scan(text, at)
        except (ValueError, RecursionError):
            break
        elements.append(text[at:end].encode("utf-8", "surrogateescape"))
        at = end
    rest = text[at:].encode("utf-8", "surrogateescape")
    return [*elements, rest] if rest.strip() not in (b"", b"]") else elements


def _next_element(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \t\r\n,":
        at += 1
    return at


def _wrong_shape(raw: bytes, message: str) -> Refusal:
    """A record that is JSON, but not of the expected shape; msgspec names types and paths, never values."""
    if not _is_utf8(raw):
        return _why_unreadable(raw)
    what, _, path = message.partition(" - at `$.")
    if not path:
        return malformed(_NOT_JSON)
    return Refusal(Reason.BAD_VALUE, what.replace("`", ""), path.rstrip("`"))


def _why_unreadable(raw: bytes) -> Refusal:
    if not _is_utf8(raw):
        return Refusal(Reason.NOT_UTF8, "holds bytes that are no UTF-8")
    return malformed(f"{_NOT_JSON}, or is cut off")


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True
