"""The ladder of ranks, the six modes and the names of everything else that the table speaks of."""

from collections.abc import Mapping
from typing import Final, Literal

CALM: Final = 0
WATCH: Final = 1
BLUE: Final = 2
YELLOW: Final = 3
ORANGE: Final = 4
RED: Final = 5

RANK_NAMES: Final = ("calm", "watch", "IV", "III", "II", "I")
"""Name of each rank; the index is the rank."""

LEVELS: Final = (BLUE, YELLOW, ORANGE, RED)
"""The ranks that a warning or a response may have: IV, III, II, I."""

Mode = Literal["NORMAL", "MONITORING", "WARNING", "PROVISIONAL", "EMERGENCY", "RECOVERY"]

NORMAL: Final = "NORMAL"
MONITORING: Final = "MONITORING"
WARNING: Final = "WARNING"
PROVISIONAL: Final = "PROVISIONAL"
EMERGENCY: Final = "EMERGENCY"
RECOVERY: Final = "RECOVERY"

MODES: Final[tuple[Mode, ...]] = (NORMAL, MONITORING, WARNING, PROVISIONAL, EMERGENCY, RECOVERY)
RISING: Final[frozenset[str]] = frozenset({NORMAL, MONITORING, WARNING})
RESPONDING: Final[frozenset[str]] = frozenset({PROVISIONAL, EMERGENCY})

DutyKind = Literal["acknowledge", "ratify", "co-sign", "report-in", "answer"]

DUTY_KINDS: Final[tuple[DutyKind, ...]] = ("acknowledge", "ratify", "co-sign", "report-in", "answer")
"""In the order in which duties that are due at one instant fire."""

ENDED_BY: Final[Mapping[DutyKind, tuple[str, ...]]] = {
    "acknowledge": ("acknowledge", "confirm", "reject", "declare"),
    "ratify": ("ratify", "reject", "declare"),
    "co-sign": ("co_sign", "declare"),
    "report-in": ("report_in",),
    "answer": ("acknowledge",),
}
"""The acts by which a person ends a duty, its own act first; what the machine takes back nobody did."""

ROLES: Final = ("operator", "officer", "chief", "analyst", "admin")

UPPER: Final = "upper"
"""What a whistle names when it calls the upper unit; no department may bear this name."""


def rank_number(name: str | int) -> int | None:
    """The rank that a person wrote as a number (3, "3") or by name ("III", "watch"), None if it is none."""
    if isinstance(name, str) and name in RANK_NAMES:
        return RANK_NAMES.index(name)
    text = str(name)
    return int(text) if text in {"0", "1", "2", "3", "4", "5"} else None


def mode_of(rank: int) -> Mode:
    """The rising mode in which a machine of ``rank`` settles."""
    return (NORMAL, MONITORING)[rank] if rank < BLUE else WARNING
