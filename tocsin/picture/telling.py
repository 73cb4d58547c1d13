"""Who has been told, by the log of deliveries: of blindness, and in an exercise."""

from collections.abc import Iterable, Mapping
from typing import Any

from alerting.delivery_log import Logged
from alerting.journal import Entry
from alerting.machine import Machine
from tocsin.console.phrases import Names


def blind_told(
    machines: Mapping[str, Machine], entries: Iterable[Entry], deliveries: Iterable[Logged]
) -> tuple[Names, ...]:
    """Receivers that took the message that a unit which is blind now became so, each once."""
    blind = {unit for unit, machine in machines.items() if machine.is_blind}
    began = {e.unit: e.at for e in entries if e.unit in blind and not e.exercise and _says_blind(e)}
    told = {
        logged.delivery.receiver: None
        for logged in sorted(deliveries, key=lambda logged: logged.delivery.seq)
        if logged.state == "delivered"
        and logged.delivery.at >= began.get(logged.delivery.unit, logged.delivery.at + 1)
        and any(_tells_blind(entry) for entry in logged.delivery.entries)
    }
    return tuple({"en": receiver} for receiver in told)


def _says_blind(entry: Entry) -> bool:
    return any(effect.kind == "blind" and effect.args["word"] == "began" for effect in entry.effects)


def _tells_blind(entry: Mapping[str, Any]) -> bool:
    return any(
        effect.get("kind") == "blind" and effect.get("args", {}).get("word") == "began"
        for effect in entry.get("effects", ())
    )


def drill_told(deliveries: Iterable[Logged], begun_at: int) -> int | None:
    """How many receivers took a message of the exercise that began then; None before the first."""
    took = {
        logged.delivery.receiver
        for logged in deliveries
        if logged.delivery.is_exercise and logged.delivery.at >= begun_at and logged.state == "delivered"
    }
    return len(took) or None
