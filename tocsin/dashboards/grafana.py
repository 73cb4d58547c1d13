"""Dashboards, their folder, data source and annotations in a Grafana; the only import of grafana_api.

A push is noted in the dashboard's version history ("tocsin <digest>"), so that the next one knows whether a
person has saved another version since. Written to Grafana's published HTTP API.
"""

import contextlib
import hashlib
from collections.abc import Iterable, Iterator
from typing import Any, Final, Literal
from urllib.parse import urlencode, urlsplit

import msgspec
import requests
from grafana_api.grafana_api import GrafanaClientError, GrafanaException, GrafanaUnauthorizedError
from grafana_api.grafana_face import GrafanaFace

from streams.errors import AwayError, ConfigError, DataError
from tocsin.dashboards.board import ANNOTATION_TAGS, dumped

TIMEOUT_SECONDS: Final = 10.0
SOURCE_UID: Final = "tocsin-prometheus"
MESSAGE: Final = "tocsin "
MOST_ANNOTATIONS: Final = 10_000
NOT_FOUND: Final = 404

Outcome = Literal["made", "changed", "unchanged", "edited by hand"]


class Note(msgspec.Struct, frozen=True):
    """One annotation: instant (seconds UTC), words, and tags; the last tag names what it is of."""

    at: int
    text: str
    tags: tuple[str, ...]


class Grafana:
    """One Grafana, spoken to with a service account's token.

    Raises:
        ConfigError: the address is no URL; Grafana refuses the token or lacks a permission.
        DataError: nothing answers there, or what answers is no Grafana.
    """

    def __init__(self, url: str, token: str, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ConfigError(
                "dashboards --url", f"{url!r} is no http or https URL", "write https://host:3000"
            )
        self.url = url.rstrip("/")
        self._face = GrafanaFace(
            auth=token,
            host=f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname,
            port=parts.port,
            url_path_prefix=f"{parts.path.strip('/')}/" if parts.path.strip("/") else "",
            protocol=parts.scheme,
            timeout=timeout_seconds,
        )
        with self._speaking():
            health = self._face.api.GET("/health")
            if not isinstance(health, dict) or "database" not in health:
                raise ValueError("no health of a Grafana")

    def ensure_source(self, prometheus_url: str, is_forced: bool = False) -> Outcome:
        """The data source for dashboards, made where it is not; a different one stays unless forced."""
        wanted = {
            "uid": SOURCE_UID,
            "name": "Tocsin Prometheus",
            "type": "prometheus",
            "access": "proxy",
            "url": prometheus_url,
        }
        with self._speaking():
            found = self._found(f"/datasources/uid/{SOURCE_UID}")
            if found is None:
                self._face.api.POST("/datasources", json=wanted)
                return "made"
            if all(found.get(key) == value for key, value in wanted.items()):
                return "unchanged"
            if not is_forced:
                return "edited by hand"
            self._face.api.PUT(f"/datasources/uid/{SOURCE_UID}", json={**found, **wanted})
            return "changed"

    def ensure_folder(self, uid: str, title: str) -> Outcome:
        """The folder of that uid; one that a person renamed keeps its name."""
        with self._speaking():
            if self._found(f"/folders/{uid}") is not None:
                return "unchanged"
            self._face.folder.create_folder(title=title, uid=uid)
            return "made"

    def stored(self, uid: str) -> dict[str, Any] | None:
        """The dashboard as Grafana has it, None if it has none."""
        with self._speaking():
            found = self._found(f"/dashboards/uid/{uid}")
            return None if found is None else dict(found["dashboard"])

    def push(self, dashboard: dict[str, Any], folder_uid: str, is_forced: bool = False) -> Outcome:
        """Save a dashboard where it differs from the last push; a hand edit is kept unless ``is_forced``."""
        found = self.stored(dashboard["uid"])
        message = MESSAGE + digest(dashboard)
        with self._speaking():
            last = "" if found is None else self._last_message(dashboard["uid"])
            if last == message:
                return "unchanged"
            if found is not None and not last.startswith(MESSAGE) and not is_forced:
                return "edited by hand"
            version = {} if found is None else {"id": found["id"], "version": found["version"]}
            self._face.dashboard.update_dashboard(
                {
                    "dashboard": {**dashboard, **version},
                    "folderUid": folder_uid,
                    "overwrite": is_forced,
                    "message": message,
                }
            )
            return "made" if found is None else "changed"

    def annotate(self, notes: Iterable[Note]) -> int:
        """Write the notes that are not there yet, known by their last tag; how many were written."""
        wanted = list(notes)
        if not wanted:
            return 0
        with self._speaking():
            known = self._known_tags(min(n.at for n in wanted), max(n.at for n in wanted))
            new = [note for note in wanted if note.tags[-1] not in known]
            for note in new:
                facts = {"time": note.at * 1000, "tags": [*ANNOTATION_TAGS, *note.tags], "text": note.text}
                self._face.api.POST("/annotations", json=facts)
            return len(new)

    def _known_tags(self, first_at: int, last_at: int) -> set[str]:
        asked = [
            *(("tags", tag) for tag in ANNOTATION_TAGS),
            ("from", first_at * 1000 - 1),
            ("to", last_at * 1000 + 1),
            ("limit", MOST_ANNOTATIONS),
        ]
        found = self._face.api.GET(f"/annotations?{urlencode(asked)}")
        return {tag for annotation in found for tag in annotation.get("tags", ())}

    def _last_message(self, uid: str) -> str:
        """What the newest version was saved with; newer Grafanas wrap the list."""
        found = self._face.api.GET(f"/dashboards/uid/{uid}/versions?limit=1")
        versions = found["versions"] if isinstance(found, dict) else found
        return str(versions[0].get("message", "")) if versions else ""

    def _found(self, path: str) -> dict[str, Any] | None:
        try:
            return dict(self._face.api.GET(path))
        except GrafanaClientError as error:
            if error.status_code == NOT_FOUND:
                return None
            raise

    @contextlib.contextmanager
    def _speaking(self) -> Iterator[None]:
        """Every failure of a conversation as one sentence."""
        where = f"Grafana {self.url}"
        try:
            yield
        except GrafanaUnauthorizedError as error:
            raise ConfigError(where, "refuses the token (401)", "give one in TOCSIN_GRAFANA_TOKEN") from error
        except GrafanaException as error:
            remedy = "the token needs the role Editor, and Admin for the data source"
            if error.status_code == 412:
                remedy = "somebody saved it meanwhile: look with tocsin dashboards diff, then push again"
            elif error.status_code != 403:
                remedy = "is it Grafana 10 or newer, and the dashboard not provisioned from a file?"
            said = " ".join(str(error.message).split())[:200]
            raise ConfigError(where, f"answers {error.status_code}: {said}", remedy) from error
        except requests.Timeout as error:
            raise AwayError(where, "does not answer in time", "try again, or look at its load") from error
        except requests.ConnectionError as error:
            raise AwayError(where, "cannot be reached", "start it, or name another with --url") from error
        except (requests.RequestException, ValueError, KeyError, TypeError) as error:
            raise DataError(where, "does not answer like a Grafana", "name its address with --url") from error


def digest(dashboard: dict[str, Any]) -> str:
    """What a push is known by: blake2b-128 of the dashboard's text, in hex."""
    return hashlib.blake2b(dumped(dashboard).encode(), digest_size=16).hexdigest()
