"""TOML into typed Structs: an unknown key, a wrong type or a broken line is refused in one sentence."""

import difflib
import re
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec
from msgspec import inspect

from streams.errors import ConfigError

T = TypeVar("T")

_LEAVES: Final[tuple[tuple[type[inspect.Type], tuple[type, ...], str], ...]] = (
    (inspect.IntType, (int,), "a whole number"),
    (inspect.FloatType, (int, float), "a number"),
    (inspect.StrType, (str,), "text"),
    (inspect.BoolType, (bool,), "true or false"),
)

_AT_PATH: Final = re.compile(r"^(?P<what>.*?)(?: - at `(?:key in )?\$(?P<path>[^`]*)`)?$", re.DOTALL)
_AT_LINE: Final = re.compile(r"^(?P<what>.*?) \(at (?P<place>.*)\)$")
_WORDS: Final = {
    "`int`": "a whole number",
    "`float`": "a number",
    "`str`": "text",
    "`bool`": "true or false",
    "`array`": "a list",
    "`object`": "a table",
    "`null`": "nothing",
}


def read_toml(path: Path) -> dict[str, Any]:
    """The file's tables.

    Raises:
        ConfigError: no such file, not UTF-8, or not TOML (names the line).
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ConfigError(str(path), "no such file", "tocsin init DIR writes one to start from") from error
    except UnicodeDecodeError as error:
        raise ConfigError(str(path), f"not UTF-8 at byte {error.start}", "save it as UTF-8") from error
    except OSError as error:
        raise ConfigError(
            str(path), f"cannot be read: {error.strerror}", "check its rights and kind"
        ) from error
    except tomllib.TOMLDecodeError as error:
        raise _broken_line(path, str(error)) from error


def convert(data: Any, kind: type[T], where: str, prefix: str = "") -> T:
    """``data`` as ``kind``; ``where`` names the file and ``prefix`` the table in it for the refusal.

    Raises:
        ConfigError: an unknown or missing key, or a value of the wrong type.
    """
    check_keys(data, inspect.type_info(kind), where, prefix)
    try:
        with located(where):
            return msgspec.convert(data, kind)
    except msgspec.ValidationError as error:
        raise _wrong_value(str(error), where, prefix) from error


@contextmanager
def located(where: str) -> Iterator[None]:
    """Name the file in a refusal that knows only its key: ``policy.enter`` becomes ``policy.toml: enter``."""
    try:
        yield
    except ConfigError as error:
        if error.where.startswith(where):
            raise
        key = error.where.removeprefix(f"{Path(where).name}: ").removeprefix(f"{Path(where).stem}.")
        raise ConfigError(f"{where}: {key}", error.what, error.remedy) from error


def read(path: Path, kind: type[T]) -> T:
    """The whole file as one ``kind``; raises ``ConfigError`` as ``read_toml`` and ``convert`` do."""
    return convert(read_toml(path), kind, str(path))


def check_keys(data: Any, kind: inspect.Type, where: str, at: str = "") -> None:
    """Refuse the first key that ``kind`` does not know, with the nearest one that it does."""
    if isinstance(kind, inspect.StructType) and isinstance(data, dict):
        fields = {field.encode_name: field.type for field in kind.fields}
        if kind.tag_field:
            fields[kind.tag_field] = inspect.AnyType()
        for key, value in data.items():
            if key not in fields:
                raise unknown_key(where, _dotted(at, key), key, fields)
            check_keys(value, fields[key], where, _dotted(at, key))
    else:
        _check_inner_keys(data, kind, where, at)


def unknown_key(where: str, dotted: str, key: str, known: dict[str, Any]) -> ConfigError:
    """The refusal of ``key``, which suggests the nearest of the ``known`` ones."""
    near = difflib.get_close_matches(key, list(known), 1, 0.5)
    remedy = f"did you mean {near[0]}?" if near else f"it may be {', '.join(known)}"
    return ConfigError(_place(where, dotted), "unknown key", remedy)


def _check_leaf(data: Any, kind: inspect.Type, where: str, at: str) -> None:
    """Refuse a scalar of the wrong type or outside its choices; msgspec's own path omits keys of a dict."""
    if isinstance(kind, inspect.LiteralType | inspect.EnumType):
        choices = [str(value) for value in _choices(kind)]
        if str(data) not in choices:
            near = difflib.get_close_matches(str(data), choices, 1, 0.5)
            remedy = f"did you mean {near[0]}?" if near else f"it may be {', '.join(choices)}"
            raise ConfigError(_place(where, at), f"is {data!r}", remedy)
    for leaf, python_types, word in _LEAVES:
        if isinstance(kind, leaf) and (type(data) not in python_types):
            raise ConfigError(_place(where, at), f"must be {word}, is {data!r}", "correct the value")


def _choices(kind: inspect.LiteralType | inspect.EnumType) -> tuple[Any, ...]:
    if isinstance(kind, inspect.LiteralType):
        return tuple(kind.values)
    return tuple(member.value for member in kind.cls)


def _check_inner_keys(data: Any, kind: inspect.Type, where: str, at: str) -> None:
    if isinstance(kind, inspect.DictType) and isinstance(data, dict):
        for key, value in data.items():
            check_keys(value, kind.value_type, where, _dotted(at, key))
    elif isinstance(kind, inspect.VarTupleType | inspect.ListType) and isinstance(data, list):
        for number, value in enumerate(data):
            check_keys(value, kind.item_type, where, f"{at}[{number}]")
    elif isinstance(kind, inspect.UnionType):
        choices = [choice for choice in kind.types if _may_hold(choice, data)]
        if len(choices) == 1:
            check_keys(data, choices[0], where, at)
    else:
        _check_leaf(data, kind, where, at)


def _may_hold(kind: inspect.Type, data: Any) -> bool:
    """Whether a member of a union is the one that ``data`` means: by shape, and by its tag."""
    if isinstance(kind, inspect.StructType):
        return isinstance(data, dict) and (not kind.tag_field or data.get(kind.tag_field) == kind.tag)
    if isinstance(data, dict) or isinstance(kind, inspect.DictType):
        return isinstance(kind, inspect.DictType) and isinstance(data, dict)
    if isinstance(data, list) or isinstance(kind, inspect.VarTupleType | inspect.ListType):
        return isinstance(kind, inspect.VarTupleType | inspect.ListType) and isinstance(data, list)
    return not isinstance(kind, inspect.NoneType)


def _wrong_value(message: str, where: str, prefix: str) -> ConfigError:
    match = _AT_PATH.match(message)
    assert match is not None
    path = re.sub(r"\[\.\.\.\]", "[…]", (match["path"] or "").removeprefix("."))
    missing = re.search(r"missing required field `([^`]*)`", match["what"])
    if missing:
        dotted = _dotted(_dotted(prefix, path), missing[1])
        return ConfigError(_place(where, dotted), "is missing", "add it")
    return ConfigError(_place(where, _dotted(prefix, path)), plain_words(match["what"]), "correct the value")


def plain_words(what: str) -> str:
    """msgspec's refusal in a person's words: what it must be, and what it is."""
    for code, word in _WORDS.items():
        what = what.replace(code, word)
    return re.sub(r"^Expected (.*), got (.*)$", r"must be \1, is \2", what).replace("`", "")


def _broken_line(path: Path, message: str) -> ConfigError:
    match = _AT_LINE.match(message)
    what, place = (match["what"], match["place"]) if match else (message, "")
    return ConfigError(f"{path}: {place}" if place else str(path), f"not TOML: {what}", "correct that line")


def _dotted(at: str, key: str) -> str:
    return f"{at}.{key}" if at and key else at or key


def _place(where: str, dotted: str) -> str:
    return f"{where}: {dotted}" if dotted else where
