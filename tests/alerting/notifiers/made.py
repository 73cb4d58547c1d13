"""Deliveries and channels for the tests of notifiers."""

from typing import Any

from alerting.channels import CapPublisher
from alerting.deliveries import AlertFacts, Cover, Delivery, delivery_key
from alerting.notifiers.contract import Channel

AT = 1_740_790_800  # 2025-03-01 09:00 in Shanghai
ALERT = AlertFacts(fingerprint="f1", category="gas-smell", areas=("mill-upper",), rank=3)


def standing(mode: str, rank: int = 0, response: int = 0) -> list[Any]:
    """As the journal has it."""
    return [mode, rank, response]


def entry(before: Any = None, after: Any = None, row: str = "K2", name: str = "0") -> dict[str, Any]:
    return {
        "seq": 0, "at": AT, "unit": "mill-street", "row": row, "hash": name * 64,
        "before": before or standing("NORMAL"), "after": after or standing("WARNING", 3),
    }  # fmt: skip


def delivery(number: int = 0, **changes: Any) -> Delivery:
    key = delivery_key("li", str(number))
    facts: dict[str, Any] = {
        "key": key, "seq": number, "receiver": "li", "unit": "mill-street", "is_exercise": False, "at": AT,
        "rank": 3, "texts": ("磨坊街道：预警，III 级黄色。<b>", "Second line."), "entries": (entry(),),
        "locale": "zh-CN", "thread": "f1", "alerts": (ALERT,),
        "cover": Cover(title="III 级，磨坊街道", link="http://127.0.0.1/answer/x?a=1&b=2", link_label="签收"),
    }  # fmt: skip
    return Delivery(**{**facts, **changes})


def channel(to: str, **changes: Any) -> Channel:
    facts: dict[str, Any] = {
        "receiver": "li",
        "to": to,
        "clock": lambda: AT,
        "cap": CapPublisher(sender="t.example"),
    }
    return Channel(**{**facts, **changes})
