"""Trained models of a city, in ``CITY/models``, and the one that it uses, in ``model.json``.

What a running city decides by is not this file but the ledger's record of it, written at the next start.
"""

from pathlib import Path
from typing import Final

import msgspec

from models.risk_model import RiskModel, from_json, to_json
from streams.errors import ConfigError, DataError
from tocsin.config import MODEL_FILE
from tocsin.run_directory import read_lines, write_whole

FOLDER: Final = "models"
PROMOTIONS: Final = "promotions.jsonl"
PLAIN: Final = "plain"
"""The name of the map that needs no labels."""


class Promotion(msgspec.Struct, frozen=True):
    """What was put in force, one line for each; the last is in force from the next start on."""

    model: str
    is_rollback: bool = False


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


def in_force(city: Path) -> str:
    """The id of the promoted model, or ``plain``."""
    path = city / MODEL_FILE
    return from_json(path.read_bytes(), str(path)).id if path.is_file() else PLAIN


def promote(city: Path, name: str) -> str:
    """Put a model in force; its id.

    Raises:
        ConfigError: it did not beat the plain map on held-out time.
    """
    model = named(city, name)
    if not model.is_better:
        raise ConfigError(
            f"model {model.id[:8]}",
            f"did not beat the plain map on held-out time: Brier {model.brier:.4f} against "
            f"{model.plain_brier:.4f}, p = {model.p_value:.2g}",
            "train with more answers",
        )
    _put(city, model)
    return model.id


def rollback(city: Path) -> str:
    """Put back what was in force before the last promotion; its id, or ``plain``.

    Raises:
        ConfigError: nothing was ever promoted.
    """
    past = promotions(city)
    if not past:
        raise ConfigError("models rollback", "nothing was promoted", "there is nothing to take back")
    before = past[-2].model if len(past) > 1 else PLAIN
    _put(city, None if before == PLAIN else named(city, before), is_rollback=True)
    return before


def promotions(city: Path) -> list[Promotion]:
    """What was put in force, in order, as far as it was not taken back."""
    path = city / FOLDER / PROMOTIONS
    found: list[Promotion] = []
    for promotion in read_lines(path, Promotion) if path.is_file() else ():
        if promotion.is_rollback:
            found.pop()
        else:
            found.append(promotion)
    return found


def _put(city: Path, model: RiskModel | None, is_rollback: bool = False) -> None:
    path = city / FOLDER / PROMOTIONS
    before = path.read_bytes() if path.is_file() else b""
    line = msgspec.json.encode(Promotion(PLAIN if model is None else model.id, is_rollback)) + b"\n"
    path.parent.mkdir(exist_ok=True)
    if model is None:
        (city / MODEL_FILE).unlink(missing_ok=True)
    else:
        write_whole(city / MODEL_FILE, to_json(model))
    write_whole(path, before + line)
