"""What a city has decided about escalation: lines, dwell times, deadlines, floors."""

from collections.abc import Mapping
from difflib import get_close_matches
from functools import cached_property
from itertools import pairwise
from typing import Any, Final

import msgspec

from alerting.levels import LEVELS, MODES, RANK_NAMES, rank_number
from alerting.units import TIERS
from streams.errors import ConfigError
from streams.ledger import content_hash

MILLION: Final = 1_000_000

DWELL_SECONDS: Final = {"MONITORING": 7200, "WARNING": 14_400, "RECOVERY": 21_600}
ACKNOWLEDGE_SECONDS: Final = {"IV": 1800, "III": 900, "II": 300, "I": 300}
CHILD_FLOOR: Final[dict[str, int | str]] = {"IV": "watch", "III": "watch", "II": "watch", "I": "IV"}
REQUIRED_FEEDS: Final[dict[str, tuple[str, ...]]] = dict.fromkeys(TIERS, ("hotline",))


class Policy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, dict=True):
    """One city's escalation policy.

    ``enter`` and ``leave`` are lines of risk for watch, IV, III, II, I: a rank is entered at its enter line
    and held down to its leave line. A rank is supported when ``enter_buckets`` of the last
    ``of_last_buckets`` known buckets reached it. Maps may name only what differs from the default: ranks are
    written IV…I (or 2…5), modes by name.

    Raises:
        ConfigError: what does not hold together, by key.
    """

    enter: tuple[float, ...] = (0.50, 0.70, 0.82, 0.92, 0.97)
    leave: tuple[float, ...] = (0.40, 0.60, 0.72, 0.82, 0.90)
    enter_buckets: int = 2
    of_last_buckets: int = 3
    leave_buckets: int = 8
    dwell_seconds: dict[str, int] = msgspec.field(default_factory=lambda: dict(DWELL_SECONDS))
    acknowledge_seconds: dict[str, int] = msgspec.field(default_factory=lambda: dict(ACKNOWLEDGE_SECONDS))
    ratify_seconds: int = 600
    co_sign_seconds: int = 900
    report_in_seconds: int = 1800
    answer_seconds: int = 900
    calls_per_duty: int = 3
    child_floor: dict[str, int | str] = msgspec.field(default_factory=lambda: dict(CHILD_FLOOR))
    reject_hold_seconds: int = 7200
    silence_max_seconds: int = 14_400
    allowed_lateness_seconds: int = 300
    max_skew_seconds: int = 120
    seal_delay_seconds: int = 180
    required_feeds: dict[str, tuple[str, ...]] = msgspec.field(default_factory=lambda: dict(REQUIRED_FEEDS))

    def __post_init__(self) -> None:
        put = msgspec.structs.force_setattr
        put(self, "dwell_seconds", _by_mode("dwell_seconds", DWELL_SECONDS, self.dwell_seconds))
        put(
            self,
            "acknowledge_seconds",
            _by_rank("acknowledge_seconds", ACKNOWLEDGE_SECONDS, self.acknowledge_seconds),
        )
        put(self, "child_floor", _floors(_by_rank("child_floor", CHILD_FLOOR, self.child_floor)))
        put(self, "required_feeds", _by_tier(self.required_feeds))
        _check_lines(self.enter, self.leave)
        _check_counts(self)
        check_lateness(self, self.allowed_lateness_seconds)

    @cached_property
    def enter_lines(self) -> tuple[int, ...]:
        """Enter lines in millionths, watch first."""
        return tuple(round(line * MILLION) for line in self.enter)

    @cached_property
    def leave_lines(self) -> tuple[int, ...]:
        """Leave lines in millionths, watch first."""
        return tuple(round(line * MILLION) for line in self.leave)

    @cached_property
    def hash(self) -> str:
        """blake2b-256 of the canonical policy, in hex: every journal entry names the policy it obeyed."""
        return content_hash(canonical_policy(self))

    def acknowledge_within(self, rank: int) -> int:
        """Seconds in which a warning of ``rank`` (IV at least) must be acknowledged."""
        return self.acknowledge_seconds[RANK_NAMES[max(rank, LEVELS[0])]]

    def dwell(self, mode: str) -> int:
        """Seconds that a machine stays in ``mode`` before evidence may lower it."""
        return self.dwell_seconds[mode]

    def floor_below(self, response: int) -> int:
        """The floor that a response of this level lays under the units below; 0 if there is no response."""
        return int(self.child_floor[RANK_NAMES[response]]) if response in LEVELS else 0


def canonical_policy(policy: Policy) -> dict[str, Any]:
    """The policy as JSON types, integers only: lines in millionths."""
    facts: dict[str, Any] = msgspec.to_builtins(policy)
    return {**facts, "enter": list(policy.enter_lines), "leave": list(policy.leave_lines)}


def policy_hash(policy: Policy) -> str:
    """blake2b-256 of the canonical policy, in hex: every journal entry names the policy it obeyed."""
    return policy.hash


def reached(risk: int, lines: tuple[int, ...]) -> int:
    """How many of the rising ``lines`` a ``risk`` reaches; both in millionths."""
    return sum(risk >= line for line in lines)


def read_policy(facts: Mapping[str, Any], where: str = "policy") -> Policy:
    """The policy that ``facts`` (JSON or TOML types) describe; keys left out have their default.

    Raises:
        ConfigError: an unknown key, a wrong type, or values that do not hold together.
    """
    known = Policy.__struct_fields__
    for key in facts:
        if key not in known:
            near = get_close_matches(str(key), known, 1)
            raise ConfigError(f"{where}.{key}", "unknown key", f"did you mean {near[0]}?" if near else "")
    try:
        return msgspec.convert(dict(facts), Policy)
    except msgspec.ValidationError as error:
        raise ConfigError(where, str(error), "see the policy reference") from error


def check_lateness(policy: Policy, least_lateness_seconds: int) -> None:
    """Refuse a seal delay by which a bucket could be stamped before its own events could have come.

    Raises:
        ConfigError: seal_delay_seconds exceeds the least allowed lateness of any feed less max_skew_seconds.
    """
    most = least_lateness_seconds - policy.max_skew_seconds
    if policy.seal_delay_seconds > most:
        raise ConfigError(
            "policy.seal_delay_seconds",
            f"must be at most the least lateness less max_skew_seconds = {most}, "
            f"got {policy.seal_delay_seconds}",
            "lower it, or allow the feeds more lateness",
        )


def _check_lines(enter: tuple[float, ...], leave: tuple[float, ...]) -> None:
    for name, lines in (("enter", enter), ("leave", leave)):
        if len(lines) != 5 or not all(0 < line <= 1 for line in lines):
            raise ConfigError(f"policy.{name}", f"needs five lines in (0, 1], got {lines}", "watch, IV … I")
        if any(b <= a for a, b in pairwise(lines)):
            raise ConfigError(f"policy.{name}", f"lines must rise, got {lines}", "order them watch, IV … I")
    if any(low >= high for low, high in zip(leave, enter, strict=True)):
        raise ConfigError("policy.leave", f"each line must lie below its enter line, got {leave}", "lower it")


def _check_counts(policy: Policy) -> None:
    if not 1 <= policy.enter_buckets <= policy.of_last_buckets:
        what = f"must be 1 to of_last_buckets = {policy.of_last_buckets}, got {policy.enter_buckets}"
        raise ConfigError("policy.enter_buckets", what, "a rank needs k of the last n buckets")
    for key, value in msgspec.structs.asdict(policy).items():
        for name, number in value.items() if isinstance(value, dict) else ((key, value),):
            if isinstance(number, int) and number < 0:
                raise ConfigError(f"policy.{key}", f"{name} must not be negative, got {number}")


def _by_rank(key: str, defaults: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(defaults)
    for name, value in given.items():
        rank = rank_number(name)
        if rank not in LEVELS:
            raise ConfigError(f"policy.{key}.{name}", "is not a level", "write IV, III, II or I")
        merged[RANK_NAMES[rank]] = value
    return merged


def _floors(given: Mapping[str, Any]) -> dict[str, int]:
    floors = {level: rank_number(floor) for level, floor in given.items()}
    for level, floor in floors.items():
        if floor is None:
            raise ConfigError(
                f"policy.child_floor.{level}", f"{given[level]} is not a rank", "calm, watch, IV … I"
            )
    return {level: floor for level, floor in floors.items() if floor is not None}


def _by_mode(key: str, defaults: Mapping[str, int], given: Mapping[str, int]) -> dict[str, int]:
    merged = dict(defaults)
    for name, value in given.items():
        if name.upper() not in MODES:
            raise ConfigError(
                f"policy.{key}.{name}", "is not a mode", f"write one of {', '.join(defaults)}".lower()
            )
        merged[name.upper()] = value
    return merged


def _by_tier(given: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    for name in given:
        if name not in TIERS:
            raise ConfigError(
                f"policy.required_feeds.{name}", "is not a tier", "write city, district or street"
            )
    return {tier: tuple(given.get(tier, REQUIRED_FEEDS[tier])) for tier in TIERS}
