"""The whole program as one pure fold: ``Pipeline.step(state, record) -> (state, outcome)``.

No clock, no I/O, no randomness: live workers, the embedded process and replay drive this one function.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import msgspec
import numpy as np

from alerting import alerts, bulletins, machines
from alerting.alerts import AlertsState
from alerting.blindness import Silence, blind_units
from alerting.bulletins import Bulletins, Renewal
from alerting.journal import Entry
from alerting.machine import Evidence
from alerting.machines import BucketInput, FastInput, Input, Machines
from alerting.muting import Reminder
from alerting.policy import Policy, read_policy
from detectors.findings import Findings
from detectors.panel import Detection, DetectionState
from detectors.settings import DetectionSettings
from models.risk import CAP
from models.risk_model import RiskModel, ranked
from streams import sealing
from streams.buckets import Frame
from streams.commands import Command
from streams.errors import IntegrityError
from streams.late import LateRows
from streams.ledger import (
    BUDGET,
    CHANGEABLE,
    KIND_CODE,
    MARK_EXERCISE,
    ROW,
    Beat,
    Record,
    Rows,
    Settings,
    settings,
)
from streams.panel import SealedBucket
from streams.sealing import FastRow, Folded, SealingState
from tocsin.city import City

NOT_STARTED: Final = -1
NO_ROWS: Final = np.zeros(0, ROW)


class PipelineState(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """All that the fold remembers; each field is one part of a checkpoint."""

    ledger_offset: int  # of the next record
    origin_at: int  # seconds UTC; NOT_STARTED before the start record
    policy: Policy  # in force: the ledger's own
    sealing: SealingState
    detection: DetectionState
    findings: Findings | None  # of the last sealed bucket
    alerts: AlertsState
    machines: Machines
    bulletins: Bulletins = Bulletins()
    model: RiskModel | None = None  # that ranks alarms: the last that the ledger promoted


class Outcome(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """What one record led to, in order; ``findings`` and ``mapped`` have one item per sealed bucket.

    ``mapped`` is the plain map's risk in millionths by hotspot, empty where no model ranked.
    """

    entries: tuple[Entry, ...] = ()
    groups: tuple[int, ...] = ()  # how many of them each input led to, in order: what is told together
    sealed: tuple[SealedBucket, ...] = ()
    findings: tuple[Findings, ...] = ()
    mapped: tuple[dict[str, int], ...] = ()
    set_aside: np.ndarray = NO_ROWS  # (k,) rows not counted by the fold, with their reason
    is_whole: bool = True  # whether its record is through with it
    reminders: tuple[Reminder, ...] = ()  # silences that ended while alerts still stand
    renewals: tuple[Renewal, ...] = ()  # warnings and responses to be published again


class Pipeline:
    """One city's fold; holds nothing that changes, so one object serves any number of drivers."""

    def __init__(self, city: City, detection: Detection | None = None) -> None:
        self.city = city
        self.tree, self.streets = city.units, city.streets
        self.detection = detection or Detection(city.shape(), city.detection)
        self.frame = _frame(city)
        self._areas = city.gazetteer.area_ids
        self._kinds = {feed.id: feed.kind for feed in city.feeds}
        self._caps = {category.id: CAP[category.consequence] for category in city.taxonomy.categories}

    def fresh(self) -> PipelineState:
        """Before the first record of a ledger, which must be a start record."""
        return PipelineState(
            ledger_offset=0,
            origin_at=NOT_STARTED,
            policy=self.city.policy,
            sealing=sealing.start(self.frame, 0),
            detection=self.detection.start(),
            findings=None,
            alerts=alerts.start(),
            machines=machines.start(self.tree, 0),
        )

    def step(self, state: PipelineState, record: Record) -> tuple[PipelineState, Outcome]:
        """Fold one record of the ledger, however much it seals; raises as ``stretches`` does."""
        *before, (reached, last) = self.stretches(state, record)
        return reached, gathered([*(outcome for _, outcome in before), last]) if before else last

    def stretches(self, state: PipelineState, record: Record) -> Iterator[tuple[PipelineState, Outcome]]:
        """Fold one record, a few sealed buckets at a time; ``ledger_offset`` moves with the last.

        Only the last state is one to go on from: those before it are within the record, and only to be
        looked at.

        Raises:
            IntegrityError: the ledger is not this city's, has a gap, or does not begin with a start record.
        """
        if state.origin_at == NOT_STARTED and not _is_start(record):
            raise IntegrityError("ledger", "does not begin with a start record", "give the whole ledger")
        if isinstance(record, Rows):
            yield from self._rows(state, record)
        else:
            state, outcome = self._other(state, record)
            yield _behind(state), outcome

    def _other(
        self, state: PipelineState, record: Command | Beat | Settings
    ) -> tuple[PipelineState, Outcome]:
        """A record that seals nothing."""
        if isinstance(record, Settings) and record.name == "exercise":
            return self._exercise(state, record)
        if isinstance(record, Settings):
            return self._settings(state, record), Outcome()
        return self._decide(state, record)

    def amendments(self, state: PipelineState, at: int, ahead: Iterable[Record] = ()) -> tuple[Settings, ...]:
        """What the ledger must be told for what is configured to be in force from ``at`` (s UTC) on.

        ``ahead`` are the records that it holds and ``state`` has not folded yet: they count as told.

        Everything else that decides is fixed for the life of a ledger.
        """
        for record in ahead:
            if isinstance(record, Settings) and record.name in ("start", *CHANGEABLE):
                state = self._settings(state, record)
        changed: tuple[Settings, ...] = ()
        if state.policy.hash != self.city.policy.hash:
            changed += (settings("policy", at, {"policy": msgspec.to_builtins(self.city.policy)}),)
        if state.model != self.city.model:
            changed += (settings("model", at, {"model": msgspec.to_builtins(self.city.model)}),)
        budget = self.city.detection.budget_per_week
        if self.detection.allowed(state.detection) != budget:
            changed += (settings(BUDGET, at, {BUDGET: budget}),)
        return changed

    def _ranked(self, findings: Findings, model: RiskModel | None) -> Findings:
        """Alarms in the model's order, where one is in force."""
        if model is None:
            return findings
        hotspots = tuple(ranked(model, h, self._caps.get(h.category, 0)) for h in findings.hotspots)
        return msgspec.structs.replace(findings, hotspots=hotspots)

    def _rows(self, state: PipelineState, record: Rows) -> Iterator[tuple[PipelineState, Outcome]]:
        for sealed_state, folded in sealing.stretches(state.sealing, record.rows, self.frame):
            state, outcome = self._stretch(msgspec.structs.replace(state, sealing=sealed_state), folded)
            yield (_behind(state) if folded.is_whole else state), outcome

    def _stretch(self, state: PipelineState, folded: Folded) -> tuple[PipelineState, Outcome]:
        outcomes: list[Outcome] = []
        for step in folded.steps:
            if isinstance(step, LateRows):
                state = self.late(state, step)
                continue
            state, outcome = (
                self.fast(state, step) if isinstance(step, FastRow) else self._bucket(state, step)
            )
            outcomes.append(outcome)
        return state, with_seals(gathered(outcomes), folded)

    def _bucket(self, state: PipelineState, bucket: SealedBucket) -> tuple[PipelineState, Outcome]:
        """Observe, detect, score and escalate one sealed bucket."""
        detection, findings = self.detection.step(state.detection, bucket, state.alerts.confirmed)
        return self.noted(state, bucket, detection, findings)

    def noted(
        self, state: PipelineState, bucket: SealedBucket, detection: DetectionState, findings: Findings
    ) -> tuple[PipelineState, Outcome]:
        """Alerts and escalation of one sealed bucket, given what detection made of it."""
        mapped = {} if state.model is None else {h.id: h.risk for h in findings.hotspots}
        findings = self._ranked(findings, state.model)
        silences = [Silence(s.feed, self._kinds[s.feed], s.areas) for s in findings.silent]
        blind = blind_units(silences, self.tree, self.streets, state.policy)
        noted, evidence = alerts.observe(
            state.alerts,
            findings.hotspots,
            bucket.closes_at,
            self.streets,
            self.tree,
            state.policy,
            blind,
        )
        state = msgspec.structs.replace(state, detection=detection, findings=findings, alerts=noted)
        stamp = bucket.closes_at + self.city.seal_delay
        state, outcome = self._decide(state, BucketInput(stamp=stamp, evidence=evidence))
        return state, msgspec.structs.replace(
            outcome, findings=(findings,), mapped=(mapped,), reminders=noted.reminders
        )

    def late(self, state: PipelineState, step: LateRows) -> PipelineState:
        """Late rows decide nothing; what is normal may learn from them."""
        return msgspec.structs.replace(state, detection=self.detection.correct(state.detection, step))

    def fast(self, state: PipelineState, step: FastRow) -> tuple[PipelineState, Outcome]:
        """A fast row is decided on at once."""
        return self._decide(state, self._fast(step))

    def _fast(self, step: FastRow) -> FastInput:
        """By the street of its place."""
        row = step.row
        if row["kind"] == KIND_CODE["sensor"]:
            sensor = self.city.sensors[int(row["sensor"])]
            area, cause = sensor.area, f"sensor {sensor.id}"
        else:
            area = self._areas[int(row["series"]) // self.frame.categories]
            cause = f"event {int(row['id_hash']):016x}"
        return FastInput(
            stamp=step.received_at,
            unit=self.streets[area],
            is_exercise=bool(row["mark"] & MARK_EXERCISE),
            cause=cause,
        )

    def _decide(self, state: PipelineState, given: Input) -> tuple[PipelineState, Outcome]:
        """One input of the escalation machines; alerts follow what its entries say."""
        decided, entries = machines.apply(state.machines, given, self.tree, state.policy)
        noted = alerts.follow(state.alerts, entries, state.policy)
        published, renewals = bulletins.follow(state.bulletins, entries, decided)
        groups = (len(entries),) if entries else ()
        outcome = Outcome(entries=entries, groups=groups, renewals=renewals)
        return msgspec.structs.replace(state, machines=decided, alerts=noted, bulletins=published), outcome

    def _exercise(self, state: PipelineState, record: Settings) -> tuple[PipelineState, Outcome]:
        """What a drill's scenario invents: enough buckets of a rank to be believed, or a threshold."""
        unit, rank = str(record.content["unit"]), record.content["rank"]
        given: list[Input] = [FastInput(stamp=record.stamp, unit=unit, is_exercise=True, cause="scenario")]
        if rank is not None:
            seen = Evidence(up=rank, hold=rank)
            bucket = BucketInput(stamp=record.stamp, evidence={unit: seen}, is_exercise=True)
            given = [bucket] * state.policy.enter_buckets
        entries: list[Entry] = []
        renewals: list[Renewal] = []
        for one in given:
            state, outcome = self._decide(state, one)
            entries += outcome.entries
            renewals += outcome.renewals
        groups = (len(entries),) if entries else ()
        return state, Outcome(entries=tuple(entries), groups=groups, renewals=tuple(renewals))

    def _settings(self, state: PipelineState, record: Settings) -> PipelineState:
        if _is_start(record):
            return self._begin(state, record)
        if record.name == "policy":
            return msgspec.structs.replace(state, policy=_policy(record))
        if record.name == "model":
            return msgspec.structs.replace(state, model=_model(record))
        if record.name == BUDGET:
            return msgspec.structs.replace(
                state, detection=self.detection.allowing(state.detection, _budget(record))
            )
        if record.name == "gap":
            content = record.content
            partition = self.frame.partition_names.index(content["partition"])
            skipped = sealing.skip_gap(state.sealing, partition, content["offset"])
            return msgspec.structs.replace(state, sealing=skipped)
        raise IntegrityError(
            "ledger", f"holds settings {record.name!r} that this program does not know", "update Tocsin"
        )

    def _begin(self, state: PipelineState, record: Settings) -> PipelineState:
        if state.origin_at != NOT_STARTED:
            raise IntegrityError("ledger", "has a second start record", "give one ledger at a time")
        origin_at = int(record.content["origin_at"])
        expected = self.city.frame()
        changed = sorted(key for key in expected if expected[key] != record.content.get(key))
        if changed:
            raise IntegrityError(
                "ledger",
                f"was begun with other settings: {', '.join(changed)}",
                "use the configuration it began with",
            )
        return msgspec.structs.replace(
            state,
            origin_at=origin_at,
            policy=_policy(record),
            model=_model(record),
            detection=self.detection.allowing(state.detection, _budget(record)),
            sealing=sealing.start(self.frame, origin_at),
            machines=machines.start(self.tree, origin_at),
        )


def newest(city: City, state: PipelineState) -> int:
    """The newest instant (s UTC) that any source partition was told of: what time it is in a rehearsal."""
    pairs = zip(state.sealing.watermark.tolist(), city.partitions, strict=True)
    return max(int(watermark) + partition.lateness_seconds for watermark, partition in pairs)


def _behind(state: PipelineState) -> PipelineState:
    """The state behind its record."""
    return msgspec.structs.replace(state, ledger_offset=state.ledger_offset + 1)


def with_seals(outcome: Outcome, folded: Folded) -> Outcome:
    """What the steps of a stretch led to, with the buckets that it sealed and the rows that it set aside."""
    sealed = tuple(step for step in folded.steps if isinstance(step, SealedBucket))
    return msgspec.structs.replace(
        outcome, sealed=sealed, set_aside=folded.set_aside, is_whole=folded.is_whole
    )


def gathered(outcomes: Sequence[Outcome]) -> Outcome:
    """What several steps led to, as one."""
    return Outcome(
        entries=tuple(entry for one in outcomes for entry in one.entries),
        groups=tuple(size for one in outcomes for size in one.groups),
        sealed=tuple(bucket for one in outcomes for bucket in one.sealed),
        findings=tuple(found for one in outcomes for found in one.findings),
        mapped=tuple(own for one in outcomes for own in one.mapped),
        set_aside=np.concatenate([NO_ROWS, *(one.set_aside for one in outcomes)]),
        reminders=tuple(reminder for one in outcomes for reminder in one.reminders),
        renewals=tuple(renewal for one in outcomes for renewal in one.renewals),
    )


def _policy(record: Settings) -> Policy:
    """The policy that a start or policy record lays down."""
    return read_policy(record.content["policy"], "ledger: policy")


def _model(record: Settings) -> RiskModel | None:
    """The model that a start or model record puts in force; None for the plain map."""
    return msgspec.convert(record.content.get("model"), RiskModel | None)


def _budget(record: Settings) -> float:
    """False alarms a week that a start or budget record allows; what names none, the usual."""
    budget = record.content.get(BUDGET, DetectionSettings().budget_per_week)
    if not isinstance(budget, int | float) or not budget > 0:
        where = f"ledger: {record.name}"
        raise IntegrityError(where, f"allows {budget!r} alarms a week", "restore the ledger")
    return float(budget)


def _is_start(record: Record) -> bool:
    return isinstance(record, Settings) and record.name == "start"


def _frame(city: City) -> Frame:
    """What sealing must know of the city."""
    shape, partitions = city.shape(), city.partitions
    feeds = {feed: number for number, feed in enumerate(shape.feeds)}
    return Frame(
        bucket_seconds=city.bucket_seconds,
        max_skew=city.max_skew,
        areas=len(shape.areas),
        categories=len(shape.categories),
        feeds=len(shape.feeds),
        lateness=np.array([p.lateness_seconds for p in partitions], np.int64),
        partition_feed=np.array([feeds[p.feed] for p in partitions], np.int64),
        partition_names=tuple(p.name for p in partitions),
        sensor_area=shape.sensor_area.astype(np.int64),
    )
