"""What the console shows: one frozen picture of a city, without words and without a clock.

Times are seconds UTC, ranks 0 calm, 1 watch, 2 IV, 3 III, 4 II, 5 I. Ids are the city's own.
"""

from typing import Final, Literal

import msgspec

from alerting.levels import RESPONDING, WARNING, DutyKind, Mode
from models.hotspots import Explanation
from streams.commands import Role
from tocsin.console.phrases import Names, Phrase

Tier = Literal["city", "district", "street"]
FeedState = Literal["live", "late", "silent", "never"]
Sight = Literal["full", "part", "none"]

ALARMED: Final = RESPONDING | {WARNING}
"""Modes in which people are asked to act."""


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Someone who may act: as configured until sign-in exists."""

    id: str
    names: Names
    role: Role
    unit: str


class Department(msgspec.Struct, frozen=True):
    """Somebody a unit can whistle for."""

    id: str
    names: Names


class Signature(msgspec.Struct, frozen=True):
    """Who put a unit where it is: ``act`` is declare, ratify, co_sign or stand_down."""

    actor: str
    act: str
    at: int


class SilenceView(msgspec.Struct, frozen=True):
    """That a person hides a unit's news of alerts: who, until when, and why."""

    actor: str
    until: int
    note: str = ""


class UnitView(msgspec.Struct, frozen=True, kw_only=True):
    """One governed area and its machine; parents stand before their children.

    ``rank`` is the warning's rank, ``response`` the level in force (0 none). ``known_at`` is the last
    instant at which a blind unit was seen; ``hotspot`` the gravest one it owns or shares.
    """

    id: str
    names: Names
    tier: Tier
    parent: str | None
    mode: Mode
    rank: int
    since_at: int
    response: int = 0
    floor: int = 0
    is_blind: bool = False
    known_at: int | None = None
    hotspot: str = ""
    signatures: tuple[Signature, ...] = ()
    expected_seconds: int | None = None
    co_sign_level: int | None = None
    silence: SilenceView | None = None

    @property
    def level(self) -> int:
        """The rank that the badge shows: the response in force, else the rank."""
        return self.response or self.rank

    @property
    def is_responding(self) -> bool:
        """Whether an emergency response runs here, provisional or declared."""
        return self.mode in RESPONDING


class DutyView(msgspec.Struct, frozen=True, kw_only=True):
    """What a person owes; ``who`` owes it, ``due_at`` None means it rests with all calls used.

    ``about`` is a department (report-in), a child unit (answer) or the level as a number (co-sign).
    ``persons`` are the ids of those who may end it; empty where the unit's people may. ``late_since`` is its
    first deadline once that has passed and the journal says so, None where it is not late, or not remembered.
    """

    unit: str
    kind: DutyKind
    who: Names
    opened_at: int
    due_at: int | None
    about: str = ""
    rank: int = 0
    calls: int = 0
    hotspot: str = ""
    asked_by: str = ""
    why: str = ""
    persons: tuple[str, ...] = ()
    late_since: int | None = None
    is_exercise: bool = False


class DoneDuty(msgspec.Struct, frozen=True, kw_only=True):
    """A duty that ended by its act, early or late; ``opened_at`` None where it is not remembered."""

    unit: str
    kind: DutyKind
    due_at: int
    done_at: int
    actor: str
    about: str = ""
    opened_at: int | None = None


class Point(msgspec.Struct, frozen=True):
    """One bucket of a series: what came, what was expected, and where 99 of 100 quiet buckets lie."""

    opens_at: int
    observed: int
    expected: float
    upper: float


class Mark(msgspec.Struct, frozen=True):
    """An event worth a label in a chart."""

    at: int
    phrase: Phrase


class SampleText(msgspec.Struct, frozen=True):
    """What one caller said, redacted at intake; ``locale`` is the language it is in, "" if unknown.

    ``is_new`` says that it holds the wording that is new in its place.
    """

    text: str
    locale: str = ""
    is_new: bool = False


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """One person who was told of a hotspot, and what came back (None: nothing yet).

    ``unit`` is the one whose people are to answer.
    """

    person: str
    names: Names
    how: Phrase
    answer: Phrase | None = None
    unit: str = ""
    is_delivered: bool = True


class HotspotView(msgspec.Struct, frozen=True, kw_only=True):
    """One hotspot with its reasons; ``owner`` is the unit that must decide on it.

    ``points`` are oldest first and end at the last sealed bucket; ``texts`` are a few of ``text_count``.
    ``odds`` is the chance that officers confirm it, where a model has learnt that.
    """

    id: str
    category: str
    names: Names
    areas: tuple[str, ...]
    units: tuple[str, ...]
    owner: str
    rank: int
    began_at: int
    last_seen_at: int
    explanation: Explanation
    points: tuple[Point, ...] = ()
    marks: tuple[Mark, ...] = ()
    texts: tuple[SampleText, ...] = ()
    text_count: int = 0
    repeats: int | None = None
    unknown: tuple[Phrase, ...] = ()
    told: tuple[Told, ...] = ()
    label: Literal["", "true", "false"] = ""
    acknowledged_by: str = ""
    sensor_fact: Phrase | None = None
    odds: float | None = None
    is_exercise: bool = False


class FeedView(msgspec.Struct, frozen=True, kw_only=True):
    """The health of one feed; ``rates`` are events a bucket, oldest first, on the band of what is usual."""

    id: str
    names: Names
    kind: Literal["hotline", "sensor", "incident"]
    state: FeedState
    last_at: int | None
    lag_seconds: int | None = None
    devices_seen: int | None = None
    devices: int | None = None
    rates: tuple[int, ...] = ()
    usual_low: float = 0.0
    usual_high: float = 0.0
    silent_since: int | None = None
    expected_since: float | None = None
    received: int = 0
    rejected: dict[str, int] = {}
    dead_letters: int = 0
    last_hour: int | None = None
    last_hour_expected: float | None = None
    is_required: bool = False


class ModeSpan(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of one unit's life; ``ends_at`` None means until now."""

    unit: str
    starts_at: int
    ends_at: int | None
    mode: Mode
    rank: int
    is_blind: bool = False
    is_exercise: bool = False


class JournalLine(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the journal; ``before`` and ``after`` are (mode, rank, response)."""

    seq: int
    at: int
    unit: str
    trigger: str
    row: str
    before: tuple[str, int, int]
    after: tuple[str, int, int]
    actor: str = ""
    role: str = ""
    effects: tuple[str, ...] = ()
    reason: Phrase | None = None
    note: str = ""
    is_refused: bool = False
    is_exercise: bool = False
    hash: str = ""


class BudgetView(msgspec.Struct, frozen=True, kw_only=True):
    """False alarms allowed a week and used this week, the city's part of both, and what history promises.

    ``low`` and ``high`` hold the rate of the long run, once the city's own history carries it.
    """

    allowed: float
    used: int
    city_allowed: float
    city_used: int
    low: float | None = None
    high: float | None = None


class MisfitView(msgspec.Struct, frozen=True, kw_only=True):
    """A category, or the city (no names), of which more (or fewer) come than the model expects."""

    names: Names
    since_at: int
    is_more: bool


class SetupStep(msgspec.Struct, frozen=True, kw_only=True):
    """One step before the city can warn; ``key`` is city, feed, people, learn or budget."""

    key: str
    is_done: bool
    args: dict[str, str | int | float | Names] = {}
    command: str = ""


class PlanItem(msgspec.Struct, frozen=True):
    """One item of a plan's checklist, owed from ``rank`` on."""

    id: str
    names: Names
    rank: int


class Tick(msgspec.Struct, frozen=True):
    """An item that somebody has ticked for a unit."""

    unit: str
    plan: str
    item: str
    actor: str
    at: int


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What a declaration for a category starts unless the chief says otherwise; measures: name, ticked."""

    category: str
    names: Names
    duration_seconds: int = 21_600
    measures: tuple[tuple[Names, bool], ...] = ()
    items: tuple[PlanItem, ...] = ()


class PolicyFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The lengths of time that consequences quote."""

    co_sign_seconds: int = 900
    report_in_seconds: int = 1_800
    reject_hold_seconds: int = 7_200
    silence_max_seconds: int = 14_400


class Area(msgspec.Struct, frozen=True, kw_only=True):
    """One smallest place: its street, and its outline as rings of (longitude, latitude)."""

    id: str
    names: Names
    unit: str
    rings: tuple[tuple[tuple[float, float], ...], ...]


class MapView(msgspec.Struct, frozen=True, kw_only=True):
    """The outlines, drawn once and cached by ``hash``; ``water`` is lines for orientation."""

    hash: str
    areas: tuple[Area, ...]
    water: tuple[tuple[tuple[float, float], ...], ...] = ()


class Story(msgspec.Struct, frozen=True, kw_only=True):
    """What can be real or an exercise: units, what they owe, and what was found."""

    units: tuple[UnitView, ...]
    duties: tuple[DutyView, ...] = ()
    done: tuple[DoneDuty, ...] = ()
    hotspots: tuple[HotspotView, ...] = ()
    spans: tuple[ModeSpan, ...] = ()
    ticks: tuple[Tick, ...] = ()


class DrillView(msgspec.Struct, frozen=True, kw_only=True):
    """An exercise that is on, beside the real city."""

    unit: str
    begun_at: int
    begun_by: str
    story: Story
    names: Names = {}
    told: int | None = None
    progress: tuple[Phrase, ...] = ()
    category: str = ""


class CityView(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that one screen may need, as of ledger ``offset``.

    ``now_at`` is the city's clock when the picture was taken, ``decision_at`` decision time, ``sealed_to``
    the end of the last sealed bucket (None before the first). ``seen_areas`` names areas that are not fully
    seen; ``stands_since`` is set while nothing is decided or counted, ``steps`` while the city cannot warn
    yet.
    """

    offset: int
    city: str
    names: Names
    zone: str
    now_at: int
    decision_at: int
    sealed_to: int | None
    next_seal_at: int | None
    bucket_seconds: int
    map: MapView
    real: Story
    feeds: tuple[FeedView, ...]
    seen_areas: dict[str, Sight] = {}
    stands_since: int | None = None
    journal: tuple[JournalLine, ...] = ()
    budget: BudgetView | None = None
    misfits: tuple[MisfitView, ...] = ()
    drill: DrillView | None = None
    steps: tuple[SetupStep, ...] = ()
    people: tuple[Person, ...] = ()
    departments: tuple[Department, ...] = ()
    categories: dict[str, Names] = {}
    plans: tuple[Plan, ...] = ()
    scenarios: dict[str, Names] = {}
    policy: PolicyFacts = PolicyFacts()
    blind_told: tuple[Names, ...] = ()
    is_demo: bool = False
    is_rehearsal: bool = False
