"""What other settings would have decided: a city with changes, and the ledger that such a city would have."""

import tomllib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import msgspec
from msgspec import inspect

from alerting.policy import Policy, check_lateness, read_policy
from detectors.settings import DetectionSettings
from models.risk_model import RiskModel
from streams import ledger
from streams.errors import ConfigError
from streams.ledger import Settings, settings
from tocsin.city import City
from tocsin.forked import Forked
from tocsin.toml_reader import check_keys, convert, unknown_key

TABLES: Final[dict[str, Any]] = {"detection": DetectionSettings, "policy": Policy}
"""What may be asked otherwise, by its file or table; all else is fixed for the life of a ledger."""

OF_THE_LEDGER: Final = ("seal_delay_seconds", "max_skew_seconds", "allowed_lateness_seconds")
"""Keys of the policy by which the archive's own records were stamped or refused."""

BUDGET: Final = "detection.budget_per_week"
MODEL: Final = "model"


class Change(msgspec.Struct, frozen=True):
    """One setting as it is asked for: ``detection.budget_per_week`` and its value as TOML.

    That of ``model`` is how a model's id begins, which is then given (None: the plain map).
    """

    key: str
    value: str
    model: RiskModel | None = None

    @property
    def words(self) -> str:
        """As it is written on the command line."""
        return f"{self.key}={self.value}"


def change_of(text: str) -> Change:
    """``key=value``; raises ``ConfigError`` if it is not."""
    key, separator, value = text.partition("=")
    if not separator or not key.strip() or not value.strip():
        raise ConfigError(f"--set {text}", "is not key=value", f"write --set {BUDGET}=1")
    if key.strip() == MODEL:
        raise ConfigError(f"--set {text}", "a model is asked by its own option", f"--model {value.strip()}")
    return Change(key.strip(), value.strip())


def changed(city: City, changes: Iterable[Change]) -> City:
    """The city with other settings.

    Raises:
        ConfigError: a key that is unknown or cannot be changed afterwards, or a value that cannot be.
    """
    wanted = tuple(changes)
    model = model_of(wanted)
    return msgspec.structs.replace(
        city,
        detection=_table(city.detection, "detection", wanted),
        policy=_policy(city, msgspec.to_builtins(city.policy), wanted),
        model=city.model if model is None else model.model,
    )


def model_of(changes: Iterable[Change]) -> Change | None:
    """The change of the model; None if all stays with what was recorded."""
    return next((change for change in changes if change.key == MODEL), None)


def forks(city: City, variants: Sequence[tuple[Change, ...]]) -> Forked:
    """One fork for each set of changes; raises ``ConfigError`` as ``changed`` does."""
    cities = [changed(city, changes) for changes in variants]
    return Forked(cities, [restated(own, changes) for own, changes in zip(cities, variants, strict=True)])


def restated(city: City, changes: tuple[Change, ...]) -> Callable[[Settings], Settings]:
    """How the ledger's settings records read for a changed ``city``: the changes hold from the start on,
    and also over policies, promotions and budgets that came into force on the way.
    """
    ranking = model_of(changes)
    model = {} if ranking is None else {"model": msgspec.to_builtins(ranking.model)}
    is_asked = any(change.key == BUDGET for change in changes)
    budget = {ledger.BUDGET: city.detection.budget_per_week} if is_asked else {}

    def restate(record: Settings) -> Settings:
        if record.name == "start":
            content = {**record.content, "detection": city.frame()["detection"]}
            content |= {"policy": _facts(city, record.content["policy"], changes), **model, **budget}
        elif record.name == "policy":
            content = {**record.content, "policy": _facts(city, record.content["policy"], changes)}
        elif record.name == "model" and model:
            content = model
        elif record.name == ledger.BUDGET and budget:
            content = budget
        else:
            return record
        return settings(record.name, record.stamp, content)

    return restate


def _facts(city: City, policy: dict[str, Any], changes: tuple[Change, ...]) -> dict[str, Any]:
    facts: dict[str, Any] = msgspec.to_builtins(_policy(city, policy, changes))
    return facts


def _policy(city: City, facts: dict[str, Any], changes: tuple[Change, ...]) -> Policy:
    own = [change for change in changes if _table_of(change) == "policy"]
    for change in own:
        if change.key.removeprefix("policy.") in OF_THE_LEDGER:
            raise _fixed(change)
    with _asked(own):
        policy = read_policy(_merged(facts, Policy, "policy", own))
        check_lateness(policy, min(feed.lateness_seconds for feed in city.feeds))
    return policy


def _table(settings_: DetectionSettings, name: str, changes: tuple[Change, ...]) -> DetectionSettings:
    own = [change for change in changes if _table_of(change) == name]
    if not own:
        return settings_
    with _asked(own):
        facts = _merged(msgspec.to_builtins(settings_), DetectionSettings, name, own)
        return convert(facts, DetectionSettings, "")


def _merged(facts: dict[str, Any], kind: type, name: str, changes: list[Change]) -> dict[str, Any]:
    """The table with the changes in it; a dotted key reaches into a table of its own."""
    merged: dict[str, Any] = dict(facts)
    for change in changes:
        given: Any = _value(change)
        path = change.key.split(".")[1:]
        for part in reversed(path):
            given = {part: given}
        check_keys(given, inspect.type_info(kind), f"--set {change.words}", "")
        merged = _laid_over(merged, given)
    return merged


def _laid_over(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        old = merged.get(key)
        merged[key] = _laid_over(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return merged


def _value(change: Change) -> Any:
    """The value as TOML reads it."""
    try:
        return tomllib.loads(f"value = {change.value}")["value"]
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(
            f"--set {change.words}", "is no TOML value", 'write a number, true, "text" or [a list]'
        ) from error


def _table_of(change: Change) -> str:
    """Which table a change is for; refuses all that was fixed when the ledger was begun."""
    if change.key == MODEL:
        return MODEL
    name, _, key = change.key.partition(".")
    if name in TABLES and key:
        return name
    if name in ("city", "feed", "taxonomy", "areas", "sensor", "sensors"):
        raise _fixed(change)
    known = {f"{table}.{field}": None for table, kind in TABLES.items() for field in kind.__struct_fields__}
    raise unknown_key(f"--set {change.words}", "", change.key, known)


def _fixed(change: Change) -> ConfigError:
    return ConfigError(
        f"--set {change.words}",
        "was fixed when this ledger was begun",
        "change the city's files and replay the raw history instead",
    )


@contextmanager
def _asked(changes: list[Change]) -> Iterator[None]:
    """A refusal names what was asked for."""
    try:
        yield
    except ConfigError as error:
        if not changes or error.where.startswith("--set"):
            raise
        asked = " ".join(f"--set {change.words}" for change in changes)
        raise ConfigError(f"{asked}: {error.where.removeprefix(': ')}", error.what, error.remedy) from error
