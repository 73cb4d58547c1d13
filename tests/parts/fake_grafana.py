"""A stand-in for Grafana's HTTP API, written from its public documentation; no Grafana can be had here.

It keeps what it is given, counts versions, and refuses as the documentation says: 401 without the token, 403
for what the token may not do, 404, 412 when the version is not the newest. A dashboard saved without
``folderUid`` moves to the root.
"""

import http.server
import json
import threading
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

TOKEN: Final = "glsa_for_tests"


class FakeGrafana:
    """One server on loopback, under a path, with its contents as plain dictionaries."""

    def __init__(self, is_wrapping_versions: bool = False) -> None:
        self.dashboards: dict[str, dict[str, Any]] = {}
        self.folders: dict[str, dict[str, Any]] = {}
        self.folder_of: dict[str, str] = {}
        self.versions: dict[str, list[str]] = {}
        self.sources: dict[str, dict[str, Any]] = {}
        self.annotations: list[dict[str, Any]] = []
        self.writes = 0
        self.forbidden = ""
        self.is_wrapping_versions = is_wrapping_versions
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _answers(self))
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/grafana"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def edit_by_hand(self, uid: str, **changes: Any) -> None:
        """As if a person had saved it in the browser."""
        self.save({**self.dashboards[uid], **changes}, self.folder_of[uid], "", is_forced=True)

    def save(self, dashboard: dict[str, Any], folder: str, message: str, is_forced: bool) -> int:
        """The status of a save."""
        uid = dashboard["uid"]
        found = self.dashboards.get(uid)
        if found is not None and not is_forced and dashboard.get("version") != found["version"]:
            return 412
        version = len(self.versions.setdefault(uid, [])) + 1
        self.dashboards[uid] = {**dashboard, "id": dashboard.get("id") or len(self.dashboards) + 1}
        self.dashboards[uid]["version"] = version
        self.versions[uid].append(message)
        self.folder_of[uid] = folder
        return 200

    def answer(self, method: str, target: str, body: Any) -> tuple[int, Any]:
        """Status and body for one request below /api."""
        parts = urlsplit(target)
        asked, steps = parse_qs(parts.query), parts.path.strip("/").split("/")
        self.writes += method != "GET"
        if self.forbidden and method != "GET" and parts.path.startswith(self.forbidden):
            return 403, {"message": "You'll need additional permissions"}
        match (method, *steps):
            case ("GET", "datasources", "uid", uid):
                return _or_404(self.sources.get(uid))
            case ("POST", "datasources"):
                self.sources[body["uid"]] = {**body, "id": 1}
                return 200, {"message": "Datasource added"}
            case ("PUT", "datasources", "uid", uid):
                self.sources[uid] = body
                return 200, {"message": "Datasource updated"}
            case ("GET", "folders", uid):
                return _or_404(self.folders.get(uid))
            case ("POST", "folders"):
                self.folders[body["uid"]] = body
                return 200, body
            case ("GET", "dashboards", "uid", uid, "versions"):
                return 200, self._versions(uid)
            case ("GET", "dashboards", "uid", uid):
                found = self.dashboards.get(uid)
                return _or_404(found and {"dashboard": found, "meta": {"folderUid": self.folder_of[uid]}})
            case ("POST", "dashboards", "db"):
                facts = body["dashboard"], body.get("folderUid", ""), body.get("message", "")
                status = self.save(*facts, is_forced=body.get("overwrite", False))
                return status, {"message": "changed by someone else" if status == 412 else "saved"}
            case ("GET", "annotations"):
                return 200, self._annotations(asked)
            case ("POST", "annotations"):
                self.annotations.append(body)
                return 200, {"message": "Annotation added", "id": len(self.annotations)}
        return 404, {"message": "Not found"}

    def _versions(self, uid: str) -> Any:
        listed = [
            {"version": number, "message": message}
            for number, message in reversed(list(enumerate(self.versions[uid], 1)))
        ][:1]
        return {"continueToken": "", "versions": listed} if self.is_wrapping_versions else listed

    def _annotations(self, asked: dict[str, list[str]]) -> list[dict[str, Any]]:
        first, last = int(asked["from"][0]), int(asked["to"][0])
        found = [
            a for a in self.annotations if first <= a["time"] <= last and set(asked["tags"]) <= set(a["tags"])
        ]
        return found[: int(asked.get("limit", ["100"])[0])]


def _or_404(found: Any) -> tuple[int, Any]:
    return (200, found) if found else (404, {"message": "Not found"})


def _answers(grafana: FakeGrafana) -> type[http.server.BaseHTTPRequestHandler]:
    class Answers(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._say()

        def do_POST(self) -> None:
            self._say()

        def do_PUT(self) -> None:
            self._say()

        def _say(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            body = json.loads(self.rfile.read(length) or b"null")
            path = self.path.removeprefix("/grafana/api")
            if path == "/health":
                status, said = 200, {"database": "ok", "version": "12.0.0"}
            elif self.headers.get("authorization") != f"Bearer {TOKEN}":
                status, said = 401, {"message": "Invalid API key"}
            else:
                status, said = grafana.answer(self.command, path, body)
            data = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: Any) -> None:
            """Nothing to say."""

    return Answers
