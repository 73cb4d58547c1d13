"""Secrets of receivers: from a file or from the environment, never from the configuration itself."""

from collections.abc import Mapping
from pathlib import Path

from streams.errors import ConfigError


def secret_of(where: str, file: str, variable: str, directory: Path, environment: Mapping[str, str]) -> str:
    """The secret in ``file`` (relative to ``directory``) or in the environment; "" if neither is named.

    Raises:
        ConfigError: both are named, or the one that is named holds nothing.
    """
    if file and variable:
        raise ConfigError(f"{where}_env", "a file is named too", "keep one of the two")
    if variable:
        found = environment.get(variable, "").strip()
        return found or _missing(f"{where}_env", f"the variable {variable} is not set")
    return _content(f"{where}_file", directory / file) if file else ""


def _content(where: str, path: Path) -> str:
    try:
        found = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        return _missing(where, f"{path} cannot be read: {getattr(error, 'strerror', '') or 'not UTF-8'}")
    return found or _missing(where, f"{path} is empty")


def _missing(where: str, what: str) -> str:
    raise ConfigError(where, what, "put the secret there; it must not stand in routes.toml")
