"""A made district with five surges in its fourth week, two of them answered: for tests of what-ifs."""

import msgspec
import numpy as np

from benchmarks.made_city import made_city
from benchmarks.synthetic import DAY, DISTRICT, ORIGIN, rows
from detectors.settings import DetectionSettings
from replay.histories import in_order
from streams.commands import Command
from streams.ledger import Rows, settings

LOAD = DISTRICT._replace(days=28)
SETTINGS = DetectionSettings(warm_up_weeks=1, calibration_min_weeks=2)
CITY = msgspec.structs.replace(made_city(LOAD), detection=SETTINGS)
CATEGORIES = len(CITY.taxonomy.category_ids)
SURGES = ((22, 1, 3, 14), (23, 4, 7, 9), (24, 7, 3, 30), (25, 8, 3, 12), (26, 10, 11, 20))
"""Day, area, category, and how many calls come in its hour."""


def surge_rows(made):
    """Calls of the surges, as copies of calls of their hour."""
    parts = []
    calls = made[(made["mark"] == 0) & (made["kind"] == 1)]
    for number, (day, area, category, calls_in_hour) in enumerate(SURGES):
        began = ORIGIN + day * DAY + 15 * 3600
        own = calls[np.resize(np.flatnonzero(calls["partition"] == 0), calls_in_hour)].copy()
        own["event_at"] = began + np.linspace(0, 3599, calls_in_hour).astype(int)
        own["received_at"] = own["event_at"] + 30
        own["series"] = area * CATEGORIES + category
        own["id_hash"] = np.arange(calls_in_hour) + 1_000_000 * (number + 1)
        parts.append(own)
    return np.concatenate(parts)


def act(kind, day, hour, unit, **more):
    at = ORIGIN + day * DAY + hour * 3600
    return Command(
        id=f"{kind}-{day}-{hour}-{unit}", stamp=at, kind=kind, unit=unit, actor="lin", role="chief",
        actor_unit="city", **more,
    )  # fmt: skip


def ledger(city=CITY):
    """The district's records, with two answers and a policy that changes on the way."""
    made = rows(LOAD)
    whole = in_order(np.concatenate((made, surge_rows(made))))
    policy = {**msgspec.to_builtins(city.policy), "leave_buckets": 6}
    others = [
        act("confirm", 22, 17, "s000"),
        settings("policy", ORIGIN + 24 * DAY, {"policy": policy}),
        act("reject", 24, 17, "s001"),
    ]
    records, at = [city.start_settings(ORIGIN)], 0
    for other in others:
        end = int(np.searchsorted(whole["received_at"], other.stamp, side="right"))
        records += [Rows(whole[at:end]), other]
        at = end
    return [*records, Rows(whole[at:])]
