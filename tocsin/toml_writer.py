"""One value of a person's TOML file is set, and every comment stays where it was; the door to tomlkit."""

from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import AbstractTable, Item

from streams.errors import ConfigError
from tocsin.run_directory import write_whole


def set_value(path: Path, table: str, key: str, value: float) -> bool:
    """Set ``table.key``; whether that changed the file, which is written whole or not at all.

    Raises:
        ConfigError: the file is no TOML, or ``table`` is something else in it.
    """
    text = path.read_bytes().decode("utf-8")
    try:
        document = tomlkit.parse(text)
    except TOMLKitError as error:
        raise ConfigError(str(path), f"is no TOML: {error}", "see tocsin check") from error
    own: Any = document.setdefault(table, tomlkit.table())
    if not isinstance(own, AbstractTable | dict):
        raise ConfigError(f"{path}: {table}", "is no table", f"write [{table}]")
    if key in own and own[key] == value:
        return False
    own[key] = _as_written(own.get(key), value)
    write_whole(path, tomlkit.dumps(document).encode())
    return True


def _as_written(old: Any, value: float) -> Item:
    """The value with the comment that stood behind the old one."""
    new = tomlkit.item(float(value))
    if isinstance(old, Item):
        new.trivia.comment_ws, new.trivia.comment = old.trivia.comment_ws, old.trivia.comment
    return new
