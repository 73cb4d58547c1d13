"""A real Prometheus on loopback, with its rules; for tests. Debian: ``apt-get install prometheus``."""

import contextlib
import json
import re
import shutil
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from tests.parts.kafka import free_ports

READY_SECONDS: Final = 30.0
RULES: Final = Path(__file__).parents[2] / "config" / "monitoring" / "rules.yml"


def why_not() -> str | None:
    """Why it cannot be had here; None if it can."""
    missing = [name for name in ("prometheus", "promtool") if shutil.which(name) is None]
    return f"no {' and no '.join(missing)} here: apt-get install prometheus" if missing else None


class Prometheus:
    """One server: asked over its HTTP API."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"

    def api(self, path: str, **parameters: Any) -> Any:
        """The ``data`` of an answer; raises ``AssertionError`` with Prometheus' words if it refuses."""
        url = f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{parameters}: {error.read().decode()}") from error

    def ask(self, expression: str, at: float | None = None) -> list[tuple[dict[str, str], float]]:
        """Series and values of an expression, now or at an instant (seconds UTC)."""
        found = self.api("query", query=expression, **({} if at is None else {"time": at}))
        if found["resultType"] == "scalar":
            return [({}, float(found["result"][1]))]
        return [(series["metric"], float(series["value"][1])) for series in found["result"]]

    def scrapes(self, job: str) -> int:
        """How often a job was scraped by now."""
        return int(sum(value for _, value in self.ask(f'count_over_time(up{{job="{job}"}}[1h])')))

    def first_failed(self, job: str, since_at: float) -> float:
        """When a scrape of a job failed for the first time since then (s UTC), in the last minutes."""
        (series,) = self.api("query", query=f'up{{job="{job}"}}[5m]')["result"]
        return next(float(at) for at, value in series["values"] if value == "0" and at >= since_at)

    def until(self, claim: Callable[[], bool], seconds: float = 60) -> None:
        """Wait for something to become true; the limit only ends what would hang."""
        end = time.monotonic() + seconds
        while not claim():
            assert time.monotonic() < end, "never became true"
            time.sleep(0.1)


@contextlib.contextmanager
def prometheus(
    directory: Path, targets: Mapping[str, int], city: str, alertmanager: int | None = None
) -> Iterator[Prometheus]:
    """A server that scrapes loopback ports by job each second and obeys the project's rules at once.

    The rules' ``for`` is cut to one second, so that tests need not wait minutes; only the two minutes in
    which a Prometheus that has just started may know no target stay.
    """
    directory.mkdir(parents=True, exist_ok=True)
    rules = re.sub(r"\bfor: (?!2m)\w+", "for: 1s", RULES.read_text(encoding="utf-8"))
    (directory / "rules.yml").write_text(rules, encoding="utf-8")
    (directory / "prometheus.yml").write_text(_config(targets, city, alertmanager), encoding="utf-8")
    (port,) = free_ports(1)
    command = [
        "prometheus", f"--config.file={directory / 'prometheus.yml'}",
        f"--web.listen-address=127.0.0.1:{port}",
        f"--storage.tsdb.path={directory / 'data'}", "--log.level=warn", "--rules.alert.resend-delay=1s",
    ]  # fmt: skip
    with (directory / "prometheus.log").open("ab") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=directory)
    try:
        await_ready(process, f"http://127.0.0.1:{port}/-/ready", directory / "prometheus.log")
        yield Prometheus(port)
    finally:
        process.kill()
        process.wait()


def await_ready(process: "subprocess.Popen[bytes]", url: str, log: Path) -> None:
    """Return as soon as it answers.

    Raises:
        RuntimeError: it does not start.
    """
    until = time.monotonic() + READY_SECONDS
    while True:
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except OSError:
            if process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"did not start: {log.read_text()}") from None
            time.sleep(0.05)


def _config(targets: Mapping[str, int], city: str, alertmanager: int | None) -> str:
    config: dict[str, Any] = {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
        "rule_files": ["rules.yml"],
        "scrape_configs": [
            {
                "job_name": job,
                "static_configs": [{"targets": [f"127.0.0.1:{port}"], "labels": {"city": city}}],
            }
            for job, port in targets.items()
        ],
    }
    if alertmanager is not None:
        static = [{"targets": [f"127.0.0.1:{alertmanager}"]}]
        config["alerting"] = {"alertmanagers": [{"static_configs": static}]}
    return json.dumps(config)
