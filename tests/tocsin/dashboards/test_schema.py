"""The dashboards fit the types that Grafana publishes (@grafana/schema 13)."""

import copy

import pytest

from tests.parts import grafana_schema
from tocsin.dashboards import board
from tocsin.messages import LOCALES

pytestmark = pytest.mark.skipif(grafana_schema.why_not() is not None, reason=str(grafana_schema.why_not()))


def test_every_dashboard_fits_and_a_broken_one_does_not() -> None:
    boards = [board.board_json(made, locale) for made in board.BOARDS for locale in LOCALES]
    assert grafana_schema.complaints(boards) == []
    wrong = copy.deepcopy(boards[0])
    wrong["panels"][0]["options"]["colorMode"] = "rainbow"
    assert any("rainbow" in line for line in grafana_schema.complaints([wrong]))
    wrong = copy.deepcopy(boards[0])
    wrong["panels"][0]["gridPos"]["x"] = "left"
    assert grafana_schema.complaints([wrong])
