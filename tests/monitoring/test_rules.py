"""Rules and configuration by Prometheus' and Alertmanager's own tools, with nothing left untried."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.parts import alertmanager, compose, prometheus
from tests.parts.kafka import free_ports
from tests.parts.prometheus import RULES
from tocsin.dashboards.grafana import SOURCE_UID

FOLDER = RULES.parent
pytestmark = pytest.mark.skipif(prometheus.why_not() is not None, reason=str(prometheus.why_not()))


def promtool(*arguments: str, where: Path = FOLDER) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["promtool", *arguments], cwd=where, capture_output=True, text=True, check=False)


def test_rules_do_what_they_say() -> None:
    done = promtool("test", "rules", "rules_test.yml")
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_rule_is_tried() -> None:
    tried = (FOLDER / "rules_test.yml").read_text(encoding="utf-8")
    names = re.findall(r"(?:record|alert): (\S+)", RULES.read_text(encoding="utf-8"))
    assert len(names) == 20
    assert [name for name in names if name not in tried] == []


@pytest.mark.parametrize(
    ("rule", "broken"),
    [
        ("> 180\n        for", "> 1800\n        for"),
        ("== 2", "== 1"),
        ("+ 2 * (max by (city) (tocsin_sealing_overdue)", "+ 0 * (max by (city) (tocsin_sealing_overdue)"),
        ("(2 * max by (city) (0 *", "(0 * max by (city) (0 *"),
        ("unless on (city) tocsin_raw_messages_total) > 0", ") > 0"),
        ("max by (city) (tocsin_sealing_overdue) > 0", "max by (city) (tocsin_sealing_overdue) > 1"),
        ("for: 5m", "for: 50m"),
        ("> 5000", "> 9"),
        ("> bool 7200", "> bool 72000"),
        ("tocsin_housekeeping_failed) > 0", "tocsin_housekeeping_failed) > 1"),
    ],
)
def test_a_broken_rule_is_noticed(rule: str, broken: str, tmp_path: Path) -> None:
    text = RULES.read_text(encoding="utf-8")
    assert rule in text
    (tmp_path / "rules.yml").write_text(text.replace(rule, broken), encoding="utf-8")
    shutil.copy(FOLDER / "rules_test.yml", tmp_path)
    assert promtool("test", "rules", "rules_test.yml", where=tmp_path).returncode == 1


def test_every_alert_has_words_in_both_languages_and_a_severity() -> None:
    alerts = re.split(r"- alert: ", RULES.read_text(encoding="utf-8"))[1:]
    for alert in alerts:
        for key in ("severity:", "summary:", "summary_zh:"):
            assert key in alert, alert.split("\n")[0]


def test_configurations_are_accepted(tmp_path: Path) -> None:
    done = promtool("check", "config", "prometheus.yml")
    assert done.returncode == 0, done.stderr
    if alertmanager.why_not() is None:
        accepted = ["amtool", "check-config", str(FOLDER / "alertmanager.yml")]
        assert subprocess.run(accepted, capture_output=True, check=False).returncode == 0


def provisioned(kind: str) -> dict[str, Any]:
    """What Grafana is given of a kind."""
    path = FOLDER / "grafana" / "provisioning" / kind / "tocsin.yml"
    return dict(yaml.safe_load(path.read_text(encoding="utf-8")))


def test_files_that_the_compose_file_mounts_are_there_and_name_each_other() -> None:
    services = compose.read({"TOCSIN_CITY": "/c", "TOCSIN_MQTT_PASSWORD": "p"})["services"]
    assert set(services) >= compose.WATCHERS
    for name in ("prometheus-inside", "prometheus", "alertmanager"):
        (config,) = [w for w in services[name]["command"] if w.startswith("--config.file=/etc/tocsin/")]
        assert (FOLDER / config.rpartition("/")[2]).is_file()
    assert promtool("check", "config", "prometheus-inside.yml").returncode == 0
    providers = yaml.safe_load((FOLDER / "grafana/provisioning/dashboards/tocsin.yml").read_text())[
        "providers"
    ]
    for provider in providers:
        path = Path(provider["options"]["path"])
        assert path.parent == Path("/etc/dashboards")
        assert list((compose.ROOT / "dashboards" / path.name).glob("*.json"))
    (source,) = yaml.safe_load((FOLDER / "grafana/provisioning/datasources/tocsin.yml").read_text())[
        "datasources"
    ]
    assert source["uid"] == SOURCE_UID


def test_the_real_programs_start_with_the_words_of_the_compose_file(tmp_path: Path) -> None:
    services = compose.read({"TOCSIN_CITY": "/c", "TOCSIN_MQTT_PASSWORD": "p"})["services"]
    programs = {"prometheus": "prometheus", "prometheus-inside": "prometheus"}
    if alertmanager.why_not() is None:
        programs["alertmanager"] = "prometheus-alertmanager"
    for name, program in programs.items():
        (port,) = free_ports(1)
        words = " ".join(services[name]["command"]).replace("/etc/tocsin", str(FOLDER))
        words = re.sub(r"=/(prometheus|alertmanager)\b", f"={tmp_path / name}", words)
        words = re.sub(r"(?:127|0)\.0\.0\.[01]:\d+", f"127.0.0.1:{port}", words)
        with (tmp_path / f"{name}.log").open("wb") as log:
            process = subprocess.Popen([program, *words.split()], stdout=log, stderr=log, cwd=tmp_path)
        try:
            prometheus.await_ready(process, f"http://127.0.0.1:{port}/-/ready", tmp_path / f"{name}.log")
            assert process.poll() is None, (tmp_path / f"{name}.log").read_text()
        finally:
            process.kill()
            process.wait()
