"""A link says who answers what and until when; nobody else can make one."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerting.answer_links import LASTS_SECONDS, Claim, claim_of, read, token
from tests.alerting.notifiers.made import AT, delivery

SECRET = b"0123456789abcdef"
CLAIM = claim_of(delivery())


def test_a_link_is_bound_to_receiver_message_unit_and_alert_and_lasts_a_day() -> None:
    assert Claim("li", delivery().key, "mill-street", "f1", False, AT + LASTS_SECONDS) == CLAIM
    said = token(CLAIM, SECRET)
    assert said == token(claim_of(delivery()), SECRET), "the same at every attempt"
    assert read(said, SECRET, AT) == CLAIM == read(said, SECRET, AT + LASTS_SECONDS - 1)
    assert read(said, SECRET, AT + LASTS_SECONDS) == "expired"
    assert read(said, b"another secret", AT) == "forged"


def test_one_link_is_one_command_and_another_message_is_another() -> None:
    assert CLAIM.command_id == claim_of(delivery()).command_id
    other = msgspec.structs.replace(CLAIM, receiver="wang")
    assert len({CLAIM.command_id, claim_of(delivery(1)).command_id, other.command_id}) == 3


@pytest.mark.parametrize(
    "said", ["", ".", "x", "x.y", "....", "é.é", "a" * 5_000, token(CLAIM, SECRET) + "A" * 4]
)
def test_what_is_no_link_is_forged(said: str) -> None:
    assert read(said, SECRET, AT) == "forged"


@given(st.data())
def test_a_link_that_was_changed_anywhere_is_forged(data: st.DataObject) -> None:
    said = token(CLAIM, SECRET)
    place = data.draw(st.integers(0, len(said) - 1))
    letter = data.draw(st.sampled_from("ABCabc019-_."))
    changed = said[:place] + letter + said[place + 1 :]
    found = read(changed, SECRET, AT)
    assert found == "forged" or found == CLAIM, "base64 has idle bits at its end: they change nothing"
