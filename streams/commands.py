"""What a person does, as one timestamped record of the ledger (the human law)."""

from typing import Final, Literal

import msgspec

CommandKind = Literal[
    "acknowledge", "confirm", "reject", "declare", "ratify", "co_sign", "stand_down",
    "whistle", "report_in", "hand_over", "silence", "begin_drill", "end_drill", "tick", "untick",
]  # fmt: skip
COMMAND_KINDS: Final[tuple[str, ...]] = CommandKind.__args__  # type: ignore[attr-defined]

Role = Literal["operator", "officer", "chief", "analyst", "admin"]


class Command(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="command", tag_field="record"
):
    """One act of one person for one unit; ``stamp`` is the second (UTC) in which the edge accepted it.

    ``level`` (2 = IV … 5 = I) belongs to declare and ratify; ``about`` names departments (whistle, with
    ``"upper"`` last; report_in names exactly one), or plan and item (tick). ``until`` ends a silence;
    ``duration_seconds`` and ``measures`` accompany declare and have no effect on the table. ``hotspot``
    says which hotspot the person looked at, for the record only. ``note`` is the reason that the person
    gave, redacted.
    """

    id: str
    stamp: int
    kind: CommandKind
    unit: str
    actor: str
    role: Role
    actor_unit: str
    is_exercise: bool = False
    is_attested: bool = False
    level: int | None = None
    about: tuple[str, ...] = ()
    until: int | None = None
    duration_seconds: int | None = None
    measures: str = ""
    hotspot: str = ""
    note: str = ""
