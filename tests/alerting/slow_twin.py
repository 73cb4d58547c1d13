"""A second, deliberately naive reading of the escalation rules: plain dicts, if and elif, nothing shared.

It imports nothing of the program. Where it and the program differ, one of them has misread a rule.
"""

from slow_twin_rows import DEFAULTS, KIND_ORDER, Rows, new_machine


class City(Rows):
    def __init__(self, head):
        self.tree = head["tree"]
        self.policy = {}
        for key, default in DEFAULTS.items():
            given = head.get("policy", {}).get(key, default)
            self.policy[key] = {**default, **given} if isinstance(default, dict) else given
        self.at = 0
        self.machines = {(u, False): new_machine(0) for u in self.tree}
        self.out = []
        self.mail = []

    def feed(self, item):
        t = max(self.at, item["stamp"])
        while True:
            due = []
            for (unit, ex), m in self.machines.items():
                for (kind, about), d in m["duties"].items():
                    if d["due"] is not None and d["due"] <= t:
                        due.append((d["due"], unit, ex, KIND_ORDER.index(kind), about))
            if not due:
                break
            d, unit, ex, k, about = min(due)
            self.at = max(self.at, d)
            self.trigger(unit, ex, "overdue", {"duty": (KIND_ORDER[k], about)})
        self.at = t
        kind = item["kind"]
        if kind == "beat":
            return
        if kind == "bucket":
            for unit, seen in item["units"].items():
                self.trigger(unit, False, "bucket", {"seen": seen})
        elif kind in ("begin_drill", "end_drill"):
            self.trigger(item["unit"], False, kind, item)
        else:
            self.trigger(item["unit"], bool(item.get("exercise")), kind, item)

    def trigger(self, unit, ex, kind, facts):
        self.one(unit, ex, kind, facts)
        while self.mail:
            self.one(*self.mail.pop(0))

    def write(self, unit, ex, kind, row, before, after, effects):
        self.out.append({
            "at": self.at, "unit": unit, "exercise": ex, "trigger": kind, "row": row, "before": before,
            "after": after, "effects": effects,
        })  # fmt: skip

    def one(self, unit, ex, kind, facts):
        m = self.machines.get((unit, ex))
        if m is None:
            self.write(unit, ex, kind, "-", None, None, [])
            return
        upper = self.tree[unit]
        before = [m["mode"], m["rank"], m["response"]]
        was_blind, was_floor = m["blind"], self.below(m)
        had_called = self.called(m)
        row, effects, mail = self.decide(m, unit, upper, kind, facts)
        if row is None:
            raise AssertionError((m, kind, facts))
        after = [m["mode"], m["rank"], m["response"]]
        ended_drill = None
        if effects != ["refused"]:
            if m["blind"] != was_blind:
                effects.append("blind")
            if m["drilling"] and m["mode"] in ("WARNING", "PROVISIONAL", "EMERGENCY"):
                effects.append("drill")
                m["drilling"] = False
                ended_drill = unit
            if self.below(m) != was_floor:
                for child in self.children(unit):
                    effects.append("floor")
                    mail.append((child, ex, "floor", {"r": self.below(m)}))
            if upper is not None:
                for k in sorted(had_called - self.called(m)):
                    effects.append("withdraw")
                    mail.append((upper, ex, "withdraw", {"child": unit, "why": "overdue " + k}))
        if row == "B4":
            ended_drill = unit
        if ended_drill is not None:
            del self.machines[unit, True]
        if row == "B1":
            self.machines[unit, True] = new_machine(self.at)
        self.mail += mail
        if kind == "bucket" and before == after and not effects:
            return
        self.write(unit, ex, kind, row, before, after, effects)


def play(items):
    """All entries of many histories: each item a history line or an input."""
    city = None
    number = None
    for item in items:
        if "kind" not in item:
            city, number = City(item), item["history"]
            count = 0
            continue
        city.feed(item)
        for entry in city.out:
            yield {"history": number, "entry": count, **entry}
            count += 1
        city.out = []
