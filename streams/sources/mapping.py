"""How the columns of one feed become events: a declaration, read from one TOML file, without code."""

from datetime import date
from typing import Final, Literal

import msgspec

from streams.event_time import TimeFormat

AreaWay = Literal["point", "name"]
RecordLayout = Literal["auto", "csv", "json"]

EARLIEST: Final = date(1990, 1, 1)
"""Older records are taken for blanks that a database filled in (1900, 1970)."""


class AreaColumns(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where an event happened: the ways of ``order`` are tried in turn, the first that finds an area wins.

    ``longitude`` and ``latitude`` name columns in degrees (WGS 84). ``name`` names columns that hold an
    area's id or name, tried in turn; ``names`` maps the feed's own spellings (compared without case) to area
    ids. ``within_metres`` lets a point just outside all areas count for the nearest middle so far away.
    ``default`` is the area id of everything that the other ways leave open; empty: such records are refused.
    """

    order: tuple[AreaWay, ...] = ("point", "name")
    longitude: str = ""
    latitude: str = ""
    name: tuple[str, ...] = ()
    names: dict[str, str] = {}
    within_metres: float = 0.0
    default: str = ""


class CategoryColumns(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an event is: the values of ``columns``, joined by ``joint``, looked up in ``map``.

    A key of ``map`` is compared without case and outer spaces; one that ends in ``*`` matches what begins so
    (the longest such key wins); an exact key goes first. ``default`` is the category of what no key matches;
    empty: a value that is itself a category id stands for itself, and the rest is refused as unknown.
    """

    columns: tuple[str, ...] = ()
    joint: str = ": "
    map: dict[str, str] = {}
    default: str = ""


class SeverityColumns(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How bad it is: 0 unknown, 1 minor, 2 moderate, 3 severe, 4 extreme.

    ``column`` is looked up in ``map`` (compared without case); without a ``map`` it holds the number itself.
    ``default`` is for blank and unmatched values.
    """

    column: str = ""
    map: dict[str, int] = {}
    default: int = 0


class SensorColumns(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which device, and what it read.

    ``id`` names columns whose values, joined by ``joint``, are the sensor's id; ``ids`` maps them to the
    city's own ids. ``value`` is the column of the reading. For a wide table, ``values`` lists several value
    columns instead: each record becomes one reading for each, of the sensor ``<id><joint><column>``.
    ``scale`` multiplies the reading into the sensor's unit; a reading below ``lowest`` or above ``highest``,
    in that unit, is refused as no possible value.
    """

    id: tuple[str, ...] = ()
    joint: str = "-"
    ids: dict[str, str] = {}
    value: str = ""
    values: tuple[str, ...] = ()
    scale: float = 1.0
    lowest: float | None = None
    highest: float | None = None


class SourceMapping(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The content of one mapping file: how the records of a feed become events.

    ``layout`` says what a payload is (``auto`` looks); ``delimiter`` parts the cells of a CSV (empty: the
    likeliest of ``, ; | tab``); ``records`` names the member of a JSON object that
    holds the list of records. A column of a JSON record may be a path (``location.lat``).

    ``system`` names the system of origin (default: the feed's id). ``id`` names columns that together
    identify a record in it; without them, or where all are blank, the id is a keyed hash of the whole record.
    ``is_id_personal`` replaces the id by a keyed pseudonym.

    ``happened`` names columns with the time of the event, the first that is not blank counts; with
    ``happens_on_arrival`` a record without one happened when it came. ``received`` is the column with the
    time of arrival in a history; what comes live came when its payload came. Without that column a record
    came when it happened, and one dated before ``earliest`` (a day, UTC) is refused as ancient. ``formats``
    are tried in turn: ``iso``, ``epoch``, ``epoch_ms``, or strptime patterns. ``zone`` is the IANA zone of
    times without an offset; ``fold`` says which of the two instants a repeated hour in autumn means.

    ``text`` names columns whose free text is kept, redacted. ``exercise`` is the column that marks a drill.
    ``constant`` sets columns to a fixed text. ``leave_out`` names columns and the values (a ``*`` at the end
    matches a beginning) whose records are not counted: they are kept under the reason ``left_out``.
    """

    layout: RecordLayout = "auto"
    delimiter: str = ""
    records: str = ""
    system: str = ""
    id: tuple[str, ...] = ()
    is_id_personal: bool = False
    happened: tuple[str, ...] = ()
    happens_on_arrival: bool = False
    received: str = ""
    earliest: date = EARLIEST
    formats: tuple[TimeFormat, ...] = ("iso",)
    zone: str = "UTC"
    fold: Literal["first", "second"] = "first"
    text: tuple[str, ...] = ()
    exercise: str = ""
    constant: dict[str, str] = {}
    leave_out: dict[str, tuple[str, ...]] = {}
    area: AreaColumns = AreaColumns()
    category: CategoryColumns = CategoryColumns()
    severity: SeverityColumns = SeverityColumns()
    sensor: SensorColumns = SensorColumns()
