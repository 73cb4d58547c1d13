"""The whole of detection as one fold over sealed buckets: score first, then learn."""

import msgspec
import numpy as np

from detectors.findings import BudgetStatus, Findings
from detectors.settings import DetectionSettings
from models.shape import CityShape
from streams.panel import SealedBucket


class DetectionState(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """All that detection remembers between two buckets."""

    first_at: int = -1  # opening of the first bucket, -1 before it


class Detection:
    """Scores a city's sealed buckets; holds no state of its own, so one object serves any number of folds."""

    def __init__(self, shape: CityShape, settings: DetectionSettings) -> None:
        self.shape, self.settings = shape, settings

    def start(self) -> DetectionState:
        """The state before the first bucket."""
        return DetectionState()

    def step(
        self, state: DetectionState, bucket: SealedBucket, confirmed: tuple[str, ...] = ()
    ) -> tuple[DetectionState, Findings]:
        """Score ``bucket``, then learn from it.

        ``confirmed`` are the ids of hotspots that officers confirmed since the last bucket: they do not
        count against the alarm budget and nothing is calibrated on them.
        """
        first_at = bucket.opens_at if state.first_at < 0 else state.first_at
        warm_at = first_at + int(self.settings.warm_up_weeks * 604_800)
        budget = BudgetStatus(
            allowed=self.settings.budget_per_week,
            spent=0,
            expected_low=0.0,
            expected_high=0.0,
            history_weeks=0.0,
            threshold=0.0,
            is_calibrated=False,
        )
        findings = Findings(
            hotspots=(),
            silent=(),
            budget=budget,
            expected=np.zeros(bucket.observed.shape),
            warming_up=True,
            warm_at=warm_at,
        )
        return DetectionState(first_at=first_at), findings
