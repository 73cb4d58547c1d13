"""Recorded rows: a rehearsal takes what its city could have written, a real city nothing."""

from collections.abc import Callable

import numpy as np
import pytest

from streams.errors import ConfigError, DataError
from streams.events import REASON_CODE, Reason
from streams.feeds import Partition
from streams.ledger import KIND_CODE, MARK_TICK, RowArray, blank_rows, is_rehearsal, settings
from tests.tocsin.small_city import ORIGIN, SmallCity, SmallReader
from tocsin.crossing import Crossing
from tocsin.live.rehearsing import MARK_FILE, claim_store
from tocsin.raw import ROWS, RawMessage
from tocsin.recorded import RecordedRows, packed

PARTITIONS = (Partition("calls-0", "calls", 60), Partition("gas-0", "gas", 60))
READER = RecordedRows(series=4, sensors=1)


def rows(**changes: object) -> RowArray:
    """A call, a reading, a rejected row and a tick, in other places than they will have."""
    made = blank_rows(4)
    made["offset"], made["index"], made["count"], made["received_at"] = 77, np.arange(4), 4, ORIGIN
    made["series"][0], made["kind"][0] = 3, KIND_CODE["hotline"]
    made["sensor"][1], made["kind"][1] = 0, KIND_CODE["sensor"]
    made["mark"][2:], made["reason"][2] = (2, MARK_TICK), REASON_CODE[Reason.MALFORMED]
    for name, value in changes.items():
        made[name][0] = value
    return made


def crossed(payload: bytes, recorded: Callable[[bytes], RowArray] | None) -> RowArray:
    readers = {partition.name: SmallReader() for partition in PARTITIONS}
    crossing = Crossing(PARTITIONS, readers, *([recorded] if recorded else []))
    return crossing.cross(RawMessage(0, "gas-0", 5, ORIGIN, ROWS, "archive", payload)).rows


def test_a_rehearsal_takes_rows_as_they_stand_in_new_places() -> None:
    found = crossed(packed(rows()), READER)
    assert (found["offset"] == 5).all() and (found["partition"] == 1).all()
    assert found["index"].tolist() == [0, 1, 2, 3] and (found["count"] == 4).all()
    for name in ("series", "sensor", "kind", "mark", "reason", "received_at", "event_at", "id_hash", "value"):
        assert found[name].tolist() == rows()[name].tolist(), name


def test_a_real_city_refuses_them_once_counted() -> None:
    found = crossed(packed(rows()), None)
    assert found["reason"].tolist() == [REASON_CODE[Reason.MALFORMED]]


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"rows",
        packed(blank_rows(0)),
        packed(rows(series=4)),
        packed(rows(series=-1)),
        packed(rows(kind=0)),
        packed(rows(kind=9)),
        packed(rows(mark=64)),
        packed(rows(reason=200)),
        packed(rows(received_at=-1)),
        packed(rows())[:-3],
    ],
)
def test_rows_that_no_intake_of_this_city_wrote_are_refused(payload: bytes) -> None:
    with pytest.raises(DataError):
        READER(payload)
    assert crossed(payload, READER)["reason"].tolist() == [REASON_CODE[Reason.MALFORMED]]


def test_only_a_start_record_makes_a_rehearsal() -> None:
    assert is_rehearsal(settings("start", 0, {"rehearsal": True}))
    assert not is_rehearsal(settings("start", 0, {"rehearsal": "no"}))
    assert not is_rehearsal(settings("policy", 0, {"rehearsal": True}))
    assert not is_rehearsal(SmallCity().start_settings(ORIGIN))
    assert not is_rehearsal(None)


def test_a_directory_belongs_to_a_rehearsal_or_to_a_real_city(tmp_path) -> None:
    claim_store(tmp_path / "real", False)
    claim_store(tmp_path / "played", True)
    claim_store(tmp_path / "played", True)
    with pytest.raises(ConfigError, match="is a rehearsal's, and this ledger is a real city's"):
        claim_store(tmp_path / "played", False)
    (tmp_path / "real" / "dispatch").mkdir(parents=True)
    with pytest.raises(ConfigError, match="is a real city's, and this ledger is a rehearsal"):
        claim_store(tmp_path / "real", True)
    assert not (tmp_path / "real" / MARK_FILE).exists()
