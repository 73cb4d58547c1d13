"""API keys: who may pass, until when, how fast."""

import pytest

from streams.connect.keys import ApiKey, DeniedError, Keyring, Throttled, hashed, new_secret
from streams.errors import ConfigError

SECRET = new_secret("crm")
EXPIRES_AT = 1_769_817_600  # 2026-01-31T00:00:00Z
KEY = ApiKey(id="crm", hash=hashed(SECRET), feeds=("calls",), expires="2026-01-31")


class Clock:
    def __init__(self, at: float = 0) -> None:
        self.at = at

    def __call__(self) -> int:
        return int(self.at)


def test_a_secret_is_known_and_nothing_like_it() -> None:
    ring = Keyring((KEY,), Clock(), Clock())
    assert ring.known(SECRET) is KEY
    for wrong in (
        "",
        "crm",
        "crm.",
        SECRET + "x",
        SECRET[:-1],
        "other." + SECRET[4:],
        SECRET.upper(),
        "\ud800",
    ):
        with pytest.raises(DeniedError) as denied:
            ring.known(wrong)
        assert denied.value.status == 401
    assert SECRET not in KEY.hash and hashed(SECRET) != hashed(SECRET), "each hash has its own salt"


def test_a_key_ends_on_its_date() -> None:
    clock = Clock(EXPIRES_AT - 1)
    ring = Keyring((KEY,), clock, Clock())
    assert ring.known(SECRET) is KEY
    clock.at += 1
    with pytest.raises(DeniedError, match="expired on 2026-01-31"):
        ring.known(SECRET)


def test_a_key_opens_its_own_feeds_for_its_own_purpose() -> None:
    ring = Keyring((KEY,), Clock(), Clock())
    ring.permit(KEY, "calls", "write")
    with pytest.raises(DeniedError, match="not for feed gas: it is for calls"):
        ring.permit(KEY, "gas", "write")
    with pytest.raises(DeniedError, match="may not read: it may write"):
        ring.permit(KEY, "calls", "read")


def test_a_fast_key_goes_into_debt_and_waits_it_off() -> None:
    ticking, key = Clock(), ApiKey(id="crm", hash=KEY.hash, feeds=("*",), bytes_per_second=100.0)
    ring = Keyring((key,), Clock(), lambda: ticking.at)
    ring.pace(key)
    ring.charge(key, 1, 1_500)  # 10 s of 100 bytes were there
    with pytest.raises(Throttled) as slow:
        ring.pace(key)
    assert slow.value.seconds == 5
    ticking.at += 5.5
    ring.pace(key)
    ticking.at += 1_000
    ring.pace(key)
    ring.charge(key, 1, 1_001)  # a long rest saves up ten seconds, no more
    with pytest.raises(Throttled):
        ring.pace(key)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"id": "a key"}, "is no id"),
        ({"hash": SECRET}, "is no hash of a secret"),
        ({"feeds": ()}, "is empty"),
        ({"events_per_second": -1.0}, "is below 0"),
        ({"expires": "soon"}, "write 2027-01-31"),
    ],
)
def test_a_key_that_cannot_be_is_refused(changes: dict[str, object], sentence: str) -> None:
    facts = {name: getattr(KEY, name) for name in KEY.__struct_fields__}
    with pytest.raises(ConfigError, match=sentence):
        ApiKey(**{**facts, **changes})
    with pytest.raises(ConfigError, match="two keys have one id"):
        Keyring((KEY, KEY), Clock(), Clock())
