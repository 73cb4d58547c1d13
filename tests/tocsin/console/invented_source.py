"""A source that serves one picture of the invented city and stands in for ledger and table."""

import msgspec
from invented_city import night

from tocsin.console.changes import Changes
from tocsin.console.phrases import Phrase
from tocsin.console.source import CommandReceipt, ReportReceipt
from tocsin.console.view import JournalLine


class InventedSource:
    """Serves one instant of the night; acts change it by a few simple rules that stand in for the table."""

    def __init__(self, view=None):
        self.view = view or night()
        self.changes = Changes(self.view.offset)
        self.commands = []
        self.reports = []
        self.told = ReportReceipt()
        self.receipts = {}
        self.is_deaf = False

    def snapshot(self):
        return self.view

    def now(self):
        return self.view.now_at

    async def wait(self, after_offset, timeout_seconds):
        return await self.changes.wait(after_offset, timeout_seconds)

    def unit(self, unit):
        return next(u for u in self.view.real.units if u.id == unit)

    def refusal(self, command):
        unit, kind = self.unit(command.unit), command.kind
        rules = (
            ("C0", command.role in ("analyst", "admin")),
            (
                "A2",
                kind == "acknowledge"
                and not any(
                    d.unit == unit.id and d.kind in ("acknowledge", "answer") for d in self.view.real.duties
                ),
            ),
            ("F2", kind == "confirm" and unit.mode != "WARNING"),
            ("R4", kind == "reject" and unit.mode not in ("WARNING", "PROVISIONAL")),
            ("S2", kind == "co_sign" and command.actor in {s.actor for s in unit.signatures}),
            ("S1", kind == "co_sign" and unit.co_sign_level is None),
            ("L1", kind == "silence" and (unit.mode in ("PROVISIONAL", "EMERGENCY") or unit.rank >= 4)),
            ("D7", kind == "ratify" and unit.mode != "PROVISIONAL"),
            ("D8", kind == "declare" and unit.response == command.level),
            ("X7", kind == "stand_down" and unit.mode in ("NORMAL", "MONITORING", "RECOVERY")),
            (
                "W3",
                kind == "report_in"
                and not any(d.unit == unit.id and d.about in command.about for d in self.view.real.duties),
            ),
            ("H1", kind == "hand_over" and unit.parent is None),
            ("B3", kind == "begin_drill" and unit.mode not in ("NORMAL", "MONITORING")),
            ("B5", kind == "end_drill" and self.view.drill is None),
        )
        return next((Phrase(f"row-{row}") for row, broken in rules if broken), None)

    def submit(self, command):
        if self.is_deaf:
            raise TimeoutError
        if command.id in self.receipts:
            return self.receipts[command.id]
        self.commands.append(command)
        reason = self.refusal(command)
        unit = self.unit(command.unit)
        state = (unit.mode, unit.rank, unit.response)
        line = JournalLine(
            seq=1000 + len(self.commands),
            at=command.stamp,
            unit=command.unit,
            trigger=command.kind,
            row=reason.key.rsplit("-", 1)[1] if reason else "A1",
            before=state,
            after=state,
            actor=command.actor,
            role=command.role,
            effects=("refused",) if reason else ("notify",),
            reason=reason,
            is_refused=reason is not None,
            note=command.note,
        )
        real = self.view.real
        if not reason:
            kept = tuple(
                d
                for d in real.duties
                if (d.unit, d.kind) != (command.unit, command.kind.replace("_", "-"))
                or (d.about and d.about not in command.about and d.kind == "report-in")
            )
            real = msgspec.structs.replace(real, duties=kept)
        self.view = msgspec.structs.replace(
            self.view, offset=self.view.offset + 1, journal=(line, *self.view.journal), real=real
        )
        self.changes.announce(self.view.offset)
        self.receipts[command.id] = CommandReceipt(entry=line)
        return self.receipts[command.id]

    def report(self, feed, report):
        if self.is_deaf:
            raise TimeoutError
        self.reports.append((feed, report))
        return msgspec.structs.replace(
            self.told, category=report.category, area=self.told.area or report.area
        )
