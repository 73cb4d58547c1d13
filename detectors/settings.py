"""What a city may set about detection: the alarm budget, the warm-up, and how long things are remembered."""

from typing import Final

import msgspec

from streams.errors import ConfigError

APART: Final = (
    "budget_per_week", "controller_step", "calibration_min_weeks", "calibration_weeks",
    "hold_hours", "episode_gap_hours",
)  # fmt: skip
"""Settings behind the scores: what is normal and how strange a bucket is does not depend on them."""


class DetectionSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of detection; weeks and days are local ones, half-lives say when a weight has halved.

    ``budget_per_week`` is the number of false alarms a week that the city is willing to answer; a running
    city takes a new one at its next start, while all else is fixed for the life of a ledger.
    ``warm_up_weeks`` of data pass before anything is scored. ``calibration_min_weeks`` of scores are needed
    before the budget rests on the city's own history, ``calibration_weeks`` is the most that is kept.
    ``hold_hours`` is how long a hotspot stays open after its last alarm, ``episode_gap_hours`` how far apart
    two peaks of one series count as two. ``silence_learns_after_days``: a feed silent for longer counts as
    gone for good, and its zeros are learnt. ``correction_days``: what comes too late by at most so
    many days still corrects what counts as normal, and never a decision; 0 for never, at most 60.
    """

    budget_per_week: float = 2.0
    warm_up_weeks: float = 2.0
    calibration_min_weeks: int = 6
    calibration_weeks: int = 13
    level_half_life_days: float = 42.0
    ratio_half_life_days: float = 56.0
    variance_half_life_days: float = 28.0
    escape_days: int = 12
    hold_hours: float = 24.0
    episode_gap_hours: float = 4.0
    silence_score: float = 4.0
    silence_learns_after_days: float = 60.0
    correction_days: int = 7
    controller_step: float = 0.0217

    def __post_init__(self) -> None:
        """Refuse what cannot work."""
        _positive(self, "budget_per_week", "level_half_life_days", "ratio_half_life_days")
        _positive(self, "variance_half_life_days", "hold_hours", "episode_gap_hours", "silence_score")
        _positive(self, "silence_learns_after_days", "escape_days")
        if not 0 <= self.correction_days <= 60:
            raise ConfigError(
                "detection.correction_days", f"must lie between 0 and 60, got {self.correction_days}"
            )
        if self.warm_up_weeks < 1:
            raise ConfigError("detection.warm_up_weeks", f"must be at least 1, got {self.warm_up_weeks}")
        if not 2 <= self.calibration_min_weeks <= self.calibration_weeks <= 52:
            raise ConfigError(
                "detection.calibration_min_weeks",
                f"must lie between 2 and calibration_weeks ({self.calibration_weeks}, itself at most 52), "
                f"got {self.calibration_min_weeks}",
            )


def _positive(settings: DetectionSettings, *names: str) -> None:
    """Raise ``ConfigError`` for the first of ``names`` that is not above zero, or endless."""
    for name in names:
        value = getattr(settings, name)
        if not 0 < value < float("inf"):
            raise ConfigError(f"detection.{name}", f"must be above zero and finite, got {value}")
