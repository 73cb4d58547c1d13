"""Bytes of a source in, rows of the ledger out; nothing that identifies a person passes."""

import functools
import re
import urllib.parse
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec
import numpy as np

from streams.events import VALUE_SCALE, Event, Rejected
from streams.feeds import Feed, Sensor
from streams.gazetteer import Gazetteer
from streams.ledger import KIND_CODE, MARK_EXERCISE, MARK_FAST, MARK_REJECTED, NO_SERIES, RowArray, blank_rows
from streams.pseudonyms import id_hashes, looks_personal, pseudonym
from streams.redaction import redacted
from streams.sources.batch import Batch, counts, mapped, with_constants
from streams.sources.cells import texts
from streams.sources.columns import Cells, Columns, as_list
from streams.sources.csv_records import read_csv
from streams.sources.formats import FORMATS
from streams.sources.json_records import JsonReader
from streams.sources.mapping import SourceMapping
from streams.sources.plan import READING_NAME, Plan, merged
from streams.sources.report import MAPPING as REPORT_MAPPING
from streams.sources.report import REPORT
from streams.taxonomy import Taxonomy
from streams.wording import Key, wordings

EVENTS_PER_MESSAGE: Final = 1 << 20
"""A row's index is below this: sealing packs offset and index into one number."""

LONGEST_TEXT: Final = 4000
"""Characters of a text that are kept."""

IDENTITY: Final = "ce-identity"
"""Member that an edge adds: the record's identity in its envelope, where its mapping finds none."""

_HASH_PREFIX: Final = "h-"


class Taken(msgspec.Struct, frozen=True, kw_only=True, eq=False, dict=True):
    """What one payload became: one row for each of its records, in order, never none.

    ``rows`` are the ledger's rows without offset and index (``number`` gives them); a rejected record's row
    bears MARK_REJECTED and its reason and moves no watermark. ``rejected`` pairs the record's position with
    the reason. ``counts`` counts what was noticed: ``accepted``, each reason, ``dst_gap``, ``dst_fold``.
    """

    rows: RowArray
    rejected: list[tuple[int, Rejected]]
    counts: dict[str, int]
    make_events: Callable[[], list[Event | None]]
    make_raw: Callable[[int], bytes] | None = None

    @functools.cached_property
    def events(self) -> list[Event | None]:
        """The redacted event of each row, None where rejected; made when first asked for."""
        return self.make_events()

    def raw(self, position: int) -> bytes:
        """The record as it came, for the vault only: it is not redacted. Empty where it is not kept."""
        return self.make_raw(position) if self.make_raw else b""


class Intake(msgspec.Struct, frozen=True, kw_only=True, eq=False, dict=True):
    """One source partition's door: pure, so that the same bytes always become the same rows.

    Raises:
        ConfigError: the mapping does not fit the city (see ``Plan``); ``mapping_file`` names it.
    """

    feed: Feed
    mapping: SourceMapping
    taxonomy: Taxonomy
    gazetteer: Gazetteer
    sensors: tuple[Sensor, ...]  # of the whole city, in the ledger's order
    max_skew: int  # seconds
    key: bytes  # for pseudonyms; the city's own
    partition: int  # index in the city's list of source partitions
    is_fast: Callable[[RowArray], np.ndarray] | None = None
    mapping_file: str = "mapping"

    def __post_init__(self) -> None:
        assert self.plan and self.reader

    @functools.cached_property
    def plan(self) -> Plan:
        """The mapping, checked and joined with the city."""
        mapping = merged(FORMATS[self.feed.format].preset, self.mapping)
        return Plan(self.feed, mapping, self.taxonomy, self.gazetteer, self.sensors, self.mapping_file)

    @functools.cached_property
    def reader(self) -> JsonReader:
        """Reads JSON records of the feed's format."""
        format_, plan = FORMATS[self.feed.format], self.plan
        names = (*plan.columns, IDENTITY)
        return JsonReader(names, plan.mapping.records or format_.records, format_.flatten)

    @functools.cached_property
    def wording_key(self) -> Key:
        """What a row's wording is hashed with."""
        return Key(self.key)

    @functools.cached_property
    def reports(self) -> "Intake":
        """The same door for what persons write down: its text is redacted whatever the feed's may be."""
        feed = msgspec.structs.replace(self.feed, format="mapping", redacts_text=True)
        return msgspec.structs.replace(self, feed=feed, mapping=REPORT_MAPPING, mapping_file="report")

    def read(self, payload: bytes, received_at: int, where: str, content_type: str = "") -> Taken:
        """NDJSON, a JSON array or object, a form, or CSV with a header; or a report from the console.

        Never raises for what the payload holds: what cannot be read is a rejected row. All records count as
        received at ``received_at`` (seconds UTC); ``where`` names the payload for rejections.
        """
        if content_type == REPORT and self.feed.kind != "sensor":
            return self.reports.read(payload, received_at, where)
        columns = self.columns(payload, content_type)
        return self._taken(columns, received_at, where, is_history=False)

    def read_table(self, columns: Mapping[str, Cells], received_at: int, where: str, first: int = 0) -> Taken:
        """Recorded columns of equal length (a Parquet row group, a part of a CSV), vectorised.

        Each record came when the mapping's ``received`` column says, else when it happened; ``received_at``
        stands in for those without either. ``first`` is the number of the first record in ``where``.
        """
        return self.read_columns(Columns(length=_length(columns), cells=columns), received_at, where, first)

    def read_columns(
        self, columns: Columns, received_at: int, where: str, first: int = 0, before_at: int | None = None
    ) -> Taken:
        """``read_table`` of columns some of whose records were refused already.

        ``before_at`` is when the record before them came, where there was one.
        """
        return self._taken(columns, received_at, where, is_history=True, first=first, before_at=before_at)

    def columns(self, payload: bytes, content_type: str = "") -> Columns:
        """The payload's records as columns, as the mapping's ``layout``, the type and the bytes say."""
        sort = _sort(payload, content_type, self.mapping.layout)
        if sort == "csv":
            return read_csv(payload, self.mapping.delimiter)
        if sort == "form":
            return self.reader.read(_form_as_json(payload), is_lines=False)
        return self.reader.read(payload, {"lines": True, "object": False}.get(sort))

    def is_table(self, payload: bytes, content_type: str = "") -> bool:
        """Whether the payload is read as CSV with a header."""
        return _sort(payload, content_type, self.mapping.layout) == "csv"

    def _taken(
        self,
        columns: Columns,
        received_at: int,
        where: str,
        is_history: bool,
        first: int = 0,
        before_at: int | None = None,
    ) -> Taken:
        long = with_constants(columns, self.plan)
        batch = mapped(long, self.plan, received_at, self.max_skew, is_history, before_at)
        ids = self._ids(long, batch)
        rows = self._rows(batch, ids)
        words = self._words(long, rows)
        return Taken(
            rows=rows,
            rejected=self._rejected(batch, where, first),
            counts=counts(batch),
            make_events=lambda: self._events(long, batch, ids, words),
            make_raw=long.raw,
        )

    def ids_of(self, columns: Columns) -> list[str]:
        """The id of each record as its system or its envelope gives it, "" where neither does."""
        names = [columns.column(name) for name in self.plan.mapping.id]
        ids = texts(names, ":") if names else [""] * columns.length
        if "" in ids and IDENTITY in columns.cells:
            envelopes = texts([columns.column(IDENTITY)], "")
            readings = texts([columns.column(READING_NAME)], "")  # of a wide table each is an event
            pairs = zip(ids, envelopes, readings, strict=True)
            return [name or (one and one + reading) for name, one, reading in pairs]
        return ids

    def _ids(self, columns: Columns, batch: Batch) -> list[str]:
        """The id of each record in the system of origin; a pseudonym or a keyed hash where needed."""
        mapping = self.plan.mapping
        ids = self.ids_of(columns)
        if mapping.is_id_personal:
            ids = [pseudonym(name, self.key) if name else "" for name in ids]
        elif looks_personal("\n".join(ids)):  # one look at all: most payloads have none
            ids = [pseudonym(name, self.key) if looks_personal(name) else name for name in ids]
        blank = [place for place, name in enumerate(ids) if not name and batch.reason[place] == 0]
        if blank:
            whole = _contents(columns)
            for place in blank:
                ids[place] = pseudonym(whole(place), self.key, _HASH_PREFIX)
        return ids

    def _rows(self, batch: Batch, ids: list[str]) -> RowArray:
        rows = blank_rows(len(ids))
        is_rejected = batch.reason != 0
        rows["reason"] = batch.reason
        rows["partition"] = self.partition
        rows["received_at"] = batch.received
        rows["event_at"] = np.where(is_rejected, batch.received, batch.happened)
        rows["mark"] = np.where(is_rejected, MARK_REJECTED, np.where(batch.is_exercise, MARK_EXERCISE, 0))
        rows["id_hash"] = np.where(is_rejected, np.uint64(0), id_hashes(self.plan.system, ids))
        rows["kind"] = np.where(is_rejected, 0, KIND_CODE[self.feed.kind])
        rows["severity"] = np.where(is_rejected, 0, batch.severity)
        if self.plan.is_sensor:
            rows["sensor"] = np.where(is_rejected, NO_SERIES, batch.sensor)
            rows["value"] = np.where(is_rejected, 0, batch.value)
        else:
            series = batch.area * len(self.taxonomy) + batch.category
            rows["series"] = np.where(is_rejected, NO_SERIES, series)
        if self.is_fast is not None:
            rows["mark"] |= np.where(self.is_fast(rows) & ~is_rejected, MARK_FAST, 0).astype(np.uint8)
        return rows

    def _words(self, columns: Columns, rows: RowArray) -> list[str | None] | None:
        """The redacted texts, once each row holds its wording; None where it is not watched."""
        feed = self.feed
        if self.plan.is_sensor or not (feed.redacts_text and feed.watches_wording and self.plan.mapping.text):
            return None
        words = self._texts(columns)
        packed = wordings(words, self.wording_key)
        rows["value"] = np.where((rows["mark"] & MARK_REJECTED) != 0, 0, packed)
        return words

    def _rejected(self, batch: Batch, where: str, first: int) -> list[tuple[int, Rejected]]:
        return [
            (
                place,
                Rejected(
                    source=self.feed.id,
                    reason=why.reason,
                    detail=why.detail,
                    received_at=int(batch.received[place]),
                    where=f"{where}:{first + place // self.plan.readings + 1}",
                    field=why.field,
                ),
            )
            for place, why in sorted(batch.why.items())
        ]

    def _events(
        self, columns: Columns, batch: Batch, ids: list[str], words: list[str | None] | None
    ) -> list[Event | None]:
        accepted = batch.reason == 0
        places = np.flatnonzero(accepted).tolist()
        if self.plan.is_sensor:
            made = iter(self._reading(columns, batch, ids, places))
        else:
            made = iter(self._report(batch, ids, places, words or self._texts(columns)))
        return [next(made) if is_one else None for is_one in accepted.tolist()]

    def _report(
        self, batch: Batch, ids: list[str], places: list[int], words: list[str | None]
    ) -> list[Event]:
        """Events of hotline and incident feeds."""
        source, kind, system = self.feed.id, self.feed.kind, self.plan.system
        areas, categories = self.gazetteer.area_ids, self.taxonomy.category_ids
        happened, received = batch.happened.tolist(), batch.received.tolist()
        area, category = batch.area.tolist(), batch.category.tolist()
        severity, exercise = batch.severity.tolist(), batch.is_exercise.tolist()
        return [
            Event(
                source=source,
                kind=kind,
                system=system,
                id=ids[i],
                happened_at=happened[i],
                received_at=received[i],
                area=areas[area[i]],
                category=categories[category[i]],
                severity=severity[i],
                text=words[i],
                is_exercise=exercise[i],
            )
            for i in places
        ]

    def _reading(self, columns: Columns, batch: Batch, ids: list[str], places: list[int]) -> list[Event]:
        """Events of sensor feeds; place and category are the sensor's."""
        happened, received = batch.happened.tolist(), batch.received.tolist()
        value, sensor = batch.value.tolist(), batch.sensor.tolist()
        exercise, severity = batch.is_exercise.tolist(), batch.severity.tolist()
        return [
            Event(
                source=self.feed.id,
                kind="sensor",
                system=self.plan.system,
                id=ids[i],
                happened_at=happened[i],
                received_at=received[i],
                area=self.sensors[sensor[i]].area,
                category=self.sensors[sensor[i]].category,
                severity=severity[i],
                sensor=self.sensors[sensor[i]].id,
                value=value[i] / VALUE_SCALE,
                unit=self.sensors[sensor[i]].unit or None,
                is_exercise=exercise[i],
            )
            for i in places
        ]

    def _texts(self, columns: Columns) -> list[str | None]:
        names = self.plan.mapping.text
        if not names:
            return [None] * columns.length
        clean = redacted if self.feed.redacts_text else str
        cells = texts([columns.column(name) for name in names], " ")
        return [_cut(clean(_cut(text))) or None for text in cells]


def _cut(text: str) -> str:
    """At most ``LONGEST_TEXT`` characters; a number, word or mark that the cut divides goes whole."""
    if len(text) <= LONGEST_TEXT:
        return text
    return re.sub(r"‹?[\w.@+ \-]{0,64}$", "", text[: LONGEST_TEXT - 1]) + "…"


def number(rows: RowArray, offset: int, events_per_message: int = EVENTS_PER_MESSAGE) -> RowArray:
    """The rows with offset, index and count, as raw messages from ``offset`` on, so many events each.

    The next free offset is the last row's + 1.
    """
    numbered = rows.copy()
    place = np.arange(len(rows))
    numbered["offset"] = offset + place // events_per_message
    numbered["index"] = place % events_per_message
    left = len(rows) - place // events_per_message * events_per_message
    numbered["count"] = np.minimum(left, events_per_message)
    return numbered


def _length(columns: Mapping[str, Cells]) -> int:
    lengths = {len(cells) for cells in columns.values()}
    if len(lengths) != 1:
        raise ValueError(f"columns of different lengths: {sorted(lengths)}")
    return lengths.pop()


def _sort(payload: bytes, content_type: str, layout: str) -> str:
    """``csv``, ``form``, ``lines``, ``object`` or ``json`` (either of the last two)."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "application/x-www-form-urlencoded":
        return "form"
    if layout == "csv" or (layout == "auto" and kind in ("text/csv", "text/tab-separated-values")):
        return "csv"
    if layout == "auto" and not _begins_json(payload):
        return "csv" if kind in ("", "text/plain") else "json"
    return "lines" if "ndjson" in kind or "jsonl" in kind else "json"


def _begins_json(payload: bytes) -> bool:
    return payload[:64].removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"{", b"[", b"")


def _form_as_json(payload: bytes) -> bytes:
    pairs = urllib.parse.parse_qsl(payload.decode("utf-8", "replace"), keep_blank_values=True)
    return msgspec.json.encode(dict(pairs))


def _contents(columns: Columns) -> Callable[[int], str]:
    """What stands for the content of one record: its bytes as they came, else all its cells."""
    names = sorted(columns.cells.keys() - {IDENTITY})
    cells: dict[str, list[Any]] = {name: as_list(columns.cells[name]) for name in names}
    if columns.raw is not None and not any(name.startswith("\0") for name in names):
        raw = columns.raw
        return lambda place: raw(place).decode("utf-8", "surrogateescape")
    return lambda place: "\x1f".join(f"{name}={cells[name][place]}" for name in names)
