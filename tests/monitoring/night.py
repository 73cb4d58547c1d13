"""A night of the demonstration city, stopped where most is open, and what must be true of it then."""

import contextlib
import http.server
import json
import shutil
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

import tocsin
from alerting.journal import Standing, read_line
from alerting.levels import MODES
from tocsin import config
from tocsin.demo.driver import MINUTE, Demo
from tocsin.demo.story import DAY, HOUR
from tocsin.live.health import Health
from tocsin.live.metrics import LIVE_METRICS, LiveMetrics
from tocsin.samples import is_late

CITY: Final = Path(tocsin.__file__).parents[1] / "config" / "demo"
STOPPED_AT: Final = DAY + 11 * HOUR + 1200
"""Seconds into the story: a child calls its upper unit, a co-signature is owed, a department is late."""
LEFT_MINUTES: Final = 5
"""So many of them are played while Prometheus scrapes, so that there are rates."""
ROUTES: Final = """
receivers = [
  {{ id = "wall", notifier = "file", to = "wall.jsonl" }},
  {{ id = "refuses", notifier = "webhook", to = "http://127.0.0.1:{port}/403" }},
  {{ id = "hangs", notifier = "webhook", to = "http://127.0.0.1:{port}/503" }},
]
routes = [
  {{ receiver = "wall" }},
  {{ receiver = "refuses", tiers = ["city"] }},
  {{ receiver = "hangs", tiers = ["district"] }},
]
"""


class Night:
    """A played demonstration that serves its metrics on loopback."""

    def __init__(self, directory: Path, webhook: int) -> None:
        city = Path(shutil.copytree(CITY, directory / "city"))
        (city / "routes.toml").write_text(ROUTES.format(port=webhook))
        self.demo = Demo(config.load(city), directory / "store", 1, 3)
        story = self.demo.story
        self.ends_at = story.began_at + STOPPED_AT
        early = msgspec.structs.replace(story, ended_at=self.ends_at - LEFT_MINUTES * MINUTE)
        self.demo.story = early
        self.demo.play()
        self.running = self.demo.running
        self.health = Health(lambda: True, self.running.metrics.render)
        figures = {m.name: {("t", "0") if m.labels else (): 7.0} for m in LIVE_METRICS}
        roles = [LiveMetrics(role, lambda: figures) for role in ("intake", "step", "dispatch")]
        self.workers = Health(lambda: True, lambda: b"".join(role.render() for role in roles))

    def go_on(self) -> Iterator[None]:
        """The minutes that are left, one at a time."""
        for at in range(self.ends_at - (LEFT_MINUTES - 1) * MINUTE, self.ends_at + 1, MINUTE):
            self.demo.minute(at)
            yield

    def close(self) -> None:
        """Stop serving."""
        self.health.close()
        self.workers.close()
        self.demo.close()


@contextlib.contextmanager
def receiver_that_refuses() -> Iterator[int]:
    """A webhook that answers each POST with the status that its path names; its port."""

    class Refuses(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(int(self.path[1:]))
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Nothing to say."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Refuses)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


class Truth:
    """What the journal, the state and the delivery log say, counted here and not by the metrics."""

    def __init__(self, night: Night) -> None:
        run = night.running.run
        self.now, self.city, self.state = night.demo.clock(), night.demo.city, run.fold.state
        self.entries = [read_line(line) for line in run.history.journal()]
        self.standing: dict[str, Standing] = dict.fromkeys(self.city.units.order, Standing("NORMAL", 0, 0))
        self.practising: set[str] = set()
        for entry in self.entries:
            if entry.after and not entry.exercise:
                self.standing[entry.unit] = entry.after
            if entry.trigger in ("begin_drill", "end_drill"):
                change = self.practising.add if entry.trigger == "begin_drill" else self.practising.discard
                change(entry.unit)
        self.duties = [(u, d) for u, m in self.state.machines.real.items() for d in m.duties]
        assert self.state.findings is not None
        self.findings, self.spots = self.state.findings, self.state.findings.hotspots
        self.told = Counter(
            (str(receiver), str(state))
            for receiver, state in run.store.read("SELECT receiver, state FROM delivery")
        )

    def modes(self, *tiers: str) -> list[float]:
        return sorted(
            MODES.index(s.mode) for u, s in self.standing.items() if self.city.units.tier(u) in tiers
        )

    def left(self) -> list[float]:
        """Time to the next deadline of each unit and kind."""
        ends: dict[tuple[str, str], int] = {}
        for unit, duty in self.duties:
            if duty.due_at is not None:
                ends[unit, duty.kind] = min(duty.due_at, ends.get((unit, duty.kind), duty.due_at))
        return sorted(float(at - self.now) for at in ends.values())

    def area_ranks(self) -> list[float]:
        lines = self.state.policy.enter_lines
        risks = dict.fromkeys(self.city.gazetteer.area_ids, 0)
        for spot in self.spots:
            for area in spot.areas:
                risks[area] = max(risks[area], spot.risk)
        return sorted(float(sum(risk >= line for line in lines)) for risk in risks.values())

    def spot_ranks(self) -> list[float]:
        return sorted(float(sum(s.risk >= x for x in self.state.policy.enter_lines)) for s in self.spots)

    def panels(self) -> dict[tuple[str, str], list[float]]:
        """By (panel, query): the values that must come back, sorted. Rates and clocks are not among them."""
        overdue = [float(sum(is_late(d, self.state.machines.at) for _, d in self.duties))]
        open_duties, left = [float(len(self.duties))], self.left()
        alerts = Counter(a.state for a in self.state.alerts.alerts.values())
        untold = [float(sum(n for (_, s), n in self.told.items() if s != "delivered"))]
        budget, ranks = self.findings.budget, [float(s.rank) for s in self.standing.values()]
        street_modes = [mode for mode in self.modes("street") if mode]
        return {
            ("sight", "A"): [0.0],
            ("city-mode", "A"): self.modes("city"),
            ("highest-rank", "A"): [max(ranks)],
            ("overdue", "A"): overdue,
            ("drilling", "A"): [float(len(self.practising))],
            ("map", "A"): self.area_ranks(),
            ("duties", "A"): left,
            ("hotspots", "A"): self.spot_ranks(),
            ("hotspots", "B"): sorted(float(s.explanation.observed) for s in self.spots),
            ("hotspots", "C"): sorted(float(s.explanation.expected) for s in self.spots),
            ("hotspots", "D"): sorted(float(self.now - s.began_at) for s in self.spots),
            ("upper-modes", "A"): self.modes("city", "district"),
            ("upper-modes", "B"): street_modes,
            ("budget", "A"): [float(budget.spent)],
            ("budget", "B"): [float(budget.allowed)],
            ("decision-age", "A"): [float(self.now - self.state.machines.at)],
            ("waiting", "A"): [0.0],
            ("feeds", "A"): [0.0] * len(self.city.feeds),
            ("dead-letters", "A"): [0.0],
            ("fit", "A"): sorted(
                float({m.category: m.side for m in self.findings.misfits}.get(category, 0))
                for category in self.city.taxonomy.category_ids
            ),
            ("workers-behind", "A"): [7.0],
            ("workers-behind", "B"): [7.0],
            ("workers-behind", "C"): [7.0],
            ("step-owners", "A"): [7.0],
            ("responding", "A"): [float(sum(s.response > 0 for s in self.standing.values()))],
            ("blind-units", "A"): [0.0],
            ("untold", "A"): untold,
            ("modes", "A"): self.modes("city", "district", "street"),
            ("standing", "A"): sorted(ranks),
            ("standing", "B"): sorted(float(s.response) for s in self.standing.values()),
            ("standing", "C"): sorted(float(u in self.practising) for u in self.standing),
            ("owed", "A"): open_duties,
            ("owed", "B"): overdue,
            ("alerts", "A"): [float(alerts["active"])],
            ("alerts", "B"): [float(alerts["acknowledged"])],
            ("deliveries", "A"): sorted(float(n) for n in self.told.values()),
            ("entries", "A"): [float(len(self.entries))],
        }


def boards(locale: str) -> dict[str, dict[str, Any]]:
    """The committed dashboards of a language, by file name."""
    folder = CITY.parents[1] / "dashboards" / locale
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in folder.glob("*.json")}
