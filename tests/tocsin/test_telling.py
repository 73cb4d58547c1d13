"""What a receiver reads: one line a decision, in both languages, for every row of the table."""

from pathlib import Path

import msgspec
import pytest

import tocsin
from alerting.bulletins import Bulletin, Renewal
from alerting.deliveries import Term
from alerting.effects import Effect
from alerting.episodes import Alert
from alerting.journal import NO_HASH, Entry, Seen, Standing
from alerting.muting import Reminder, Silence
from alerting.routing import Receiver, Route, Routing
from alerting.rules import RULES
from tocsin import config
from tocsin.pipeline import Pipeline, PipelineState
from tocsin.telling import DUTIES, Teller

CITY = config.load_city(Path(tocsin.__file__).parent / "starter")
FRESH = Pipeline(CITY).fresh()
AT = 1_740_790_800  # 2025-03-01 09:00 in Shanghai
ALERT = Alert(
    fingerprint="f",
    unit="mill-street",
    category="gas-smell",
    areas=("mill-upper",),
    hotspot="h",
    started_at=AT,
)


PUBLISHING = Routing(
    receivers=(Receiver(id="public", notifier="cap", to="cap"),), routes=(Route(receiver="public"),)
)


def teller(state: PipelineState = FRESH) -> Teller:
    return Teller(CITY, lambda: state)


def alarmed(**silences: Silence) -> PipelineState:
    """A city in which gas is smelt in Mill Street."""
    alerts = msgspec.structs.replace(FRESH.alerts, alerts={"f": ALERT}, silences=silences)
    return msgspec.structs.replace(FRESH, alerts=alerts)


def entry(row: str = "K2", **changed: object) -> Entry:
    facts = {
        "seq": 0, "at": AT, "unit": "mill-street", "exercise": False, "trigger": "bucket", "trigger_id": None,
        "actor": None, "role": None, "row": row, "before": Standing("NORMAL", 0, 0),
        "after": Standing("WARNING", 3, 0), "reason": None,
        "effects": (Effect("notify", {"word": "raised", "due_at": AT + 900}),),
        "evidence": Seen(up=3, hold=3, is_blind=False, fingerprints=("f",)),
        "policy_hash": "", "previous_hash": NO_HASH,
    }  # fmt: skip
    return Entry(**{**facts, **changed})  # type: ignore[arg-type]


def test_a_warning_is_told_with_its_category_and_deadline() -> None:
    told = teller(alarmed())
    assert told.line(entry(), "en") == (
        "Mill Street: warning, III yellow. The evidence supports a higher rank. Gas smell. "
        "Owed by 09:15: acknowledge."
    )
    assert told.line(entry(), "zh-CN").startswith("磨坊街道：预警，III 级黄色。")
    assert "燃气异味。09:15 前须签收。" in told.line(entry(), "zh-CN")


def test_an_exercise_says_so_first() -> None:
    assert teller().line(entry(exercise=True), "en").startswith("EXERCISE: ")
    assert teller().line(entry(exercise=True), "zh-CN").startswith("【演练】")


@pytest.mark.parametrize("locale", ["en", "zh-CN"])
def test_every_row_has_words(locale: str) -> None:
    for rule in RULES:
        assert teller().line(entry(rule.id), locale).count("{") == 0
    assert teller().line(entry("-", before=None, after=None), locale)
    assert set(DUTIES) <= {rule.id for rule in RULES}


def test_routes_by_category_see_the_alerts_behind_an_entry() -> None:
    told = teller(alarmed())
    assert told.categories(entry()) == ("gas-smell",)
    assert told.categories(entry(unit="town", evidence=None)) == ()


def test_a_silence_keeps_back_news_below_ii_and_says_whose_it_is() -> None:
    silence = Silence(unit="mill-street", actor="wang", begun_at=AT - 60, until=AT + 60, entry="e")
    told = teller(alarmed(**{"mill-street": silence}))
    news = entry()
    assert told.why_muted(news, news.effects[0]) == "silence wang"
    grave = entry(after=Standing("WARNING", 4, 0))
    assert told.why_muted(grave, grave.effects[0]) is None


def test_what_is_published_again_says_its_own_term_though_the_warning_has_ended_since() -> None:
    bulletin = Bulletin(
        entry="e", since_at=AT, until=AT + 7_200, due_at=AT + 6_300, declared_until=AT + 7_200, measures="m"
    )
    still = Renewal(
        unit="mill-street", is_exercise=False, at=AT + 6_300, standing=Standing("EMERGENCY", 4, 4),
        bulletin=bulletin,
    )  # fmt: skip
    assert FRESH.bulletins.real == {}, "what follows in the same record has ended it"
    assert teller(alarmed()).about_still(still).term == Term(AT, AT + 7_200, AT + 7_200, "m")
    said = teller(alarmed()).renewal(still, "en")
    assert said == (
        "Mill Street: emergency response, II orange, nothing has changed; warned of since 2025-03-01 09:00."
    )


def test_a_text_that_cannot_be_rendered_still_renews_and_reminds() -> None:
    def broken(*_: object) -> str:
        raise ValueError("no such word")

    planner = msgspec.structs.replace(
        teller(alarmed()).planner(), render_renewal=broken, render_reminder=broken, routing=PUBLISHING
    )
    still = Renewal(
        unit="mill-street", is_exercise=False, at=AT, standing=Standing("WARNING", 3, 0),
        bulletin=Bulletin(entry="e", since_at=AT, until=AT + 900, due_at=AT),
    )  # fmt: skip
    (renewed,) = planner.renew(still, 1)
    assert renewed.texts == ("mill-street: WARNING",)
    silence = Silence(unit="mill-street", entry="s", actor="lin", begun_at=AT, until=AT + 60)
    (reminded,) = planner.remind(Reminder(unit="mill-street", silence=silence, fingerprints=("f",), at=AT), 1)
    assert reminded.texts == ("mill-street: lin",)
