"""Rules and configuration by Prometheus' and Alertmanager's own tools, with nothing left untried."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.parts import alertmanager, prometheus
from tests.parts.prometheus import RULES

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
    assert len(names) == 17
    assert [name for name in names if name not in tried] == []


@pytest.mark.parametrize(
    ("rule", "broken"),
    [
        ("> 180\n        for", "> 1800\n        for"),
        ("== 2", "== 1"),
        ("for: 5m", "for: 50m"),
        ("> 5000", "> 9"),
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
