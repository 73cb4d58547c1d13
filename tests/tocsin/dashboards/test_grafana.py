"""Dashboards brought to a stand-in for Grafana over real HTTP: idempotent, careful, clear when it fails."""

import http.server
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from streams.errors import ConfigError, TocsinError
from tests.parts.fake_grafana import TOKEN, FakeGrafana
from tests.parts.kafka import free_ports
from tocsin import cli
from tocsin.dashboards import pushing
from tocsin.dashboards.board import BOARDS
from tocsin.dashboards.grafana import Grafana, Note

WALL = "tocsin-city-wall-en"


@pytest.fixture(params=[False, True], ids=["versions as a list", "versions in a wrapper"])
def fake(request: pytest.FixtureRequest) -> Iterator[FakeGrafana]:
    made = FakeGrafana(is_wrapping_versions=request.param)
    yield made
    made.close()


@pytest.fixture
def told(fake: FakeGrafana, monkeypatch: pytest.MonkeyPatch) -> FakeGrafana:
    """The stand-in, with its token in the environment."""
    monkeypatch.setenv("TOCSIN_GRAFANA_TOKEN", TOKEN)
    return fake


def push(*options: str, url: str) -> int:
    return cli.run(["dashboards", "push", "--url", url, *options])


def test_a_push_makes_everything_and_a_second_one_changes_nothing(told: FakeGrafana) -> None:
    assert push("--prometheus", "http://prometheus:9090", url=told.url) == 0
    assert len(told.dashboards) == 2 * len(BOARDS)
    assert set(told.folders) == {"tocsin-en", "tocsin-zh-cn"}
    assert told.folder_of[WALL] == "tocsin-en"
    assert told.sources["tocsin-prometheus"]["url"] == "http://prometheus:9090"
    writes = told.writes
    assert push("--prometheus", "http://prometheus:9090", url=told.url) == 0
    assert told.writes == writes
    assert cli.run(["dashboards", "diff", "--url", told.url]) == 0


def test_a_source_of_another_address_is_kept_said_and_only_overwritten_by_force(
    told: FakeGrafana, capsys: pytest.CaptureFixture[str]
) -> None:
    push("--prometheus", "http://old:9090", url=told.url)
    assert push("--prometheus", "http://new:9090", url=told.url) == 1
    assert "tocsin-prometheus: edited by hand" in capsys.readouterr().err
    assert told.sources["tocsin-prometheus"]["url"] == "http://old:9090"
    assert push("--prometheus", "http://new:9090", "--force", url=told.url) == 0
    assert told.sources["tocsin-prometheus"]["url"] == "http://new:9090"


def test_a_hand_edit_is_kept_said_and_only_overwritten_by_force(
    told: FakeGrafana, capsys: pytest.CaptureFixture[str]
) -> None:
    push(url=told.url)
    told.edit_by_hand(WALL, title="Mine")
    capsys.readouterr()
    assert push(url=told.url) == 1
    assert f"{WALL}: edited by hand" in capsys.readouterr().err
    assert told.dashboards[WALL]["title"] == "Mine"
    assert cli.run(["dashboards", "diff", "--url", told.url]) == 1
    assert '-  "title": "Mine",' in capsys.readouterr().out
    assert push("--force", url=told.url) == 0
    assert told.dashboards[WALL]["title"] == "City wall"
    assert told.folder_of[WALL] == "tocsin-en", "a save without its folder would move it"


def test_a_newer_tocsin_replaces_what_an_older_one_pushed(
    told: FakeGrafana, monkeypatch: pytest.MonkeyPatch
) -> None:
    push(url=told.url)
    original = pushing.board_json
    monkeypatch.setattr(
        pushing, "board_json", lambda board, locale: {**original(board, locale), "refresh": "1m"}
    )
    assert push(url=told.url) == 0
    assert {made["refresh"] for made in told.dashboards.values()} == {"1m"}


def test_a_save_that_comes_between_is_not_lost(told: FakeGrafana, monkeypatch: pytest.MonkeyPatch) -> None:
    push(url=told.url)
    grafana = Grafana(told.url, TOKEN)
    stored = grafana.stored(WALL)
    told.edit_by_hand(WALL, title="Mine")
    monkeypatch.setattr(grafana, "stored", lambda _uid: stored)
    monkeypatch.setattr(grafana, "_last_message", lambda _uid: "tocsin older")
    assert stored is not None
    with pytest.raises(ConfigError, match=r"412.*somebody saved it meanwhile"):
        grafana.push({**stored, "refresh": "1m"}, "tocsin-en")
    assert told.dashboards[WALL]["title"] == "Mine"


def test_annotations_are_written_once(told: FakeGrafana) -> None:
    grafana = Grafana(told.url, TOKEN)
    notes = [Note(1_000 + n, 'He said "up"\nII 级', ("unit:a", f"entry:{n}")) for n in range(3)]
    assert grafana.annotate(notes[:2]) == 2
    assert grafana.annotate(notes) == 1
    assert grafana.annotate([]) == 0
    assert [a["time"] for a in told.annotations] == [1_000_000, 1_001_000, 1_002_000]
    assert all({"tocsin", "mode"} <= set(a["tags"]) for a in told.annotations)
    assert told.annotations[0]["text"] == notes[0].text


def refused(url: str, token: str = TOKEN, seconds: float = 5) -> str:
    with pytest.raises(TocsinError) as error:
        list(pushing.push(Grafana(url, token, seconds), "http://p:9090", False))
    assert "\n" not in str(error.value)
    return str(error.value).replace(url, "URL")


def test_what_a_wrong_grafana_does_is_one_sentence(fake: FakeGrafana) -> None:
    (closed,) = free_ports(1)
    assert refused("grafana:3000").startswith("dashboards --url: 'URL' is no http or https URL")
    assert "cannot be reached; start it" in refused(f"http://127.0.0.1:{closed}")
    assert "refuses the token (401); give one in TOCSIN_GRAFANA_TOKEN" in refused(fake.url, "wrong")
    fake.forbidden = "/datasources"
    assert "answers 403" in refused(fake.url)
    assert fake.dashboards == {}


def test_something_else_that_answers_is_no_grafana() -> None:
    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<html>a router</html>")

        def log_message(self, *_: Any) -> None:
            """Nothing to say."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        said = refused(f"http://127.0.0.1:{server.server_address[1]}")
    finally:
        server.shutdown()
        server.server_close()
    assert "does not answer like a Grafana" in said


def test_one_that_never_answers_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        assert "does not answer in time" in refused(f"http://127.0.0.1:{deaf.getsockname()[1]}", seconds=0.2)


def test_without_a_token_nothing_is_tried(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("TOCSIN_GRAFANA_TOKEN", raising=False)
    assert push(url="http://127.0.0.1:1") == 2
