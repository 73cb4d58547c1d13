"""Trained models of a city, in ``CITY/models``, and the one that it uses, in ``model.json``.

``model.json`` is the model as it lies on the shelf, and ``before``: the ids of what was in force before it.

What a running city decides by is not this file but the ledger's record of it, written at the next start.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from models.reliability import WORST_ERROR
from models.risk_model import RiskModel, from_json, to_json
from streams.errors import ConfigError, DataError, IntegrityError
from tocsin.config import MODEL_FILE
from tocsin.run_directory import write_whole

FOLDER: Final = "models"
PLAIN: Final = "plain"
"""The name of the map that needs no labels."""


def keep(city: Path, model: RiskModel) -> Path:
    """Write a trained model; where."""
    folder = city / FOLDER
    folder.mkdir(exist_ok=True)
    path = folder / f"{model.id}.json"
    write_whole(path, to_json(model))
    return path


def kept(city: Path) -> list[RiskModel]:
    """All trained models, the newest last; raises ``IntegrityError`` at one that was altered."""
    found = [from_json(path.read_bytes(), str(path)) for path in (city / FOLDER).glob("*.json")]
    return sorted(found, key=lambda model: (model.trained_to, model.id))


def named(city: Path, name: str) -> RiskModel:
    """The model whose id begins so; raises ``DataError`` if there is none, or more than one."""
    found = [model for model in kept(city) if model.id.startswith(name)]
    if len(found) != 1:
        what = "no model's id begins so" if not found else f"{len(found)} ids begin so"
        raise DataError(f"model {name}", what, "see tocsin models list")
    return found[0]


def chosen(city: Path, name: str) -> RiskModel | None:
    """The model whose id begins so, or None for ``plain``; raises ``DataError`` as ``named`` does."""
    return None if name == PLAIN else named(city, name)


def in_force(city: Path) -> str:
    """The id of the promoted model, or ``plain``."""
    path = city / MODEL_FILE
    return from_json(path.read_bytes(), str(path)).id if path.is_file() else PLAIN


def promote(city: Path, name: str) -> str:
    """Put a model in force; its id.

    Raises:
        ConfigError: it did not beat the plain map on held-out time, or its chances did not hold there.
    """
    model = named(city, name)
    _check(model)
    now = in_force(city)
    if model.id != now:
        _put(city, model, (*_before(city), now))
    return model.id


def rollback(city: Path) -> str:
    """Put back what was in force before the last promotion; its id, or ``plain``.

    Raises:
        ConfigError: nothing was ever promoted, or what was before is not known.
    """
    if in_force(city) == PLAIN:
        raise ConfigError("models rollback", "nothing was promoted", "there is nothing to take back")
    *past, last = _before(city) or [""]
    if not last:
        raise ConfigError(
            str(city / MODEL_FILE),
            "does not say what was in force before it",
            "promote another model, or remove the file for the plain map",
        )
    _put(city, chosen(city, last), past)
    return last


def _check(model: RiskModel) -> None:
    if not model.is_better:
        raise ConfigError(
            f"model {model.id[:8]}",
            f"did not beat the plain map on held-out time: Brier {model.brier:.4f} against "
            f"{model.plain_brier:.4f}, p = {model.p_value:.2g}",
            "train with more answers",
        )
    if model.reliability is None:
        raise ConfigError(
            f"model {model.id[:8]}", "was trained before chances were compared with what came true",
            "train again",
        )  # fmt: skip
    if not model.is_reliable:
        raise ConfigError(
            f"model {model.id[:8]}",
            f"gave chances that are off by {model.reliability.error:.0%} on average on held-out time, "
            f"more than {WORST_ERROR:.0%}",
            "train with more answers",
        )


def _before(city: Path) -> list[str]:
    """What was in force before, the newest last, as far as it was not taken back."""
    path = city / MODEL_FILE
    if not path.is_file():
        return []
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Past).before
    except msgspec.MsgspecError as error:
        raise IntegrityError(str(path), f"cannot be read: {error}", "restore the file") from error


class _Past(msgspec.Struct):
    """The history in ``model.json``: one file, so that no kill can part a model from what was before it."""

    before: list[str] = []


def _put(city: Path, model: RiskModel | None, before: Sequence[str]) -> None:
    if model is None:
        (city / MODEL_FILE).unlink(missing_ok=True)
        return
    whole = {**msgspec.json.decode(to_json(model)), "before": before}
    write_whole(city / MODEL_FILE, msgspec.json.format(msgspec.json.encode(whole), indent=1))
