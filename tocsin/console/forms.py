"""From a posted form to a command, or to the sentence that says what is missing."""

import hashlib
from collections.abc import Mapping
from typing import Final

from alerting.levels import BLUE, RANK_NAMES, rank_number
from alerting.permissions import PERMITTED
from streams.commands import COMMAND_KINDS, Command
from streams.ledger import canonical
from tocsin.console.acts import GRAVE
from tocsin.console.phrases import Phrase
from tocsin.console.view import CityView, Person

LONGEST_NOTE: Final = 500
ALWAYS_REAL: Final = frozenset({"begin_drill", "end_drill"})
"""An exercise is begun and ended by the real city, never inside itself."""

LONGEST_DURATION: Final = 30 * 86_400


class IncompleteError(Exception):
    """The form does not make a command: ``phrase`` says what is missing."""

    def __init__(self, key: str, **args: str | int | float) -> None:
        self.phrase = Phrase(f"console-{key}", dict(args))
        super().__init__(key)


def command_of(
    form: Mapping[str, str],
    about: tuple[str, ...],
    measures: tuple[str, ...],
    person: Person,
    view: CityView,
    now_at: int,
) -> Command:
    """The command that the form asks for; its id is the hash of the form's token and of what it says.

    The same form sent twice is the same command; another choice on the same form is another.

    Raises:
        IncompleteError: an unknown act or unit, a missing reason, name, level or end, an act that the role
            never has, or a unit that is neither the person's nor below it.
    """
    kind = form.get("kind", "")
    if kind not in COMMAND_KINDS:
        raise IncompleteError("form-unknown-act")
    if kind not in PERMITTED.get(person.role, frozenset()):
        raise IncompleteError("form-not-your-role")
    if form.get("unit", "") not in {u.id for u in view.real.units}:
        raise IncompleteError("form-unknown-unit")
    if person.unit not in lineage(form["unit"], view):
        raise IncompleteError("form-not-your-unit")
    note = form.get("note", "").strip()[:LONGEST_NOTE]
    if kind == "reject" and not note:
        raise IncompleteError("form-reason-missing")
    if kind in ("whistle", "report_in") and not about:
        raise IncompleteError("form-names-missing")
    if kind in ("tick", "untick") and not _is_item(about, view):
        raise IncompleteError("form-unknown-item")
    if kind == "begin_drill" and about and (len(about) > 1 or about[0] not in view.scenarios):
        raise IncompleteError("form-unknown-scenario")
    facts = {
        "kind": kind, "unit": form["unit"], "actor": person.id, "role": person.role,
        "actor_unit": person.unit, "level": _level(form, kind), "about": about, "note": note,
        "until": _until(form, kind, view, now_at), "duration_seconds": _duration(form, kind),
        "measures": _joined((*measures, form.get("measures_text", "").strip())),
        "hotspot": form.get("hotspot", ""), "is_attested": form.get("attested") == "1",
        "is_exercise": form.get("exercise") == "1" and kind not in ALWAYS_REAL,
    }  # fmt: skip
    return Command(id=command_id(form.get("token", ""), facts), stamp=now_at, **facts)  # type: ignore[arg-type]


def _is_item(about: tuple[str, ...], view: CityView) -> bool:
    """Whether it names a plan and an item of it."""
    return about in {(plan.category, item.id) for plan in view.plans for item in plan.items}


def lineage(unit: str, view: CityView) -> list[str]:
    """The unit and those above it, nearest first."""
    parents = {u.id: u.parent for u in view.real.units}
    above = [unit]
    while (parent := parents.get(above[-1])) is not None:
        above.append(parent)
    return above


def command_id(token: str, facts: Mapping[str, object]) -> str:
    """blake2b-128 of the form's token and of everything that it says, except instants."""
    said = {k: list(v) if isinstance(v, tuple) else v for k, v in facts.items() if k != "until"}
    return hashlib.blake2b(canonical({"token": token, **said}), digest_size=16).hexdigest()


def form_token(view: CityView, person: Person | None, what: str) -> str:
    """Names one rendering of one form: the same until the ledger grows."""
    facts = [view.city, view.offset, person.id if person else "", what]
    return hashlib.blake2b(canonical(facts), digest_size=8).hexdigest()


def is_sure(form: Mapping[str, str], level: int | None) -> bool:
    """Whether a grave or attested act was held for two seconds, or its level typed and pressed twice."""
    if form.get("kind", "") not in GRAVE and form.get("attested") != "1":
        return True
    return form.get("held") == "1" or (is_typed(form, level) and form.get("pressed") == "2")


def is_typed(form: Mapping[str, str], level: int | None) -> bool:
    """Whether the typed word names the level: ``II``, in either case, or its digit for a person (2)."""
    typed = form.get("typed", "").strip().upper()
    return level is not None and level >= BLUE and typed == RANK_NAMES[level]


def _level(form: Mapping[str, str], kind: str) -> int | None:
    if kind not in ("declare", "ratify"):
        return None
    level = rank_number(form.get("level", ""))
    if level is None or level < BLUE:
        raise IncompleteError("form-level-missing")
    return level


def _until(form: Mapping[str, str], kind: str, view: CityView, now_at: int) -> int | None:
    if kind != "silence":
        return None
    seconds = _whole(form.get("silence_seconds", ""))
    if seconds is None or seconds > view.policy.silence_max_seconds:
        raise IncompleteError("form-end-missing")
    return now_at + seconds


def _duration(form: Mapping[str, str], kind: str) -> int | None:
    if kind not in ("declare", "ratify"):
        return None
    seconds = _whole(form.get("duration_seconds", ""))
    if seconds is None or not 0 < seconds <= LONGEST_DURATION:
        raise IncompleteError("form-duration-missing")
    return seconds


def _whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else None


def _joined(measures: tuple[str, ...]) -> str:
    return "; ".join(m for m in measures if m)[:LONGEST_NOTE]
