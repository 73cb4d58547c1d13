"""Image and compose file: read by real linters, and held to what they promise."""

import json
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.parts import compose
from tests.parts.compose import ROOT, WATCHERS, MissingVariableError, read

GIVEN = {"TOCSIN_CITY": "/somewhere/city", "TOCSIN_MQTT_PASSWORD": "chosen by a person"}
SERVICES = read(GIVEN)["services"]
OURS = [name for name, one in SERVICES.items() if one["image"].startswith("tocsin:")]
LASTING = [name for name in SERVICES if name != "topics"]


def test_a_real_linter_finds_no_error_in_the_compose_file() -> None:
    if shutil.which("npm") is None:
        pytest.skip("no npm on the path")
    call = [str(compose.linter()), "--quiet", str(compose.FILE)]
    done = subprocess.run(call, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_real_linter_finds_nothing_in_the_dockerfile() -> None:
    call = [str(Path(sys.executable).parent / "hadolint"), str(ROOT / "Dockerfile")]
    done = subprocess.run(call, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize("name", GIVEN)
def test_nothing_starts_without_what_a_person_must_choose(name: str) -> None:
    with pytest.raises(MissingVariableError, match=rf"^{name}: \w+"):
        read({**GIVEN, name: ""})


def test_no_secret_has_a_default() -> None:
    secrets = ("PASSWORD", "SECRET", "TOKEN", "KEY")
    text = compose.FILE.read_text()
    for service in SERVICES.values():
        for name, value in service.get("environment", {}).items():
            assert not any(word in name for word in secrets) or value == GIVEN["TOCSIN_MQTT_PASSWORD"]
    assert ":-" not in "".join(line for line in text.splitlines() if any(word in line for word in secrets))


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_is_confined(name: str) -> None:
    one = SERVICES[name]
    assert int(str(one["user"]).partition(":")[0]) > 0, "a number that is not root's"
    assert one["cap_drop"] == ["ALL"]
    assert one["security_opt"] == ["no-new-privileges:true"]
    assert one.get("read_only") is True or name == "kafka"  # whose image writes its configuration at a start
    assert {"cpus", "memory", "pids"} <= one["deploy"]["resources"]["limits"].keys()
    assert one["logging"]["options"].keys() == {"max-size", "max-file"}
    assert not one.get("privileged")
    repository, _, tag = one["image"].rpartition(":")
    assert repository and tag.lstrip("v")[0].isdigit() and "." in tag, "pinned to a version"


@pytest.mark.parametrize("name", LASTING)
def test_every_lasting_service_is_watched_and_started_anew(name: str) -> None:
    one = SERVICES[name]
    assert one["restart"] == "unless-stopped"
    assert {"test", "interval", "timeout", "retries", "start_period"} <= one["healthcheck"].keys()
    assert int(one["stop_grace_period"].rstrip("s")) > 10, "more than the ten seconds in which ours end"


def test_topics_are_made_once_before_anything_of_ours_runs() -> None:
    assert SERVICES["topics"]["depends_on"] == {"kafka": {"condition": "service_healthy"}}
    assert SERVICES["topics"]["command"][:2] == ["topics", "create"]
    for name in set(OURS) - {"topics"}:
        wanted = SERVICES[name]["depends_on"]["topics"]
        assert wanted == {"condition": "service_completed_successfully"}


def test_nothing_is_published_beyond_this_machine() -> None:
    ports = [port for one in SERVICES.values() for port in one.get("ports", ())]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)
    on_host = {name for name, one in SERVICES.items() if one.get("network_mode") == "host"}
    assert on_host == {"console", *WATCHERS - {"prometheus-inside"}}
    for name in on_host - {"console"}:
        said = " ".join([*SERVICES[name].get("command", []), *SERVICES[name].get("environment", {}).values()])
        assert "127.0.0.1" in said and "0.0.0.0" not in said
    assert "--host" not in SERVICES["console"]["command"]


def test_data_outlives_containers_and_the_city_is_only_read() -> None:
    volumes = read(GIVEN)["volumes"]
    for name in OURS:
        mounts: dict[str, Any] = {one["target"]: one for one in SERVICES[name]["volumes"]}
        assert mounts["/city"]["read_only"] is True
        assert mounts["/store"]["source"] in volumes
    assert {"kafka", "mosquitto", "store", "prometheus", "alertmanager", "grafana"} == set(volumes)


def test_the_wall_draws_the_outlines_that_a_city_names_and_none_by_default() -> None:
    target = "/usr/share/grafana/public/maps/tocsin-city.geojson"

    def drawn(given: dict[str, str]) -> Path:
        mounts = read(given)["services"]["grafana"]["volumes"]
        return ROOT / next(m["source"] for m in mounts if isinstance(m, dict) and m["target"] == target)

    assert json.loads(drawn(GIVEN).read_text())["features"] == []
    named = "config/demo/areas.geojson"
    assert drawn({**GIVEN, "TOCSIN_OUTLINES": named}) == ROOT / named


def test_the_image_has_the_locked_versions_that_tests_ran_with() -> None:
    image, tested = locked("requirements.image.lock"), locked("requirements.lock")
    assert {name: image[name] for name in image.keys() & tested.keys()} == {
        name: tested[name] for name in image.keys() & tested.keys()
    }
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    assert {one.partition(">")[0] for one in wanted} <= image.keys()
    assert "pytest" not in image
    text = (ROOT / "requirements.image.lock").read_text()
    assert text.count("==") <= text.count("--hash=")


def locked(name: str) -> dict[str, str]:
    lines = (ROOT / name).read_text().splitlines()
    pairs = [line.split(" ")[0].split("==") for line in lines if "==" in line and not line.startswith(" ")]
    return dict(pairs)


def test_the_image_is_made_of_files_that_are_sent_to_the_builder() -> None:
    copied = [
        word
        for line in (ROOT / "Dockerfile").read_text().splitlines()
        if line.startswith("COPY ") and "--from" not in line
        for word in line.split()[1:-1]
    ]
    sent = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    for name in copied:
        assert (ROOT / name).exists()
        assert name.split("/")[0] in sent
