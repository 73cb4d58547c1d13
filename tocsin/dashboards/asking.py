"""A Prometheus that is asked over its HTTP API: instants and stretches."""

import json
import math
import urllib.error
import urllib.parse
import urllib.request
from typing import Any, Final

import msgspec

from streams.errors import ConfigError, DataError

TIMEOUT_SECONDS: Final = 30.0
POINTS: Final = 240
LEAST_RATE_SECONDS: Final = 60

Labels = dict[str, str]
Series = tuple[Labels, list[tuple[float, float]]]


class Stretch(msgspec.Struct, frozen=True):
    """From when to when (seconds UTC)."""

    begins_at: float
    ends_at: float

    @property
    def step_seconds(self) -> int:
        """Between two points."""
        return max(1, math.ceil((self.ends_at - self.begins_at) / POINTS))

    @property
    def rate_interval(self) -> str:
        """What Grafana would put in for ``$__rate_interval``, near enough."""
        return f"{max(LEAST_RATE_SECONDS, 4 * self.step_seconds)}s"


class Prometheus:
    """One server.

    Raises:
        ConfigError: the address is no URL.
        DataError: nothing answers, or it refuses.
    """

    def __init__(self, url: str) -> None:
        if not url.startswith(("http://", "https://")):
            where = "dashboards preview --prometheus"
            raise ConfigError(where, f"{url!r} is no http or https URL", "write http://host:9090")
        self.url = url.rstrip("/")

    def cities(self) -> list[str]:
        """Cities that Prometheus has heard of."""
        return [str(city) for city in self._get("label/city/values", {"match[]": "tocsin_warming_up"})]

    def instant(self, expression: str, at: float) -> list[Series]:
        """Series with their one value."""
        found = self._get("query", {"query": expression, "time": at})
        if found["resultType"] == "scalar":
            return [({}, [_point(found["result"])])]
        return [(series["metric"], [_point(series["value"])]) for series in found["result"]]

    def ranged(self, expression: str, stretch: Stretch) -> list[Series]:
        """Series with their values over a stretch."""
        asked = {
            "query": expression,
            "start": stretch.begins_at,
            "end": stretch.ends_at,
            "step": stretch.step_seconds,
        }
        found = self._get("query_range", asked)
        return [(series["metric"], [_point(p) for p in series["values"]]) for series in found["result"]]

    def _get(self, path: str, parameters: dict[str, Any]) -> Any:
        where = f"Prometheus {self.url}"
        url = f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310 - checked above
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            said = " ".join(error.read(400).decode(errors="replace").split())
            raise DataError(where, f"answers {error.code}: {said}", "update it, or report this") from error
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DataError(
                where, "cannot be reached or is no Prometheus", "start it, or name another"
            ) from error


def _point(pair: list[Any]) -> tuple[float, float]:
    return float(pair[0]), float(pair[1])
