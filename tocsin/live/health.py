"""What a worker says of itself over HTTP: alive, ready, and its metrics; loopback unless told otherwise."""

import http.server
import threading
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Final

from tocsin.metrics import CONTENT_TYPE

HEALTH_PORT: Final = 0


class Health:
    """``GET /healthz``, ``/readyz`` and ``/metrics`` on a thread; port 0 takes any free one."""

    def __init__(
        self,
        is_ready: Callable[[], bool],
        render: Callable[[], bytes],
        host: str = "127.0.0.1",
        port: int = HEALTH_PORT,
    ) -> None:
        self._server = http.server.ThreadingHTTPServer((host, port), _handler(is_ready, render))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, name="health", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.server_address[1])

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()


def _handler(
    is_ready: Callable[[], bool], render: Callable[[], bytes]
) -> type[http.server.BaseHTTPRequestHandler]:
    class Answers(http.server.BaseHTTPRequestHandler):
        """One request."""

        def do_GET(self) -> None:
            """Answer by path."""
            if self.path == "/metrics":
                self._say(HTTPStatus.OK, CONTENT_TYPE, render())
            elif self.path in ("/healthz", "/readyz"):
                is_well = self.path == "/healthz" or is_ready()
                status = HTTPStatus.OK if is_well else HTTPStatus.SERVICE_UNAVAILABLE
                self._say(
                    status, "application/json", b'{"status":"ok"}' if is_well else b'{"status":"not ready"}'
                )
            else:
                self._say(HTTPStatus.NOT_FOUND, "application/json", b'{"error":"nothing is served here"}')

        def _say(self, status: HTTPStatus, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Scrapes are not worth a line."""

    return Answers
