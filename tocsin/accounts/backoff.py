"""How long a sign-in must wait after wrong passwords: nothing at first, then longer and longer."""

from typing import Final

FREE_TRIES: Final = {"account": 5, "address": 20}
"""Wrong passwords in a row that cost nothing, by what they are counted for."""

FIRST_SECONDS: Final = 30
LONGEST_SECONDS: Final = 3_600
FORGOTTEN_SECONDS: Final = 86_400
"""A count without a new failure for so long begins anew."""


def wait_seconds(kind: str, failures: int) -> int:
    """Seconds to wait after so many wrong passwords in a row: 0 up to the free tries, then it doubles."""
    beyond = failures - FREE_TRIES[kind]
    if beyond < 0:
        return 0
    return min(LONGEST_SECONDS, FIRST_SECONDS << min(beyond, 12))
