"""The promises of every detector as functions: each raises ``AssertionError`` naming what is broken.

They run over every registered detector in the tests, and are there for a new one to be held against.
"""

from typing import Any, Final

import msgspec
import numpy as np

from detectors.base import Detector, Scores, Sight, picked
from streams.panel import Array

State = Any
LEAST_SCORES: Final = 1


def check_pure(detector: Detector[State], sights: list[Sight]) -> None:
    """Neither verb changes its arguments, and the same arguments give the same answer."""
    state = detector.start()
    for sight in sights:
        before = (fingerprint(state), fingerprint(sight))
        first, again = detector.score(state, sight), detector.score(state, sight)
        learnt, relearnt = detector.learn(state, sight), detector.learn(state, sight)
        assert before == (fingerprint(state), fingerprint(sight)), f"{detector.name} changes its arguments"
        assert fingerprint(first) == fingerprint(again), f"{detector.name} scores differently twice"
        assert fingerprint(learnt) == fingerprint(relearnt), f"{detector.name} learns differently twice"
        state = learnt


def check_bounded(detector: Detector[State], sights: list[Sight]) -> None:
    """The state stops growing: while the same sights pass again it is never larger than it was at most."""
    state, sizes = detector.start(), []
    for sight in (*sights, *sights):
        state = detector.learn(state, sight)
        sizes.append(state_bytes(state))
    first, again = max(sizes[: len(sights)]), max(sizes[len(sights) :])
    assert again <= first, f"{detector.name} grows from {first} bytes to {again}"


def check_quiet_in_warm_up(detector: Detector[State], sights: list[Sight]) -> None:
    """While warming up every score is zero."""
    state = detector.start()
    for sight in sights:
        scores = detector.score(state, msgspec.structs.replace(sight, is_scoring=False))
        assert len(scores.score) == 0, f"{detector.name} scores while warming up"
        state = detector.learn(state, sight)


def check_sound(detector: Detector[State], sights: list[Sight]) -> None:
    """Scores are above zero and finite, and name a stratum that exists."""
    state, strata, seen = detector.start(), len(detector.strata()), 0
    for sight in sights:
        scores = detector.score(state, sight)
        seen += len(scores.score)
        assert (scores.score > 0).all(), f"{detector.name} gives scores that are not above zero"
        assert np.isfinite(scores.score).all(), f"{detector.name} gives scores that are not finite"
        assert ((scores.stratum >= 0) & (scores.stratum < strata)).all(), (
            f"{detector.name} has no such stratum"
        )
        state = detector.learn(state, sight)
    assert seen >= LEAST_SCORES, f"{detector.name} finds nothing in sights that hold something to find"


def check_split(
    detector: Detector[State], twin: Detector[State], sights: list[Sight], at: int, carried: Any
) -> None:
    """A run that is stopped at ``at``, its state carried over (``carried`` encodes and decodes it) and gone
    on with by another object of the same kind gives the scores and the state of a run never stopped.
    """
    whole, whole_scores = run(detector, detector.start(), sights)
    middle, head = run(detector, detector.start(), sights[:at])
    end, tail = run(twin, carried(middle), sights[at:])
    assert [fingerprint(s) for s in whole_scores] == [fingerprint(s) for s in head + tail], (
        f"{detector.name} scores differently after a restart"
    )
    assert fingerprint(whole) == fingerprint(end), f"{detector.name} remembers differently after a restart"


def check_no_leak(detector: Detector[State], sights: list[Sight], other: list[Sight], area: int) -> None:
    """Where two histories differ in one ``area`` only, all other areas' scores are the same.

    Detectors that look around by design are not held to it.
    """
    if detector.looks_around:
        return
    _, one = run(detector, detector.start(), sights)
    _, two = run(detector, detector.start(), other)
    for a, b in zip(one, two, strict=True):
        assert fingerprint(_elsewhere(a, area)) == fingerprint(_elsewhere(b, area)), (
            f"{detector.name} lets area {area} into the scores of others"
        )


def run(detector: Detector[State], state: State, sights: list[Sight]) -> tuple[State, list[Scores]]:
    """Score and learn all ``sights`` in order."""
    scores = []
    for sight in sights:
        scores.append(detector.score(state, sight))
        state = detector.learn(state, sight)
    return state, scores


def fingerprint(value: Any) -> Any:
    """A comparable image of a state, a sight or scores, arrays by their bytes."""
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.shape, value.tobytes()
    if isinstance(value, msgspec.Struct):
        names = value.__struct_fields__
        return type(value).__name__, *(fingerprint(getattr(value, name)) for name in names)
    if isinstance(value, dict):
        return tuple((key, fingerprint(item)) for key, item in value.items())
    if isinstance(value, tuple | list):
        return tuple(fingerprint(item) for item in value)
    return value


def state_bytes(value: Any) -> int:
    """How large a state is: the bytes of its arrays, and eight for every other leaf."""
    if isinstance(value, np.ndarray):
        return int(value.nbytes)
    if isinstance(value, msgspec.Struct):
        return sum(state_bytes(getattr(value, name)) for name in value.__struct_fields__)
    if isinstance(value, dict):
        return sum(state_bytes(item) for item in value.values())
    if isinstance(value, tuple | list):
        return sum(state_bytes(item) for item in value)
    return 8


def _elsewhere(scores: Scores, area: int) -> Scores:
    """The scores of all areas but one."""
    mask: Array = scores.area != area
    return picked(scores, mask)
