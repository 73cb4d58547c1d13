"""The console's source on the embedded run: one picture for each stretch of the ledger."""

import asyncio
import threading
from collections.abc import Mapping
from typing import Final

import msgspec

from alerting import machines
from alerting.delivery_log import Logged
from alerting.journal import Entry, read_line
from streams.commands import Command
from streams.errors import AwayError
from streams.events import REASONS, id_hash
from streams.ledger import Rows
from streams.sources.report import REPORT, SYSTEM, Report
from streams.wording import Key
from tocsin.city import DECIDES_SECONDS, City
from tocsin.console.phrases import Phrase
from tocsin.console.source import CommandReceipt, ReportReceipt
from tocsin.console.view import (
    Area,
    CityView,
    Department,
    DrillView,
    JournalLine,
    MapView,
    Person,
    Plan,
    PolicyFacts,
    Story,
)  # fmt: skip
from tocsin.embedded import Embedded
from tocsin.fold import Advance
from tocsin.geography import rings_of
from tocsin.people import PeopleConfig
from tocsin.picture.arrivals import Arrivals
from tocsin.picture.drills import names_of, progress
from tocsin.picture.feeds import feed_views, unseen_areas
from tocsin.picture.fit import misfit_views
from tocsin.picture.hotspots import Teller, gravest
from tocsin.picture.memory import Memory
from tocsin.picture.plans import ticks
from tocsin.picture.setup import budget_view, steps
from tocsin.picture.telling import blind_told, drill_told
from tocsin.picture.units import duty_views, spans, unit_views
from tocsin.pipeline import Pipeline, PipelineState
from tocsin.scenarios import Scenario, scenario_of

JOURNAL_LINES: Final = 200
REMEMBERED_LINES: Final = 20_000
ANSWER_SECONDS: Final = 5.0
POLL_SECONDS: Final = 0.2


class LiveCity:
    """A ``CitySource`` over an embedded run."""

    def __init__(
        self,
        city: City,
        people: PeopleConfig,
        pipeline: Pipeline,
        run: Embedded[PipelineState],
        is_demo: bool = False,
        plans: tuple[Plan, ...] = (),
        scenarios: Mapping[str, Scenario] | None = None,
        wording_key: Key | None = None,
    ) -> None:
        self.city, self.people, self.pipeline, self.run, self.is_demo = city, people, pipeline, run, is_demo
        self.plans, self.scenarios, self._wording_key = plans, scenarios or {}, wording_key
        self.arrivals = Arrivals()
        start = max(0, run.history.journal_length() - REMEMBERED_LINES)
        self._state = run.fold.state
        self.memory = Memory(
            (read_line(line) for line in run.history.journal(start)),
            city.bucket_seconds,
            self._state.sealing.next_bucket,
        )
        self._map = city_map(city)
        self._lock = threading.Lock()
        self._drawn: tuple[tuple[object, ...], CityView] | None = None
        run.on_change(self._note)

    # -- what the console asks ----------------------------------------------------------------------------

    def now(self) -> int:
        """The run's clock."""
        return self.run.clock()

    def snapshot(self) -> CityView:
        """The newest picture; drawn anew when the ledger grows, begins to stand, or a delivery is settled."""
        with self._lock:
            stands_since = self._stands_since()
            drawn = self._state.ledger_offset, stands_since, self.run.outbox.counts()
            if self._drawn is None or self._drawn[0] != drawn:
                self._drawn = drawn, self._draw(stands_since)
            return msgspec.structs.replace(self._drawn[1], now_at=self.now())

    def _stands_since(self) -> int | None:
        """Until when all is known, if buckets that are due do not close or nobody decides; else None."""
        state = self._state
        if state.findings is None or self.run.is_rehearsal:
            return None
        now, sealed_to = self.now(), state.sealing.next_bucket * self.city.bucket_seconds
        if now - sealed_to > self.city.overdue_after:
            return sealed_to
        return state.machines.at if now - state.machines.at > DECIDES_SECONDS else None

    async def wait(self, after_offset: int, timeout_seconds: float) -> int:
        """The ledger offset that is drawn, as soon as it is beyond ``after_offset`` or the time is over."""
        tries = max(1, round(timeout_seconds / POLL_SECONDS))
        for _ in range(tries):
            if self._state.ledger_offset > after_offset:
                break
            await asyncio.sleep(POLL_SECONDS)
        return self._state.ledger_offset

    def submit(self, command: Command) -> CommandReceipt:
        """Put a command into the ledger and wait for its entry; raises ``TimeoutError`` if none comes."""
        self.run.submit_command(command)
        entries = self.run.entries_of(command.id, ANSWER_SECONDS)
        own = [entry for entry in entries if entry.trigger == command.kind]
        if not own:
            raise TimeoutError(command.id)
        return CommandReceipt(entry=journal_line(own[0]))

    def refusal(self, command: Command) -> Phrase | None:
        """What the table would say now, tried on a copy of the machines."""
        decided, policy = self._state.machines, self.city.policy
        stamp = max(decided.at, command.stamp)
        trial = msgspec.structs.replace(command, id=f"{command.id}?", stamp=stamp)
        _, entries = machines.take(decided, trial, self.city.units, policy)
        own = [entry for entry in entries if entry.trigger_id == trial.id]
        return _reason(own[0]) if own and _is_refused(own[0]) else None

    def report(self, feed: str, report: Report) -> ReportReceipt:
        """Put a report's bytes behind the feed's door and wait for its row in the ledger."""
        partitions = [p.name for p in self.city.partitions]
        mine = [number for number, p in enumerate(self.city.partitions) if p.feed == feed]
        self.memory.by_hand.add(id_hash(SYSTEM, report.id))
        with self.arrivals.watching(mine) as watch:
            try:
                kept = self.run.submit_raw(
                    feed, report.payload(), REPORT, self.now(), f"report by {report.by}"
                )
            except AwayError as error:  # a broker that does not answer may have taken it all the same
                raise TimeoutError(report.id) from error
            reason = watch.wait((partitions.index(kept.partition), kept.offset), ANSWER_SECONDS)
        return self._told(report, REASONS[reason - 1].value if reason else "")

    def _told(self, report: Report, reason: str) -> ReportReceipt:
        """The ledger's word with what became of the text, where the event is here already."""
        areas = [report.area] if report.area else list(self.city.gazetteer.area_ids)
        events = [
            event
            for area in areas
            for event in self.run.events(area, report.category, report.at - 3_600)
            if event.id == report.id
        ]
        area, text = (events[0].area, events[0].text or "") if events else (report.area, "")
        return ReportReceipt(reason=reason, category=report.category, area=area, text=text)

    # -- how it is drawn ----------------------------------------------------------------------------------

    def _note(self, advance: Advance[PipelineState]) -> None:
        with self._lock:
            before, after = self._state.machines, advance.state.machines
            self.memory.note((folded.record, folded.outcome) for folded in advance.folded)
            self.memory.settle(before.real, after.real)
            self.memory.settle(before.exercise, after.exercise, is_exercise=True)
            self._state = advance.state
        for folded in advance.folded:
            if isinstance(folded.record, Rows):
                self.arrivals.note(folded.record.rows, folded.outcome.set_aside)

    def _draw(self, stands_since: int | None) -> CityView:
        city, state, findings = self.city, self._state, self._state.findings
        deliveries = self.run.outbox.entries()
        width = city.bucket_seconds
        is_begun = findings is not None
        sealed_to = state.sealing.next_bucket * width if is_begun else None
        return CityView(
            offset=state.ledger_offset,
            city=city.id,
            names=city.names,
            zone=city.zone,
            now_at=self.now(),
            decision_at=state.machines.at,
            sealed_to=sealed_to,
            next_seal_at=sealed_to + width + city.seal_delay if sealed_to else None,
            bucket_seconds=width,
            map=self._map,
            real=self._real(deliveries),
            feeds=feed_views(city, state, self.memory, self._letters(), self.now()),
            seen_areas=unseen_areas(city, findings)
            if stands_since is None
            else dict.fromkeys(city.gazetteer.area_ids, "none"),
            stands_since=stands_since,
            journal=tuple(journal_line(e) for e in list(self.memory.entries)[-JOURNAL_LINES:][::-1]),
            budget=budget_view(findings),
            misfits=misfit_views(city, findings),
            drill=self._drill(deliveries),
            steps=steps(city, self.people, findings, self.memory),
            people=tuple(
                Person(id=p.id, names=p.names or {"en": p.id}, role=p.role, unit=p.unit)
                for p in self.people.person
            ),
            departments=tuple(Department(d.id, d.names or {"en": d.id}) for d in self.people.department),
            categories={c.id: c.names for c in city.taxonomy.categories},
            plans=self.plans,
            blind_told=blind_told(state.machines.real, self.memory.entries, deliveries),
            policy=PolicyFacts(
                co_sign_seconds=city.policy.co_sign_seconds,
                report_in_seconds=city.policy.report_in_seconds,
                reject_hold_seconds=city.policy.reject_hold_seconds,
                silence_max_seconds=city.policy.silence_max_seconds,
            ),
            scenarios={name: one.names for name, one in self.scenarios.items()},
            is_demo=self.is_demo,
            is_rehearsal=self.run.is_rehearsal,
        )

    def _real(self, deliveries: list[Logged]) -> Story:
        state = self._state
        entries = list(self.memory.entries)
        teller = Teller(
            self.city,
            state,
            entries,
            deliveries,
            self.run.events,
            self.pipeline.detection.upper_bound,
            self.memory,
            self._wording_key,
        )
        hotspots = tuple(teller.view(h) for h in (state.findings.hotspots if state.findings else ()))
        gravest_of = gravest(hotspots)
        return Story(
            units=unit_views(
                self.city, state.machines.real, self.memory, gravest_of, silences=state.alerts.silences
            ),
            duties=duty_views(self.city, self.people, state.machines.real, self.memory, gravest_of),
            done=tuple(self.memory.done),
            hotspots=hotspots,
            spans=tuple(span for span in spans(entries) if not span.is_exercise),
            ticks=ticks(entries, is_exercise=False),
        )

    def _drill(self, deliveries: list[Logged]) -> DrillView | None:
        exercise = self._state.machines.exercise
        if not exercise:
            return None
        begun = self.drills_begun()
        lead = next((e for e in begun if scenario_of(e)), begun[0] if begun else None)
        unit = lead.unit if lead else next(u for u in self.city.units.order if u in exercise)
        scenario = self.scenarios.get(scenario_of(lead)) if lead else None
        story = Story(
            units=unit_views(self.city, exercise, self.memory, {}, is_exercise=True),
            duties=duty_views(self.city, self.people, exercise, self.memory, {}, is_exercise=True),
            done=tuple(self.memory.played),
            spans=tuple(span for span in spans(self.memory.entries) if span.is_exercise),
            ticks=ticks(self.memory.entries, is_exercise=True),
        )
        begun_at = lead.at if lead else exercise[unit].since_at
        return DrillView(
            unit=unit,
            begun_at=begun_at,
            begun_by=(lead.actor or "") if lead else "",
            story=story,
            names=scenario.names if scenario else names_of(lead) if lead else {},
            told=drill_told(deliveries, begun_at),
            progress=progress(story),
            category=scenario.category if scenario else "",
        )

    def drills_begun(self) -> list[Entry]:
        """The entries that began the drills that are on, city first."""
        exercise = self._state.machines.exercise
        last = {e.unit: e for e in list(self.memory.entries) if e.row == "B1" and e.unit in exercise}
        return [last[unit] for unit in self.city.units.order if unit in last]

    def _letters(self) -> dict[str, int]:
        rows = self.run.store.read(
            "SELECT source, count(*) FROM dead_letter WHERE state = 'listed' GROUP BY source"
        )
        return {str(source): int(count) for source, count in rows}


def city_map(city: City) -> MapView:
    """The outlines of all areas, to be drawn once."""
    areas = tuple(
        Area(
            id=area.id,
            names=area.names,
            unit=area.street,
            rings=rings_of(area.shape),
        )
        for area in city.gazetteer.areas
    )
    return MapView(hash=city.gazetteer.content_hash[:16], areas=areas)


def journal_line(entry: Entry) -> JournalLine:
    """An entry as the journal page shows it."""
    standing = entry.before or entry.after
    before = (standing.mode, standing.rank, standing.response) if standing else ("NORMAL", 0, 0)
    after = (entry.after.mode, entry.after.rank, entry.after.response) if entry.after else before
    notes = [str(effect.args["note"]) for effect in entry.effects if effect.args.get("note")]
    return JournalLine(
        seq=entry.seq,
        at=entry.at,
        unit=entry.unit,
        trigger=entry.trigger,
        row=entry.row,
        before=before,
        after=after,
        actor=entry.actor or "",
        role=entry.role or "",
        effects=tuple(effect.kind for effect in entry.effects),
        reason=_reason(entry),
        note=notes[0] if notes else "",
        is_refused=_is_refused(entry),
        is_exercise=entry.exercise,
        hash=entry.hash,
    )


def _is_refused(entry: Entry) -> bool:
    return any(effect.kind == "refused" for effect in entry.effects)


def _reason(entry: Entry) -> Phrase | None:
    return Phrase(entry.reason) if entry.reason and _is_refused(entry) else None
