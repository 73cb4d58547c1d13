"""What Tocsin says to people, in their language: ``text`` renders one message of the catalogues."""

from tocsin.messages.catalogue import LOCALES, MissingMessageWarning, has_message, message_keys, text
from tocsin.messages.quantities import countdown, duration, interval, number

__all__ = [
    "LOCALES",
    "MissingMessageWarning",
    "countdown",
    "duration",
    "has_message",
    "interval",
    "message_keys",
    "number",
    "text",
]
