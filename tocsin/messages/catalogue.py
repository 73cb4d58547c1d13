"""The Fluent catalogues: one folder a language, one file a noun; the only import of fluent."""

import functools
import warnings
from pathlib import Path
from typing import Final, Literal

from fluent.runtime import FluentBundle, FluentResource

Locale = Literal["en", "zh-CN"]
LOCALES: Final[tuple[str, ...]] = ("en", "zh-CN")
FALLBACK: Final = "en"
FOLDER: Final = Path(__file__).parent


class MissingMessageWarning(UserWarning):
    """A message or one of its variables is missing: tests turn it into an error, a city still gets words."""


@functools.cache
def bundle(locale: str) -> FluentBundle:
    """All files of one language, without bidi isolates (they would break copied ids and commands).

    A text that is no message, or a key that two files define, is left out with a warning.
    """
    messages = FluentBundle([locale], use_isolating=False)
    seen: dict[str, str] = {}
    for path in sorted((FOLDER / locale).glob("*.ftl")):
        resource = FluentResource(path.read_text(encoding="utf-8"))
        for entry in resource.body:
            _note(entry, path.name, seen)
        messages.add_resource(resource)
    return messages


def _note(entry: object, name: str, seen: dict[str, str]) -> None:
    """Warn of what Fluent would pass over in silence."""
    kind, key = type(entry).__name__, getattr(getattr(entry, "id", None), "name", None)
    if kind == "Junk":
        broken = str(getattr(entry, "content", ""))[:80]
        warnings.warn(f"{name}: not a Fluent message: {broken!r}", MissingMessageWarning, stacklevel=3)
    elif key is not None and seen.setdefault(f"{kind} {key}", name) != name:
        already = seen[f"{kind} {key}"]
        warnings.warn(f"{name}: {key} is already defined in {already}", MissingMessageWarning, stacklevel=3)


def text(locale: str, key: str, **args: str | int | float) -> str:
    """The message ``key`` in ``locale``; an unknown locale or a missing message falls back to English.

    What is missing in English too is shown as the key itself: a console must not fail for want of a word.
    """
    chosen = locale if locale in LOCALES else FALLBACK
    if not bundle(chosen).has_message(key):
        warnings.warn(f"{chosen}: no message {key}", MissingMessageWarning, stacklevel=2)
        if not bundle(FALLBACK).has_message(key):
            return key
        chosen = FALLBACK
    return _format(chosen, key, args)


def _format(locale: str, key: str, args: dict[str, str | int | float]) -> str:
    messages = bundle(locale)
    pattern = messages.get_message(key).value
    if pattern is None:
        return key
    rendered, errors = messages.format_pattern(pattern, args)
    if errors:
        warnings.warn(f"{locale}: {key}: {errors[0]!r}", MissingMessageWarning, stacklevel=3)
    return str(rendered)


def has_message(locale: str, key: str) -> bool:
    """Whether ``locale`` itself has the message."""
    return locale in LOCALES and bundle(locale).has_message(key)


def message_keys(locale: str) -> tuple[str, ...]:
    """All message keys of one language, sorted."""
    return tuple(sorted(bundle(locale)._messages))
