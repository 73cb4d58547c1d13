"""``docker-compose.yml`` without containers: its services as processes on loopback, as written there.

Commands, variables, health checks and their order are the file's own. What an engine would do is done here:
host names become 127.0.0.1, ports become free ones, mounted paths become folders of the run.
"""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from tests.parts.fetched import fetching
from tests.parts.kafka import free_ports

ROOT: Final = Path(__file__).parents[2]
FILE: Final = ROOT / "docker-compose.yml"
DCLINT: Final = ROOT / ".parts" / "dclint"

WATCHERS: Final = frozenset({"prometheus-inside", "prometheus", "alertmanager", "grafana"})
"""Services that look at the others; the wall's own tests start what can be had of them."""

_VARIABLE: Final = re.compile(r"\$\$|\$\{(\w+)(?:(:[-?])([^}]*))?\}")
_HOST: Final = re.compile(r"\b(?:kafka|mosquitto)(?=:\d)|\b0\.0\.0\.0\b|(?<=://)(?=:\d)")
_PORT: Final = re.compile(r"\b(9092|9093|9094|8080|8750|1883)\b")


class MissingVariableError(Exception):
    """A variable without which nothing starts; the message is the file's own."""


def read(variables: Mapping[str, str]) -> dict[str, Any]:
    """The file with its variables put in, as Compose does it.

    Raises:
        MissingVariableError: one that the file requires is not set.
    """

    def value(found: re.Match[str]) -> str:
        name, how, rest = found.groups()
        if name is None:
            return "$$"
        if given := variables.get(name, ""):
            return given
        if how == ":?":
            raise MissingVariableError(f"{name}: {rest}")
        return rest or ""

    text = FILE.read_text(encoding="utf-8")
    lines = (
        line if line.lstrip().startswith("#") else _VARIABLE.sub(value, line) for line in text.splitlines()
    )
    found = yaml.safe_load("\n".join(lines))
    assert isinstance(found, dict)
    return found


def image(name: str) -> list[str]:
    """An instruction of the Dockerfile in its JSON form: ``ENTRYPOINT``."""
    found = re.findall(rf"^{name} (\[.*\])$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    return [str(one) for one in json.loads(found[-1])]


def linter() -> Path:
    """The compose linter's program, fetched by npm the first time."""
    with fetching(DCLINT):
        if not (DCLINT / "node_modules").exists():
            for file in (Path(__file__).parent / "dclint").glob("package*.json"):
                shutil.copy(file, DCLINT)
            subprocess.run(["npm", "ci", "--ignore-scripts", "--silent"], cwd=DCLINT, check=True)
    return DCLINT / "node_modules" / ".bin" / "dclint"


class Mapped:
    """One run's stand-in for the engine: free ports, and a folder for each mounted path."""

    def __init__(self, folder: Path, variables: Mapping[str, str]) -> None:
        self.folder = folder
        self.services: dict[str, dict[str, Any]] = read(variables)["services"]
        shared = dict(zip(("9092", "9093", "9094", "8750", "1883"), free_ports(5), strict=True))
        own = dict(zip(self.services, free_ports(len(self.services)), strict=True))
        self._ports = {name: {**shared, "8080": own[name]} for name in self.services}
        (folder / "tmp").mkdir()

    def port(self, service: str, inside: str) -> int:
        return self._ports[service][inside]

    def text(self, service: str, text: str) -> str:
        """A word of the file as it must be said on loopback."""
        text = text.replace("$$", "$")
        for target, source in sorted(self.mounts(service).items(), reverse=True):
            text = re.sub(rf"(?<![\w.]){re.escape(target)}(?![\w.])", str(source), text)
        ports = self._ports[service]
        return _PORT.sub(lambda found: str(ports[found[0]]), _HOST.sub("127.0.0.1", text))

    def mounts(self, service: str) -> dict[str, Path]:
        """Host paths by their path in the container; a file's text is mapped too."""
        found = {"/tmp": self.folder / "tmp"}
        for one in self.services[service].get("volumes", ()):
            if one["type"] == "volume":
                found[one["target"]] = self.folder / one["source"]
            else:
                found[one["target"]] = (ROOT / one["source"]).resolve()
        return found

    def environment(self, service: str) -> dict[str, str]:
        """The service's own variables, and the few that any process needs."""
        given = self.services[service].get("environment", {})
        own = {name: self.text(service, str(value)) for name, value in given.items()}
        return {"PATH": f"{os.environ['PATH']}:/usr/sbin", "HOME": "/nonexistent", "LANG": "C.UTF-8", **own}

    def command(self, service: str) -> list[str]:
        """The command line that the image would run."""
        words = [self.text(service, str(word)) for word in self.services[service]["command"]]
        if self.services[service]["image"].startswith("tocsin:"):
            assert image("ENTRYPOINT") == ["tocsin"]
            return [sys.executable, "-m", "tocsin", *words]
        return words

    def file(self, service: str, target: str, more: str = "") -> Path:
        """A mounted file with its own text mapped, in the run's folder."""
        source = self.mounts(service)[target]
        made = self.folder / source.name
        made.write_text(self.text(service, source.read_text(encoding="utf-8")) + more, encoding="utf-8")
        return made

    def is_healthy(self, service: str) -> bool:
        """Run the service's health check."""
        kind, *words = self.services[service]["healthcheck"]["test"]
        words = [self.text(service, word) for word in words]
        if kind == "CMD-SHELL":  # the images' own nc may not be here
            host, port = words[0].removeprefix("nc -z ").split()
            try:
                socket.create_connection((host, int(port)), 1).close()
            except OSError:
                return False
            return True
        done = subprocess.run([sys.executable, *words[1:]], capture_output=True, timeout=20, check=False)
        return done.returncode == 0

    def order(self) -> Iterator[str]:
        """Services, each behind those that it depends on."""
        left = dict.fromkeys(name for name in self.services if name not in WATCHERS)
        while left:
            free = [n for n in left if not left.keys() & self.services[n].get("depends_on", {}).keys()]
            assert free, f"{list(left)} wait for each other"
            for name in free:
                del left[name]
                yield name

    def properties(self, service: str = "kafka") -> str:
        """What the image of Kafka makes of its variables, with log directories of the run."""
        names = {n: v for n, v in self.environment(service).items() if n.startswith("KAFKA_")}
        del names["KAFKA_HEAP_OPTS"]
        lines = (f"{n.removeprefix('KAFKA_').lower().replace('_', '.')}={v}" for n, v in names.items())
        return "\n".join(lines) + "\n"
