"""Random histories in the play format: trees, policies and inputs, from one seeded generator."""

import random

COMMANDS = (
    "acknowledge", "confirm", "reject", "declare", "ratify", "co_sign", "stand_down", "whistle", "report_in",
    "hand_over", "silence", "begin_drill", "end_drill",
)  # fmt: skip
STEPS = (0, 0, 1, 30, 60, 120, 300, 600, 900, 900, 900, 1800, 3600, 7200, 20000)
DEPARTMENTS = ("gas", "fire", "water")


def tree(rng: random.Random) -> dict:
    """A city with one to three tiers below it, or alone."""
    parents = {"c": None}
    for d in range(rng.randint(0, 3)):
        parents[f"d{d}"] = "c"
        for s in range(rng.randint(0, 3)):
            parents[f"s{d}{s}"] = f"d{d}"
            if rng.random() < 0.1:
                parents[f"v{d}{s}"] = f"s{d}{s}"
    return parents


def policy(rng: random.Random) -> dict:
    """Mostly small numbers, so that everything happens within a short history."""
    if rng.random() < 0.15:
        return {}
    n = rng.randint(1, 4)
    some = {
        "enter_buckets": rng.randint(1, n),
        "of_last_buckets": n,
        "leave_buckets": rng.randint(1, 4),
        "dwell_seconds": {m: rng.choice((0, 900, 3600)) for m in ("MONITORING", "WARNING", "RECOVERY")},
        "acknowledge_seconds": {str(r): rng.choice((60, 300, 900, 1800)) for r in (2, 3, 4, 5)},
        "ratify_seconds": rng.choice((60, 600)),
        "co_sign_seconds": rng.choice((60, 900)),
        "report_in_seconds": rng.choice((300, 900, 1800)),
        "answer_seconds": rng.choice((60, 300, 900)),
        "calls_per_duty": rng.randint(0, 3),
        "child_floor": {str(r): rng.randint(0, 4) for r in (2, 3, 4, 5)},
    }
    return {k: v for k, v in some.items() if k in ("enter_buckets", "of_last_buckets") or rng.random() < 0.8}


def lineage(parents: dict, unit: str) -> list:
    above = [unit]
    while parents[above[-1]] is not None:
        above.append(parents[above[-1]])
    return above


def bucket(rng: random.Random, parents: dict, stamp: int, mood: int) -> dict:
    order = sorted(parents, key=lambda u: (len(lineage(parents, u)), u))
    units = {}
    for unit in order:
        up = rng.choice((0, 0, min(mood, 5), rng.randint(0, 5)))
        hold = rng.randint(up, 5) if rng.random() < 0.3 else up
        units[unit] = [up, hold, rng.random() < 0.2, rng.random() < 0.12]
    return {"stamp": stamp, "kind": "bucket", "units": units}


def command(rng: random.Random, parents: dict, stamp: int, drilled: list) -> dict:
    kind = rng.choice(COMMANDS)
    unit = rng.choice(sorted(parents))
    home = rng.choice(lineage(parents, unit) if rng.random() < 0.93 else sorted(parents))
    roles = ("operator", "officer", "chief", "chief", "chief", "chief", "analyst", "admin")
    role = rng.choice(roles if rng.random() < 0.3 else ("officer", "chief", "chief"))
    line = {
        "stamp": stamp, "kind": kind, "unit": unit, "actor": [rng.choice("abcde"), role, home],
        "exercise": rng.random() < 0.2, "is_attested": rng.random() < 0.3,
    }  # fmt: skip
    if kind == "begin_drill":
        drilled.append(unit)
    elif drilled and rng.random() < 0.3:
        line["unit"], line["exercise"] = rng.choice(drilled), rng.random() < 0.8
        line["actor"][2] = rng.choice(lineage(parents, line["unit"]))
    if kind in ("declare", "ratify"):
        line["level"] = rng.choice((2, 3, 3, 4, 4, 5, 5, rng.randint(0, 5)))
    if kind == "whistle":
        named = rng.sample(DEPARTMENTS, rng.randint(0, 3))
        line["about"] = [*named, "upper"] if rng.random() < 0.4 else named
    if kind == "report_in":
        line["about"] = [rng.choice(DEPARTMENTS)]
    return line


def history(seed: int, length: int = 60) -> list[dict]:
    """One whole history: its first line, then ``length`` inputs."""
    rng = random.Random(seed)
    parents = tree(rng)
    lines = [{"history": seed, "tree": parents, "policy": policy(rng)}]
    stamp, mood, drilled = 0, 0, []
    likes = rng.choice(((1, 6, 1, 4), (1, 3, 1, 8), (0, 1, 1, 8), (1, 9, 1, 2)))
    for _ in range(length):
        stamp += rng.choice(STEPS) if rng.random() < 0.97 else -rng.choice(STEPS)
        stamp = max(0, stamp)
        mood = rng.choice((mood, mood, 0, rng.randint(0, 5)))
        kind = rng.choices(("beat", "bucket", "fast", "command"), likes)[0]
        if kind == "beat":
            lines.append({"stamp": stamp, "kind": "beat"})
        elif kind == "bucket":
            lines.append(bucket(rng, parents, stamp, mood))
        elif kind == "fast":
            unit = rng.choice(drilled) if drilled and rng.random() < 0.5 else rng.choice(sorted(parents))
            lines.append({"stamp": stamp, "kind": "fast", "unit": unit, "exercise": rng.random() < 0.3})
        else:
            lines.append(command(rng, parents, stamp, drilled))
    return lines
