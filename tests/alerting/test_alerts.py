"""Alerts from bucket to bucket: who owns them, how they go on, merge, split, move, end and come back."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerting import alerts, muting
from alerting.alerts import AlertsState, follow, observe, open_alerts
from alerting.effects import Effect
from alerting.episodes import REOPENS_SECONDS, Alert, fingerprint
from alerting.journal import Entry, Seen, Standing
from alerting.machine import Evidence
from alerting.policy import Policy
from alerting.units import unit_tree
from models.hotspots import Explanation, Hotspot

TREE = unit_tree({"c": None, "d1": "c", "d2": "c", "s1": "d1", "s2": "d1", "s3": "d2"})
AREAS = {"a1": "s1", "a2": "s1", "b1": "s2", "b2": "s2", "z1": "s3", "z2": "s3"}
POLICY = Policy()
W = 900
WHY = Explanation(
    window_buckets=4, observed=9, expected=1.0, upper_bound=4.0, city_factor=1.0, recurrence_weeks=9.0,
    history_weeks=99.0, shares=(), areas=(),
)  # fmt: skip


def spot(
    *areas: str, risk: float = 0.71, category: str = "gas", is_city: bool = False, feed: str = ""
) -> Hotspot:
    return Hotspot(
        id="|".join((category, *areas)), category=category, areas=areas, began_at=0, last_seen_at=0,
        risk=round(risk * 10**6), is_city=is_city, explanation=WHY,
    )  # fmt: skip


class City:
    """Buckets one after another, and what was seen in the last."""

    def __init__(self) -> None:
        self.state, self.at = AlertsState(), 0
        self.evidence: dict[str, Evidence] = {}

    def bucket(self, *spots: Hotspot, blind: tuple[str, ...] = ()) -> "City":
        self.at += W
        self.state, self.evidence = observe(self.state, spots, self.at, AREAS, TREE, POLICY, blind)
        return self

    def open(self) -> list[tuple[str, tuple[str, ...]]]:
        found = [a for a in self.state.alerts.values() if a.is_open]
        return sorted((a.unit, a.areas) for a in found)

    def one(self, unit: str) -> Alert:
        (alert,) = open_alerts(self.state, unit)
        return alert

    def seen(self) -> dict[str, tuple[int, int]]:
        return {u: (e.up, e.hold) for u, e in self.evidence.items() if e.up or e.hold}


@pytest.mark.parametrize(
    ("areas", "owner"),
    [
        (("a1",), "s1"),
        (("a1", "a2"), "s1"),
        (("a1", "b1"), "d1"),
        (("a1", "z1"), "c"),
        (("a1", "b1", "z1"), "c"),
    ],
)
def test_the_lowest_common_unit_owns_a_hotspot(areas, owner):
    assert City().bucket(spot(*areas)).open() == [(owner, areas)]


def test_the_city_owns_its_own_series_and_shares_it_with_nobody():
    city = City().bucket(spot("a1", is_city=True))
    assert city.seen() == {"c": (2, 2)}


def test_units_below_share_what_an_upper_unit_owns_as_watch_at_most():
    city = City().bucket(spot("a1", "z1", risk=0.99))
    assert city.seen() == {"c": (5, 5), "d1": (1, 1), "s1": (1, 1), "d2": (1, 1), "s3": (1, 1)}
    assert not any(city.evidence[unit].is_fresh for unit in ("d1", "s1"))


def test_evidence_comes_in_the_order_of_triggers_for_every_unit():
    assert list(City().bucket().evidence) == list(TREE.order)


def test_a_unit_takes_the_greatest_over_its_alerts():
    city = City().bucket(spot("a1", risk=0.71), spot("a2", risk=0.93, category="noise"))
    assert city.seen()["s1"] == (4, 5)
    assert len(city.evidence["s1"].fingerprints) == 2


def test_up_counts_enter_lines_and_hold_counts_leave_lines():
    assert City().bucket(spot("a1", risk=0.75)).bucket(spot("a1", risk=0.65)).seen() == {"s1": (1, 2)}


def test_below_watch_no_alert_begins():
    assert City().bucket(spot("a1", risk=0.49)).open() == []


def test_fresh_is_the_first_time_at_iv_in_an_episode():
    city, risks = City(), (0.6, 0.75, 0.75, 0.1, 0.9)
    fresh = [city.bucket(spot("a1", risk=risk)).evidence["s1"].is_fresh for risk in risks]
    assert fresh == [False, True, False, False, False]


def test_the_fingerprint_is_of_unit_category_first_area_and_beginning():
    alert = City().bucket(spot("a1", "a2")).one("s1")
    assert alert.fingerprint == fingerprint("s1", "gas", "a1", W)
    assert fingerprint("a|b", "c", "d", 1) != fingerprint("a", "b|c", "d", 1)


def test_an_alert_lasts_while_areas_overlap():
    city = City().bucket(spot("a1"))
    first = city.one("s1").fingerprint
    assert city.bucket(spot("a1", "a2")).bucket(spot("a2")).one("s1").fingerprint == first


def test_without_overlap_it_is_another_alert():
    city = City().bucket(spot("a1")).bucket(spot("a2"))
    assert len(open_alerts(city.state, "s1")) == 2


def test_of_two_that_merge_the_older_survives():
    city = City().bucket(spot("a2")).bucket(spot("a2"), spot("a1"))
    older = open_alerts(city.state, "s1")[0].fingerprint
    assert city.bucket(spot("a1", "a2")).one("s1").fingerprint == older
    (gone,) = [a for a in city.state.alerts.values() if not a.is_open]
    assert gone.ended == "merged"


def test_of_two_equally_old_that_merge_the_smaller_fingerprint_survives():
    city = City().bucket(spot("a2"), spot("a1"))
    least = min(city.state.alerts)
    assert city.bucket(spot("a1", "a2")).one("s1").fingerprint == least


def test_on_a_split_the_larger_overlap_keeps_the_fingerprint():
    tree = unit_tree({"s": None})
    areas = dict.fromkeys(("a", "b", "c"), "s")
    state, _ = observe(AlertsState(), [spot("a", "b", "c")], W, areas, tree, POLICY, ())
    state, _ = observe(state, [spot("a"), spot("b", "c")], 2 * W, areas, tree, POLICY, ())
    kept = next(a for a in state.alerts.values() if a.started_at == W)
    assert kept.areas == ("b", "c")
    assert len(state.alerts) == 2


def test_crossing_a_border_moves_up_keeps_the_state_and_is_not_fresh():
    city = City().bucket(spot("a1", risk=0.83))
    city.state = alerts.acknowledge(city.state, "s1", city.at)
    old = city.one("s1")
    city.bucket(spot("a1", "b1", risk=0.83))
    new = city.one("d1")
    assert (new.state, new.follows, new.started_at) == ("acknowledged", old.fingerprint, 2 * W)
    assert city.state.alerts[old.fingerprint].ended == "moved"
    assert not city.evidence["d1"].is_fresh
    assert city.seen() == {"d1": (3, 4), "s1": (1, 1), "s2": (1, 1)}


def test_back_across_the_border_it_is_the_old_alert_again_and_not_fresh():
    city = City().bucket(spot("a1"))
    old = city.one("s1").fingerprint
    city.bucket(spot("a1", "b1")).bucket(spot("a1"))
    assert city.one("s1").fingerprint == old
    assert not city.evidence["s1"].is_fresh
    assert city.open() == [("s1", ("a1",))]


def test_calm_for_eight_known_buckets_resolves():
    city = City().bucket(spot("a1"))
    for _ in range(7):
        city.bucket(blind=("s1",)).bucket()
    assert city.one("s1").calm_buckets == 7
    city.bucket()
    assert city.open() == []


def test_held_at_watch_it_does_not_resolve():
    city = City().bucket(spot("a1"))
    for _ in range(20):
        city.bucket(spot("a1", risk=0.41))
    assert city.one("s1").up == 0


@pytest.mark.parametrize(("later", "is_same"), [(REOPENS_SECONDS, True), (REOPENS_SECONDS + W, False)])
def test_within_a_day_it_reopens_under_the_same_fingerprint(later, is_same):
    city = City().bucket(spot("a1"))
    first = city.one("s1").fingerprint
    for _ in range(8):
        city.bucket()
    city.at += later - W
    city.bucket(spot("a1"))
    assert (city.one("s1").fingerprint == first) is is_same
    assert city.one("s1").state == "active"
    assert city.evidence["s1"].is_fresh is not is_same


def test_a_rejected_alert_counts_as_watch_until_it_grows():
    city = City().bucket(spot("a1", risk=0.83))
    city.state = alerts.reject(city.state, "s1", city.at)
    assert city.bucket(spot("a1", risk=0.83)).seen() == {"s1": (1, 1)}
    assert city.bucket(spot("a1", risk=0.93)).seen() == {"s1": (4, 5)}
    assert city.bucket(spot("a1", risk=0.83)).seen() == {"s1": (3, 4)}


def test_a_rejection_is_old_after_reject_hold_seconds():
    city = City().bucket(spot("a1"))
    city.state = alerts.reject(city.state, "s1", city.at)
    ups = [city.bucket(spot("a1")).evidence["s1"].up for _ in range(9)]
    assert ups == [1] * 7 + [2, 2]


def test_a_rejection_says_nothing_of_alerts_that_begin_later():
    city = City().bucket(spot("a1"))
    city.state = alerts.reject(city.state, "s1", city.at)
    city.bucket(spot("a1"), spot("a2", category="noise"))
    assert city.seen() == {"s1": (2, 2)}
    assert city.evidence["s1"].is_fresh


def entry(row: str, unit: str = "s1", at: int = W, effects: tuple[Effect, ...] = (), **more) -> Entry:
    given = {
        "seq": 0, "at": at, "unit": unit, "exercise": False, "trigger": "bucket", "trigger_id": None,
        "actor": "Li", "role": "officer", "row": row, "before": None, "after": Standing("WARNING", 3, 0),
        "reason": None, "effects": effects, "evidence": None, "policy_hash": "", "previous_hash": "",
        "hash": "h",
    }  # fmt: skip
    return Entry(**{**given, **more})


def test_entries_acknowledge_confirm_and_reject():
    city = City().bucket(spot("a1"))
    name = city.one("s1").fingerprint
    assert follow(city.state, [entry("A1")], POLICY).alerts[name].state == "acknowledged"
    confirmed = follow(city.state, [entry("F1"), entry("F1")], POLICY)
    assert confirmed.confirmed == ("gas|a1",)
    assert follow(city.state, [entry("R3")], POLICY).alerts[name].rejected_at == W
    assert follow(city.state, [entry("A1", exercise=True), entry("A1", unit="s2")], POLICY) == city.state
    assert observe(confirmed, [], 2 * W, AREAS, TREE, POLICY, ())[0].confirmed == ()


def silenced(until: int | None, at: int = W) -> Entry:
    return entry("L2", at=at, effects=(Effect("silence", {"until": until, "actor": "Li"}),))


def test_a_silence_ends_at_its_end_or_at_the_longest_allowed():
    assert muting.silence(silenced(5000), POLICY).until == 5000
    assert muting.silence(silenced(None), POLICY).until == W + 14_400
    assert muting.silence(silenced(10**9), POLICY).until == W + 14_400


def test_an_alert_still_active_when_a_silence_ends_is_told_once():
    city = City().bucket(spot("a1"))
    city.state = follow(city.state, [silenced(until=3 * W, at=city.at)], POLICY)
    reminded = [len(city.bucket(spot("a1")).state.reminders) for _ in range(4)]
    assert reminded == [0, 1, 0, 0]
    assert city.state.silences == {}


def test_a_silence_that_ends_in_calm_reminds_nobody():
    city = City().bucket(spot("a1"))
    city.state = follow(city.state, [silenced(until=2 * W, at=city.at)], POLICY)
    assert city.bucket().state.reminders == ()


def muted(city: City, given: Entry, kind: str = "notify") -> muting.Muted | None:
    return muting.why_muted(given, Effect(kind, {}), city.state.alerts, city.state.silences, TREE)


def test_a_silence_mutes_news_of_alerts_but_no_end_no_duty_and_nothing_from_ii_on():
    city = City().bucket(spot("a1"))
    city.state = follow(city.state, [silenced(until=9 * W)], POLICY)
    assert muted(city, entry("K2", at=2 * W)) == muting.Muted("silence", "Li")
    for row in ("K3", "O2", "P3", "Q1", "D2", "K1"):
        assert muted(city, entry(row, at=2 * W)) is None
    assert muted(city, entry("K2", at=2 * W, after=Standing("WARNING", 4, 0))) is None
    assert muted(city, entry("K2", at=9 * W)) is None
    assert muted(city, entry("K2", at=2 * W, unit="s2")) is None
    assert muted(city, entry("K2", at=2 * W), kind="call") is None


def test_a_silence_never_hides_a_rank_above_the_one_at_which_it_was_begun():
    city = City().bucket(spot("a1"))
    begun = silenced(until=9 * W)
    effect = Effect("silence", {"until": 9 * W, "actor": "Li", "note": "known works"})
    begun = msgspec.structs.replace(begun, after=Standing("WARNING", 2, 0), effects=(effect,))
    city.state = follow(city.state, [begun], POLICY)
    assert city.state.silences["s1"].note == "known works" and city.state.silences["s1"].rank == 2
    assert muted(city, entry("K5", at=2 * W, after=Standing("WARNING", 2, 0))) is not None
    assert muted(city, entry("K2", at=2 * W, after=Standing("WARNING", 3, 0))) is None


def seen(city: City, unit: str) -> Seen:
    evidence = city.evidence[unit]
    return Seen(evidence.up, evidence.hold, evidence.is_blind, evidence.fingerprints)


def test_an_upper_alert_inhibits_lower_ones_that_it_covers():
    city = City().bucket(spot("a1", "b1"), spot("a1"))
    upper = city.one("d1").fingerprint
    assert muted(city, entry("K2", evidence=seen(city, "s1"))) == muting.Muted("inhibition", upper)
    assert muted(city, entry("K2", unit="d1", evidence=seen(city, "d1"))) is None


@pytest.mark.parametrize("lower", [spot("a1", "a2"), spot("a1", category="noise")])
def test_an_area_outside_or_another_category_is_told(lower):
    city = City().bucket(spot("a1", "b1"), lower)
    assert muted(city, entry("K2", evidence=seen(city, "s1"))) is None


SPOTS = st.builds(
    lambda areas, risk, category: spot(*sorted(areas), risk=risk, category=category),
    st.sets(st.sampled_from(sorted(AREAS)), min_size=1, max_size=3),
    st.sampled_from((0.3, 0.45, 0.6, 0.75, 0.95)),
    st.sampled_from(("gas", "noise")),
)
BUCKETS = st.lists(st.tuples(st.lists(SPOTS, max_size=4), st.sets(st.sampled_from(TREE.order))), max_size=14)


@given(BUCKETS, st.randoms(use_true_random=False))
def test_alerts_do_not_depend_on_the_order_of_hotspots_and_always_hold_together(buckets, rng):
    one, other = City(), City()
    for spots, blind in buckets:
        one.bucket(*spots, blind=tuple(sorted(blind)))
        rng.shuffle(spots)
        other.bucket(*spots, blind=tuple(sorted(blind)))
        assert one.evidence == other.evidence
        for name, alert in one.state.alerts.items():
            assert name == alert.fingerprint
            assert alert.is_open == (alert.resolved_at is None) == (alert.ended is None)
        for unit, evidence in one.evidence.items():
            assert evidence.hold >= evidence.up
            assert evidence.is_blind == (unit in blind)
    assert msgspec.convert(msgspec.to_builtins(one.state), AlertsState) == one.state
