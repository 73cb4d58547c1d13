"""Sentences that the screens put together from facts: headline, hotspot, duties, feeds."""

from collections.abc import Mapping
from typing import Final, Literal
from unicodedata import east_asian_width

import msgspec

from tocsin.console.map_drawing import short_name
from tocsin.console.view import (
    ALARMED,
    CityView,
    DoneDuty,
    DutyView,
    FeedView,
    HotspotView,
    Story,
    UnitView,
)
from tocsin.console.words import NUMERALS, Words

ALMOST_SURE_WEEKS: Final = 52.0
LIKELY_WEEKS: Final = 4.0
SURE_ODDS: Final = 0.95
EVEN_ODDS: Final = 0.5

WIDE: Final = 46
"""Letters of a headline in the wall's largest type; a Chinese character takes two."""

SILENCE: Final = "silence"
"""Category of a hotspot that is a feed's silence."""

RARELY: Final = 1_000
"""A wording in fewer than one of so many reports has a share that nobody can tell more exactly."""


class Headline(msgspec.Struct, frozen=True, kw_only=True):
    """The first thing read: what is gravest, where, and who decided; ``second``: blindness."""

    kind: Literal["mode", "blind", "calm", "setup"]
    unit: UnitView | None
    level: int
    title: str
    places: tuple[tuple[str, str], ...] = ()
    detail: str = ""
    second: str = ""

    @property
    def is_long(self) -> bool:
        """Whether one line of the wall holds it in a smaller type only."""
        return sum(2 if east_asian_width(c) in "WF" else 1 for c in self.title) > WIDE


def headline(view: CityView, story: Story, w: Words, is_exercise: bool = False) -> Headline:
    """Responding before WARNING, then rank, then oldest; blindness leads if nothing warns or responds."""
    gravest = gravest_unit(story)
    silent = silent_required(view)
    is_unseen = silent is not None or view.stands_since is not None or any(u.is_blind for u in story.units)
    is_blind = is_unseen and not is_exercise
    if gravest is not None and gravest.mode in ALARMED:
        top = _alarm(view, story, gravest, w, _blind_line(silent, view, w) if is_blind else "")
        return (
            msgspec.structs.replace(top, title=w("headline-exercise", title=w.inside(top.title)))
            if is_exercise
            else top
        )
    if is_blind:
        return _blind(view, silent, w)
    if gravest is not None and gravest.mode != "NORMAL":
        return _alarm(view, story, gravest, w, "")
    seen = w("headline-calm-detail", units=len(story.units))
    return Headline(kind="calm", unit=None, level=0, title=w("headline-calm"), detail=seen)


MODE_ORDER: Final = {
    "EMERGENCY": 4,
    "PROVISIONAL": 4,
    "WARNING": 3,
    "RECOVERY": 2,
    "MONITORING": 1,
    "NORMAL": 0,
}


def gravest_unit(story: Story) -> UnitView | None:
    """The unit that takes the headline."""
    return max(story.units, key=lambda u: (MODE_ORDER[u.mode], u.level, -u.since_at), default=None)


def silent_required(view: CityView) -> FeedView | None:
    """The required feed that has been silent longest."""
    silent = [f for f in view.feeds if f.state == "silent" and f.is_required]
    return min(silent, key=lambda f: f.silent_since or 0, default=None)


def _blind_line(silent: FeedView | None, view: CityView, w: Words) -> str:
    if view.stands_since is not None:
        return w("headline-stands", time=w.clock(view.stands_since))
    if silent is None or silent.silent_since is None:
        return w("headline-blind-units", units=sum(u.is_blind for u in view.real.units))
    age = w.window(view.now_at - silent.silent_since)
    return w("headline-blind", feed=w.named(silent.names), duration=age)


def _blind(view: CityView, silent: FeedView | None, w: Words) -> Headline:
    last = silent.last_at if silent is not None else None
    detail = w("headline-blind-last", time=w.clock(last)) if last is not None else ""
    return Headline(kind="blind", unit=None, level=0, title=_blind_line(silent, view, w), detail=detail)


def _alarm(view: CityView, story: Story, unit: UnitView, w: Words, second: str) -> Headline:
    hotspot = next((h for h in story.hotspots if h.id == unit.hotspot), None)
    level = NUMERALS[unit.level]
    subject = w.inside(hotspot_name(hotspot, w)) if hotspot else ""
    key = f"headline-{unit.mode.lower()}" + ("" if level else "-plain")
    what = w(key, level=level, color=w.maybe(f"color-{unit.level}", ""))
    if unit.parent is not None:
        subject = (
            w("headline-where", subject=subject, unit=short_name(w.named(unit.names)))
            if subject
            else w.named(unit.names)
        )
    title = w("headline-subject", what=what, subject=subject) if subject else what
    places = places_of(hotspot, story, w) if hotspot else ()
    return Headline(
        kind="mode", unit=unit, level=unit.level, title=title, places=places,
        detail=w("separator").join(_circumstances(view, story, unit, w)), second=second,
    )  # fmt: skip


def _circumstances(view: CityView, story: Story, unit: UnitView, w: Words) -> list[str]:
    parts = []
    if unit.signatures:
        signed = [
            w(f"signed-{s.act}", time=w.clock(s.at), actor=actor_name(s.actor, view, w))
            for s in unit.signatures[-3:]
        ]
        parts.append(w("join-comma").join(signed))
    else:
        parts.append(w("since", time=w.clock(unit.since_at)))
    if unit.expected_seconds and unit.is_responding:
        parts.append(w("expected-to-last", duration=w.duration(unit.expected_seconds)))
    others = sum(u.mode in ALARMED for u in story.units) - 1
    if others > 0 and not unit.signatures:
        parts.append(w("others-alarmed", n=others))
    return parts


def places_of(hotspot: HotspotView, story: Story, w: Words, at_most: int = 3) -> tuple[tuple[str, str], ...]:
    """Streets of a hotspot with their districts, in the order of the tree."""
    by_id = {u.id: u for u in story.units}
    units = [by_id[u] for u in hotspot.units if u in by_id]
    pairs = [(w.named(u.names), _district(by_id.get(u.parent or ""), w)) for u in units[:at_most]]
    if len(units) > at_most:
        pairs.append((w("and-more", n=len(units) - at_most), ""))
    return tuple(pairs)


def _district(unit: UnitView | None, w: Words) -> str:
    """A district's name as it stands in brackets: English drops the word District, Chinese keeps 区."""
    if unit is None:
        return ""
    return short_name(w.named(unit.names)) if w.locale == "en" else w.named(unit.names)


def short_places(hotspot: HotspotView, story: Story, w: Words, at_most: int = 3) -> str:
    """``Yanxi, Luoqiao``."""
    if not hotspot.units:
        return ""
    by_id = {u.id: u for u in story.units}
    names = [short_name(w.named(by_id[u].names)) for u in hotspot.units if u in by_id]
    more = [w("and-more", n=len(names) - at_most)] if len(names) > at_most else []
    return w("join-list").join(names[:at_most] + more)


def hotspot_title(hotspot: HotspotView, story: Story, w: Words) -> str:
    """``Gas smell — Yanxi, Luoqiao``."""
    places = (
        w("whole-city")
        if hotspot.explanation is not None and not hotspot.units
        else short_places(hotspot, story, w)
    )
    return w("hotspot-title", category=hotspot_name(hotspot, w), places=places)


def hotspot_name(hotspot: HotspotView, w: Words) -> str:
    """Its category, or the feed whose silence it is."""
    name = w.named(hotspot.names)
    if hotspot.category != SILENCE:
        return name
    return w("hotspot-silence" if hotspot.rank else "hotspot-silence-over", feed=name)


def counts(hotspot: HotspotView, w: Words, bucket_seconds: int) -> str:
    """``47 calls in 1 h, 2 expected``."""
    why = hotspot.explanation
    expected = why.expected if why.expected < 1 else round(why.expected)
    return w(
        "hotspot-received" if hotspot.category == SILENCE else "hotspot-counts",
        observed=why.observed,
        window=w.window(why.window_buckets * bucket_seconds),
        expected=w.number(expected),
    )


def wording(hotspot: HotspotView, w: Words) -> str:
    """``14 of 52 reports here use wording that is new for this place (usual: 1 in 60).``; "" without any."""
    new = hotspot.explanation.wording
    if new is None:
        return ""
    often = 1.0 / max(new.share, 1e-9)
    usual = w("wording-usual", n=max(2, round(often)))
    if often > RARELY:
        usual = w("wording-usual-rare", n=RARELY)
    key = "wording-around" if new.is_around else "wording-here"
    return w(key, held=new.held, texts=new.texts, usual=usual)


def standstill(hotspot: HotspotView, w: Words) -> str:
    """``Sensor D-7 has sent the same value for 9 h.``; "" where no device stands still."""
    still = hotspot.explanation.standing
    if still is None:
        return ""
    key = "standstill-mute" if still.is_mute else "standstill-same"
    said = w(key, sensor=still.device, duration=w.duration(still.seconds))
    if not still.others:
        return said
    return w("standstill-both", said=said, others=w("standstill-others", n=still.others))


def chance(hotspot: HotspotView, w: Words) -> str:
    """The recurrence interval in words."""
    why = hotspot.explanation
    return w.interval(why.recurrence_weeks, why.history_weeks)


def odds(hotspot: HotspotView, w: Words) -> str:
    """``Officers confirmed 7 of 10 like this one``; "" where no model has learnt that, or they judged it."""
    if hotspot.odds is None or hotspot.label:
        return ""
    n = round(10 * hotspot.odds)
    return w("odds-few") if n < 1 else w("odds-most") if n > 9 else w("odds", n=n)


def rising(hotspot: HotspotView, w: Words) -> str:
    """Since when it rises, as one would say it: ``rising since Tuesday evening``; "" where it does not."""
    since_at = hotspot.explanation.rising_since
    return w("rising", since=w.part_of_day(since_at)) if since_at else ""


def verdict(hotspot: HotspotView, w: Words) -> str:
    """How sure: ``Almost surely real``, by the odds where they are known, else by how rare it is."""
    if hotspot.label:
        return w(f"verdict-labelled-{hotspot.label}")
    said = hotspot.explanation.recurrence_weeks if hotspot.odds is None else hotspot.odds
    almost_sure, likely = (
        (ALMOST_SURE_WEEKS, LIKELY_WEEKS) if hotspot.odds is None else (SURE_ODDS, EVEN_ODDS)
    )
    key = "almost-sure" if said >= almost_sure else "likely" if said >= likely else "possible"
    return w(f"verdict-{key}")


def duty_what(duty: DutyView, view: CityView, story: Story, w: Words) -> str:
    """What is owed: ``report in to Yanxi · whistled 18:50 by Gu``."""
    names = {u.id: short_name(w.named(u.names)) for u in story.units}
    hotspot = next((h for h in story.hotspots if h.id == duty.hotspot), None)
    level = (
        NUMERALS.get(int(duty.about), "")
        if duty.kind == "co-sign" and duty.about.isdigit()
        else NUMERALS[duty.rank]
    )
    what = w(
        f"duty-{duty.kind}",
        unit=names.get(duty.unit, duty.unit),
        subject=w.inside(hotspot_name(hotspot, w)) if hotspot else "",
        level=level,
        child=names.get(duty.about, duty.about),
    )
    asked = ""
    if duty.asked_by:
        asked = w(
            f"asked-{duty.kind}", time=w.clock(duty.opened_at), actor=actor_name(duty.asked_by, view, w)
        )
    return w("separator").join(part for part in (what, asked) if part)


def actor_name(actor: str, view: CityView, w: Words) -> str:
    """A person of the list in the reader's language; anyone else as the journal has it."""
    person = next((p for p in view.people if p.id == actor), None)
    return w.named(person.names) if person is not None else actor


def unit_words(story: Story, w: Words) -> dict[str, str]:
    """Units as a line of text names them: the top one is just the city."""
    return {u.id: short_name(w.named(u.names)) if u.parent else w("the-city") for u in story.units}


def done_lines(view: CityView, story: Story, w: Words) -> tuple[str, str]:
    """The last two duties done in time, and the last one that was late."""
    names = unit_words(story, w)
    ended = sorted(story.done, key=lambda d: d.done_at)
    early = [d for d in ended if d.done_at <= d.due_at]
    late = [d for d in ended if d.done_at > d.due_at]
    done = [_done(d, names, view, w, is_first=k == 0) for k, d in enumerate(reversed(early[-2:]))]
    return w("separator").join(done), "".join(_late(d, names, w) for d in late[-1:])


def done_line(duty: DoneDuty, names: dict[str, str], view: CityView, w: Words) -> str:
    """One duty that ended, early or late."""
    return _late(duty, names, w) if duty.done_at > duty.due_at else _done(duty, names, view, w, is_first=True)


def _done(duty: DoneDuty, names: dict[str, str], view: CityView, w: Words, is_first: bool) -> str:
    key = f"done-{duty.kind}" + ("-early" if is_first else "")
    early = w.duration(duty.due_at - duty.done_at)
    return w(
        key,
        time=w.clock(duty.done_at),
        unit=names.get(duty.unit, ""),
        actor=actor_name(duty.actor, view, w),
        early=early,
    )


def _late(duty: DoneDuty, names: dict[str, str], w: Words) -> str:
    over = w.duration(duty.done_at - duty.due_at)
    return w(
        "done-late", due=w.clock(duty.due_at), unit=names.get(duty.unit, ""),
        what=w(f"done-word-{duty.kind}"), time=w.clock(duty.done_at), over=over,
    )  # fmt: skip


def feed_fact(feed: FeedView, now_at: int, w: Words) -> str:
    """The one figure of a data cell: silence, devices, or age."""
    if feed.state == "never" or feed.last_at is None:
        return w("feed-never")
    if feed.state == "silent":
        return w("feed-silent", duration=w.duration(now_at - (feed.silent_since or feed.last_at)))
    if feed.devices:
        return f"{feed.devices_seen} / {feed.devices}"
    return w.duration(now_at - feed.last_at)


def silenced(unit: UnitView, view: CityView, w: Words) -> str:
    """Who hides the unit's news of alerts, until when and why; "" if nobody does."""
    silence = unit.silence
    if silence is None or silence.until <= w.now_at:
        return ""
    said = w("unit-silenced", who=actor_name(silence.actor, view, w), time=w.clock(silence.until))
    return w("unit-silenced-why", said=said, why=silence.note) if silence.note else said


def by_reason(rejected: Mapping[str, int], w: Words) -> list[tuple[str, int]]:
    """Reasons in words, the most frequent first."""
    most = sorted(rejected.items(), key=lambda item: (-item[1], item[0]))
    return [(w.maybe(f"reason-{reason.replace('_', '-')}", reason), n) for reason, n in most if n]
