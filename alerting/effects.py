"""What a decision asks the shell, or another unit, to do: kind and facts, never a sentence."""

from typing import Final, Literal

import msgspec

EffectKind = Literal[
    "label", "notify", "report", "call", "withdraw", "floor", "silence", "advise", "drill", "blind",
    "refused", "tick",
]  # fmt: skip
EFFECT_KINDS: Final[tuple[str, ...]] = EffectKind.__args__  # type: ignore[attr-defined]

MESSAGES: Final = frozenset({"call", "withdraw", "floor"})
"""Effects that other units' machines receive at the same instant."""

Fact = str | int | bool | None | tuple[str, ...]


class Effect(msgspec.Struct, frozen=True, rename={"is_exercise": "exercise"}):
    """One thing to be done because of an entry.

    Facts by kind: ``notify`` has ``word``, ``mode``, ``rank``, ``response`` and what belongs to the word
    (``due_at`` of the duty it asks for, ``department``, ``duty``, ``about``, ``calls``, ``level``);
    ``report`` the same and ``to``, the upper unit; ``call`` and ``withdraw`` ``to`` and ``why``; ``floor``
    ``to`` and ``rank``; ``label`` ``is_true``; ``silence`` ``until`` and ``actor``; ``advise`` ``rank``;
    ``drill`` and ``blind`` ``word`` (began, ended); ``refused`` ``row``; ``tick`` ``about`` (plan, item) and
    ``is_done``.
    """

    kind: EffectKind
    args: dict[str, Fact]
    is_exercise: bool = False
