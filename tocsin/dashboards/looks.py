"""Colours and words of values: light grey is calm, four colours belong to the law, dark grey is not known."""

from typing import Any, Final

from alerting.levels import DUTY_KINDS, MODES
from tocsin.cardinality import DELIVERY_STATES
from tocsin.dashboards.queries import BLIND, UNSEEN_FIT, UNSEEN_MODE, UNSEEN_RANK, UNSEEN_SILENCE
from tocsin.messages import text

CALM: Final = "#BCC2C6"
WATCH: Final = "#8F9AA0"
BLUE, YELLOW, ORANGE, RED = "#1B4F9C", "#F6C700", "#F08A1D", "#AE111C"
INK: Final = "#13171A"
UNKNOWN: Final = "#4A5359"
DRILL: Final = "#6A2C9E"

RANK_COLOURS: Final = (CALM, WATCH, BLUE, YELLOW, ORANGE, RED)
MODE_COLOURS: Final = (CALM, WATCH, ORANGE, RED, RED, BLUE)
"""Of the modes in their order; the rank beside it says how grave."""

Mapping = dict[str, Any]


def ranks(locale: str) -> list[Mapping]:
    """Words of ranks, and -1 as not known."""
    words = {n: (text(locale, f"console-rank-{n}"), colour) for n, colour in enumerate(RANK_COLOURS)}
    return [_values({**words, UNSEEN_RANK: (text(locale, "dashboards-unknown"), UNKNOWN)})]


def modes(locale: str) -> list[Mapping]:
    """Words of modes as numbers; a blind unit's last known mode stands behind a question mark."""
    unknown = text(locale, "dashboards-unknown")
    words = {UNSEEN_MODE: (unknown, UNKNOWN)}
    for number, mode in enumerate(MODES):
        word, colour = text(locale, f"console-mode-{mode.lower()}"), MODE_COLOURS[number]
        words[number] = (word, colour)
        blind = text(locale, "dashboards-mode-blind", mode=word)
        words[BLIND + number] = (blind, UNKNOWN if number < 2 else colour)
    return [_values(words)]


def sight(locale: str) -> list[Mapping]:
    """Whether anything can be said at all."""
    colours = (CALM, UNKNOWN, INK)
    return [_values({n: (text(locale, f"dashboards-sight-{n}"), colours[n]) for n in range(3)})]


def silence(locale: str) -> list[Mapping]:
    """Whether a feed speaks."""
    colours = (CALM, UNKNOWN, INK, INK)
    words = {n: (text(locale, f"dashboards-silence-{n}"), colours[n]) for n in range(UNSEEN_SILENCE + 1)}
    return [_values(words)]


def fit(locale: str) -> list[Mapping]:
    """Whether the model fits, and if not, on which side it is wrong."""
    words = {
        0: (text(locale, "dashboards-fit-fits"), CALM),
        1: (text(locale, "dashboards-fit-more"), INK),
        -1: (text(locale, "dashboards-fit-fewer"), UNKNOWN),
        UNSEEN_FIT: (text(locale, "dashboards-unknown"), UNKNOWN),
    }
    return [_values(words)]


def drilling(locale: str) -> list[Mapping]:
    """Whether a unit practises."""
    return [_values({0: (text(locale, "dashboards-no"), CALM), 1: (text(locale, "dashboards-yes"), DRILL)})]


def duties(locale: str) -> list[Mapping]:
    """Kinds of duties by their ids."""
    return [_values({kind: (text(locale, f"console-duty-verb-{kind}"), INK) for kind in DUTY_KINDS})]


def delivery_states(locale: str) -> list[Mapping]:
    """States of deliveries by their ids."""
    return [
        _values({state: (text(locale, f"dashboards-delivery-{state}"), INK) for state in DELIVERY_STATES})
    ]


def steps(*lines: tuple[float | None, str]) -> Mapping:
    """Colours from each value upwards; the first begins anywhere."""
    return {"mode": "absolute", "steps": [{"value": value, "color": colour} for value, colour in lines]}


def rank_steps() -> Mapping:
    """The ranks' colours as thresholds, not known below nought."""
    return steps((None, UNKNOWN), (0, CALM), *((n, RANK_COLOURS[n]) for n in range(1, 6)))


def _values(words: dict[Any, tuple[str, str]]) -> Mapping:
    options = {
        str(value): {"index": index, "text": word, "color": colour}
        for index, (value, (word, colour)) in enumerate(sorted(words.items(), key=lambda pair: str(pair[0])))
    }
    return {"type": "value", "options": options}
