"""Records of the invented hotline as lines of JSON, and what tests of intake ask for."""

import json
from collections.abc import Callable
from datetime import date
from typing import Any

from streams.intake import Intake

EPOCH = date(1970, 1, 1)


AT = 1_718_100_000


Record = Callable[..., dict[str, Any]]


Maker = Callable[..., Intake]


def lines(*records: dict[str, Any]) -> bytes:
    return b"\n".join(json.dumps(record).encode() for record in records)
