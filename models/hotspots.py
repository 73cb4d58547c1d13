"""A place × category above the watch line, with the reasons why: what detection hands to decision."""

import hashlib

import msgspec


class Share(msgspec.Struct, frozen=True):
    """How much of a hotspot's rarity one detector explains; shares of a hotspot sum to 100."""

    detector: str
    percent: int


class AreaCount(msgspec.Struct, frozen=True):
    """What one area contributed over the explanation's window."""

    area: str
    observed: int
    expected: float


class Wording(msgspec.Struct, frozen=True):
    """A wording that is unusual in a place: ``held`` of its ``texts`` hold it, usually a ``share`` of them.

    ``held`` counts copies of a text once; ``bins`` (``streams.wording``) are those that rise, the most
    unusual first; ``is_around`` says that the neighbouring areas are counted in.
    """

    held: int
    texts: int
    share: float
    bins: tuple[int, ...]
    is_around: bool


class StillDevice(msgspec.Struct, frozen=True):
    """A device that stands still, and how many ``others`` of the hotspot do.

    For ``seconds`` it has sent the same value, or nothing where ``is_mute``.
    """

    device: str
    seconds: int
    is_mute: bool
    others: int


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """Why a hotspot is one, in facts only; words come from the message catalogue.

    ``observed`` against ``expected`` over ``window_buckets`` buckets in the areas that alarm; ``expected``
    includes ``city_factor``, the rise of the whole city that was taken out. ``recurrence_weeks`` is the time
    in which chance alone gives one score this high; beyond ``history_weeks`` it is an extrapolation.
    ``unknown`` names what is not known, as message keys with their argument: ``("blind-feed", "hotline")``.
    ``rising_since`` (seconds UTC) is when a slow rise began, 0 where none has a part in it.
    ``wording`` is set where new wording in texts speaks for it, ``standing`` where a device stands still.
    """

    window_buckets: int
    observed: int
    expected: float
    upper_bound: float
    city_factor: float
    recurrence_weeks: float
    history_weeks: float
    shares: tuple[Share, ...]
    areas: tuple[AreaCount, ...]
    unknown: tuple[tuple[str, str], ...] = ()
    rising_since: int = 0
    wording: Wording | None = None
    standing: StillDevice | None = None


class Hotspot(msgspec.Struct, frozen=True, kw_only=True):
    """One hotspot as it stands in one sealed bucket.

    ``areas`` are sorted area ids; ``risk`` is in millionths and the current bucket's; ``is_city`` marks the
    city tier's own series (all areas together); ``feed`` is set for silence, whose category is ``silence``.
    """

    id: str
    category: str
    areas: tuple[str, ...]
    began_at: int
    last_seen_at: int
    risk: int
    is_city: bool
    explanation: Explanation
    feed: str = ""


def hotspot_id(category: str, first_area: str, began_at: int) -> str:
    """Stable id: blake2b-128 of category, first area and beginning."""
    facts = "|".join(
        part.replace("\\", "\\\\").replace("|", "\\|") for part in (category, first_area, str(began_at))
    )
    return hashlib.blake2b(facts.encode(), digest_size=16).hexdigest()
