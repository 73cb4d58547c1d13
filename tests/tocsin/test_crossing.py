"""What a raw message becomes: of one that the door refused, a dead letter with what its sender was told."""

import pytest

from streams.connect.refusals import REFUSED, refused_as
from streams.events import Reason
from streams.feeds import Partition
from tests.tocsin.small_city import SmallReader
from tocsin.crossing import Crossing
from tocsin.raw import RawMessage

CROSSING = Crossing([Partition("calls-0", "calls", 60)], {"calls-0": SmallReader()})


@pytest.mark.parametrize(
    ("kind", "detail"),
    [
        (
            refused_as(Reason.MALFORMED, "cannot read text/html: send a; b"),
            "cannot read text/html: send a; b",
        ),
        (
            refused_as(Reason.MALFORMED, "service_code 13812345678 was not found"),
            "service_code ‹phone› was not",
        ),
        (refused_as(Reason.MALFORMED, "x" * 1_000), "x" * 200),
        (f"{REFUSED};reason=malformed", "the door could not take it"),
    ],
)
def test_what_the_door_refused_is_listed_with_what_its_sender_was_told(kind: str, detail: str) -> None:
    message = RawMessage(
        id=1, partition="calls-0", offset=0, payload=b"x", content_type=kind, received_at=9, where="POST"
    )
    (rejection,) = CROSSING.cross(message).rejections
    assert rejection.rejected.reason is Reason.MALFORMED
    assert rejection.rejected.detail.startswith(detail) and len(rejection.rejected.detail) <= 200
