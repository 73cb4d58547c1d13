"""The rows of the slow twin: what each trigger does to one machine, in if and elif."""

RISING = ("NORMAL", "MONITORING", "WARNING")
KIND_ORDER = ["acknowledge", "ratify", "co-sign", "report-in", "answer"]
DEFAULTS = {
    "enter_buckets": 2, "of_last_buckets": 3, "leave_buckets": 8,
    "dwell_seconds": {"MONITORING": 7200, "WARNING": 14400, "RECOVERY": 21600},
    "acknowledge_seconds": {"2": 1800, "3": 900, "4": 300, "5": 300},
    "ratify_seconds": 600, "co_sign_seconds": 900, "report_in_seconds": 1800, "answer_seconds": 900,
    "calls_per_duty": 3, "child_floor": {"2": 1, "3": 1, "4": 1, "5": 2},
}  # fmt: skip
OPERATOR = ["acknowledge", "whistle", "report_in", "silence"]
OFFICER = [*OPERATOR, "confirm", "reject", "declare", "ratify", "stand_down", "hand_over"]
CHIEF = [*OFFICER, "co_sign", "begin_drill", "end_drill"]
MAY = {"operator": OPERATOR, "officer": OFFICER, "chief": CHIEF, "analyst": [], "admin": []}


def new_machine(since):
    return {
        "mode": "NORMAL", "rank": 0, "response": 0, "since": since, "window": [], "run": 0, "peak": 0,
        "blind": False, "floor": 0, "duties": {}, "drilling": False,
    }  # fmt: skip


class Rows:
    """Everything that concerns one machine; `tree`, `policy`, `machines` and `at` belong to the city."""

    def children(self, unit):
        return sorted(u for u in self.tree if self.tree[u] == unit)

    def line(self, unit):
        above = []
        while unit is not None:
            above.append(unit)
            unit = self.tree[unit]
        return above

    def below(self, m):
        floor = 0
        if m["mode"] in ("PROVISIONAL", "EMERGENCY"):
            floor = self.policy["child_floor"][str(m["response"])]
        return max(floor, m["floor"])

    def called(self, m):
        return {kind for (kind, _), d in m["duties"].items() if d["calls"] > 0}

    def owes(self, m, kind):
        return any(k == kind for k, _ in m["duties"])

    def shut(self, m, kind):
        for key in [key for key in m["duties"] if key[0] == kind]:
            del m["duties"][key]

    def open(self, m, kind, about, seconds):
        due = self.at + seconds
        d = m["duties"].get((kind, about))
        if d is None:
            m["duties"][kind, about] = {"due": due, "calls": 0}
        elif d["due"] is None:
            d["due"] = due
            d["calls"] = min(d["calls"], 1)
        else:
            d["due"] = min(d["due"], due)

    def settle(self, m, r):
        if m["mode"] not in RISING:
            self.shut(m, "ratify")
            self.shut(m, "co-sign")
        old_mode, old_rank = m["mode"], m["rank"]
        if r == 0:
            m["mode"] = "NORMAL"
        elif r == 1:
            m["mode"] = "MONITORING"
        else:
            m["mode"] = "WARNING"
        m["rank"], m["response"], m["since"], m["run"], m["peak"] = r, 0, self.at, 0, 0
        if m["mode"] == "WARNING":
            if old_mode != "WARNING" or r > old_rank:
                self.open(m, "acknowledge", (), self.policy["acknowledge_seconds"][str(r)])
        elif old_mode == "WARNING":
            self.shut(m, "acknowledge")

    def respond(self, m, mode, level):
        m["mode"], m["response"] = mode, level
        self.shut(m, "acknowledge")
        self.shut(m, "ratify")
        m["since"], m["run"], m["peak"] = self.at, 0, 0

    def decide(self, m, unit, upper, kind, f):
        p = self.policy
        mode, rank, response, floor = m["mode"], m["rank"], m["response"], m["floor"]
        no = ["refused"]
        told = ["notify", "report"] if upper is not None else ["notify"]
        if kind in CHIEF:
            actor, role, home = f["actor"]
            chief = role == "chief"
            blind = m["blind"] and not (chief and f.get("is_attested"))
            level = f.get("level")
            about = f.get("about") or []
            if kind not in MAY[role] or home not in self.line(unit):
                return "C0", no, []
        if kind == "acknowledge":
            if self.owes(m, "acknowledge") or self.owes(m, "answer"):
                self.shut(m, "acknowledge")
                self.shut(m, "answer")
                return "A1", ["notify"], []
            return "A2", no, []
        if kind == "confirm":
            if mode == "WARNING":
                self.shut(m, "acknowledge")
                return "F1", ["label", "notify"], []
            return "F2", no, []
        if kind == "reject":
            if mode not in ("WARNING", "PROVISIONAL"):
                return "R4", no, []
            if blind:
                return "R1", no, []
            if mode == "WARNING" and rank <= floor:
                return "R2", no, []
            r = max(1, floor)
            self.settle(m, r)
            m["window"] = [v if v is None else min(v, r) for v in m["window"]]
            return "R3", ["label", *told], []
        if kind in ("declare", "ratify"):
            if level not in (2, 3, 4, 5):
                return "D1", no, []
            if kind == "ratify" and mode != "PROVISIONAL":
                return "D7", no, []
            if mode == "PROVISIONAL" and level < 3 and blind:
                return "D4", no, []
            if mode != "EMERGENCY":
                provisional = mode == "PROVISIONAL"
                if level >= 4:
                    self.respond(m, "EMERGENCY", 3)
                    self.open(m, "co-sign", (level, actor), p["co_sign_seconds"])
                    return "D5" if provisional else "D2", [*told, "notify"], []
                self.respond(m, "EMERGENCY", level)
                return "D6" if provisional else "D3", told, []
            if level == response:
                return "D8", no, []
            if level > response:
                if level >= 4:
                    if self.owes(m, "co-sign"):
                        return "D9", no, []
                    self.open(m, "co-sign", (level, actor), p["co_sign_seconds"])
                    return "D10", ["notify"], []
                self.respond(m, "EMERGENCY", level)
                return "D11", told, []
            if blind:
                return "D12", no, []
            if response >= 4 and not chief:
                return "D13", no, []
            self.respond(m, "EMERGENCY", level)
            self.shut(m, "co-sign")
            return "D14", told, []
        if kind == "co_sign":
            if mode != "EMERGENCY":
                return "S4", no, []
            asked = [a for k, a in m["duties"] if k == "co-sign"]
            if not asked:
                return "S1", no, []
            if asked[0][1] == actor:
                return "S2", no, []
            self.respond(m, "EMERGENCY", asked[0][0])
            self.shut(m, "co-sign")
            return "S3", told, []
        if kind == "stand_down":
            if mode == "PROVISIONAL":
                return "X6", no, []
            if mode in ("NORMAL", "MONITORING", "RECOVERY"):
                return "X7", no, []
            if blind:
                return "X1", no, []
            if mode == "EMERGENCY":
                if response >= 4 and not chief:
                    return "X2", no, []
                m["mode"], m["rank"], m["response"], m["since"] = "RECOVERY", 0, 0, self.at
                self.shut(m, "ratify")
                self.shut(m, "co-sign")
                return "X3", told, []
            if rank <= floor:
                return "X4", no, []
            r = max(1, floor)
            self.settle(m, r)
            m["window"] = [v if v is None else min(v, r) for v in m["window"]]
            return "X5", told, []
        if kind == "whistle":
            if "upper" in about and upper is None:
                return "W0", no, []
            if all(("report-in", (d,)) in m["duties"] for d in about):
                return "W1", no, []
            effects, mail = [], []
            for d in about:
                if d != "upper":
                    self.open(m, "report-in", (d,), p["report_in_seconds"])
                    effects.append("notify")
            if "upper" in about:
                effects.append("call")
                mail.append((upper, bool(f.get("exercise")), "call", {"child": unit, "why": "whistle"}))
            return "W2", effects, mail
        if kind == "report_in":
            key = ("report-in", tuple(about))
            if key not in m["duties"]:
                return "W3", no, []
            del m["duties"][key]
            return "W4", ["notify"], []
        if kind == "hand_over":
            if upper is None:
                return "H1", no, []
            message = (upper, bool(f.get("exercise")), "call", {"child": unit, "why": "hand over"})
            return "H2", ["notify", "call"], [message]
        if kind == "silence":
            if mode in ("PROVISIONAL", "EMERGENCY") or (mode == "WARNING" and rank >= 4):
                return "L1", no, []
            return "L2", ["silence"], []
        if kind == "begin_drill":
            if mode in ("NORMAL", "MONITORING"):
                if m["drilling"]:
                    return "B2", no, []
                m["drilling"] = True
                return "B1", ["drill"], []
            return "B3", no, []
        if kind == "end_drill":
            if m["drilling"]:
                m["drilling"] = False
                return "B4", ["drill"], []
            return "B5", no, []
        if kind == "fast":
            if mode in ("PROVISIONAL", "EMERGENCY"):
                if self.owes(m, "ratify"):
                    self.open(m, "ratify", (), p["ratify_seconds"])
                return "Q2", ["notify"], []
            self.respond(m, "PROVISIONAL", 3)
            self.open(m, "ratify", (), p["ratify_seconds"])
            return "Q1", told, []
        if kind == "floor":
            if mode in RISING and f["r"] > rank:
                self.settle(m, f["r"])
                m["floor"] = f["r"]
                return "P1", ["notify"], []
            m["floor"] = f["r"]
            return "P2", [], []
        if kind == "call":
            if mode == "NORMAL":
                m["mode"], m["rank"], m["since"] = "MONITORING", 1, self.at
                m["run"] = m["peak"] = 0
            self.open(m, "answer", (f["child"], f["why"]), p["answer_seconds"])
            return "P3", ["notify"], []
        if kind == "withdraw":
            key = ("answer", (f["child"], f["why"]))
            if key in m["duties"]:
                del m["duties"][key]
                return "P4", ["notify"], []
            return "P5", [], []
        if kind == "overdue":
            return self.overdue(m, unit, upper, f)
        if kind == "bucket":
            return self.bucket(m, unit, upper, f, told)
        return None, [], []

    def overdue(self, m, unit, upper, f):
        p = self.policy
        kind = f["duty"][0]
        d = m["duties"][f["duty"]]
        again = {
            "acknowledge": p["acknowledge_seconds"][str(max(m["rank"], 2))],
            "ratify": p["ratify_seconds"],
            "co-sign": p["co_sign_seconds"],
            "report-in": p["report_in_seconds"],
            "answer": p["answer_seconds"],
        }[kind]
        if d["calls"] < p["calls_per_duty"]:
            d["calls"] += 1
            d["due"] = self.at + again
            if upper is None:
                return "O1", ["notify"], []
            # an overdue message stays on the side (real or exercise) of its machine
            ex = m is self.machines.get((unit, True))
            return "O2", ["notify", "call"], [(upper, ex, "call", {"child": unit, "why": "overdue " + kind})]
        d["calls"] += 1
        d["due"] = None
        return "O3", ["notify"], []

    def bucket(self, m, unit, upper, f, told):
        p = self.policy
        up, hold, fresh, blind = f["seen"]
        mode, rank = m["mode"], m["rank"]
        m["window"].append(None if blind and up == 0 else up)
        m["window"] = m["window"][-p["of_last_buckets"] :]
        m["blind"] = blind
        line = rank if mode in RISING else 2
        if blind or hold >= line:
            m["run"] = m["peak"] = 0
        else:
            m["run"] = min(m["run"] + 1, p["leave_buckets"])
            m["peak"] = max(m["peak"], hold)
        known = sorted([v for v in m["window"] if v is not None], reverse=True)
        supported = known[p["enter_buckets"] - 1] if len(known) >= p["enter_buckets"] else 0
        leave = max(m["peak"], m["floor"])
        if mode == "WARNING" or self.owes(m, "answer"):
            leave = max(leave, 1)
        call = [(upper, False, "call", {"child": unit, "why": "warning"})]
        if mode == "RECOVERY" and up >= 2:
            r = max(up, m["floor"])
            self.settle(m, r)
            if r >= 4 and upper is not None:
                return "K1", [*told, "call"], call
            return "K1", told, []
        if mode in RISING and supported > rank:
            self.settle(m, supported)
            if supported >= 4 and upper is not None:
                return "K2", [*told, "call"], call
            return "K2", told, []
        if mode in ("MONITORING", "WARNING", "RECOVERY"):
            calm = not blind and m["run"] >= p["leave_buckets"]
            calm = calm and self.at - m["since"] >= p["dwell_seconds"][mode]
            if calm and mode == "RECOVERY":
                self.settle(m, leave)
                return "K4", told, []
            if calm and leave < rank:
                self.settle(m, leave)
                return "K3", told, []
        if mode == "WARNING" and fresh:
            self.open(m, "acknowledge", (), p["acknowledge_seconds"][str(rank)])
            return "K5", ["notify"], []
        if mode in ("PROVISIONAL", "EMERGENCY") and supported > rank and supported > m["response"]:
            m["rank"], m["since"] = supported, self.at
            return "K6", ["advise"], []
        return "K7", [], []
