"""A real Alertmanager on loopback; for tests. Debian: ``apt-get install prometheus-alertmanager``."""

import contextlib
import http.server
import json
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.parts.kafka import free_ports
from tests.parts.prometheus import await_ready

PROJECT = Path(__file__).parents[2] / "config" / "monitoring" / "alertmanager.yml"


def why_not() -> str | None:
    """Why it cannot be had here; None if it can."""
    if shutil.which("prometheus-alertmanager") is None or shutil.which("amtool") is None:
        return "no Alertmanager here: apt-get install prometheus-alertmanager"
    return None


class Receiver:
    """A webhook that keeps what it is told, by path."""

    def __init__(self) -> None:
        told: list[tuple[str, dict[str, Any]]] = []
        self.told = told

        class Keeps(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                told.append((self.path, json.loads(body)))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Nothing to say."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Keeps)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def messages(self, path: str, status: str) -> list[dict[str, Any]]:
        """Groups of that status that came to a path."""
        return [body for at, body in self.told if at == path and body["status"] == status]

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()


@contextlib.contextmanager
def alertmanager(directory: Path, webhook: int) -> Iterator[int]:
    """A server with the project's own routes, told to a webhook on loopback without long waits; its port."""
    directory.mkdir(parents=True, exist_ok=True)
    config = PROJECT.read_text(encoding="utf-8").replace("127.0.0.1:9000", f"127.0.0.1:{webhook}")
    for slow, fast in (("group_wait: 10s", "group_wait: 2s"), ("group_interval: 1m", "group_interval: 1s")):
        assert slow in config
        config = config.replace(slow, fast)
    (directory / "alertmanager.yml").write_text(config, encoding="utf-8")
    (port,) = free_ports(1)
    command = [
        "prometheus-alertmanager", f"--config.file={directory / 'alertmanager.yml'}",
        f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address=",
        f"--storage.path={directory / 'data'}", "--log.level=warn",
    ]  # fmt: skip
    with (directory / "alertmanager.log").open("ab") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=directory)
    try:
        await_ready(process, f"http://127.0.0.1:{port}/-/ready", directory / "alertmanager.log")
        yield port
    finally:
        process.kill()
        process.wait()
