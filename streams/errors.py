"""Errors that a person must act on: where, what, and what to do."""

from typing import NoReturn


class TocsinError(Exception):
    """A sentence for a person: where it went wrong, what is wrong, what to do."""

    exit_code = 1

    def __init__(self, where: str, what: str, remedy: str = "") -> None:
        self.where, self.what, self.remedy = where, what, remedy
        super().__init__(f"{where}: {what}" + (f"; {remedy}" if remedy else ""))


class ConfigError(TocsinError):
    """Something that a person wrote (configuration, policy, areas, mappings) does not hold together."""

    exit_code = 2


class DataError(TocsinError):
    """An input as a whole cannot be read (a file, not one of its events: those become ``Rejected``)."""

    exit_code = 3


class VersionError(DataError):
    """Data of a schema version that this program does not read."""


class AwayError(TocsinError):
    """Something that is needed does not answer now; the same may succeed later."""

    exit_code = 7


class IntegrityError(TocsinError):
    """What is stored contradicts itself: a broken chain, a corrupt checkpoint, a gap in the ledger."""

    exit_code = 4


class BusyError(TocsinError):
    """Another process owns the thing."""

    exit_code = 5


def refuse(error: type[TocsinError], where: str, what: str, remedy: str = "") -> NoReturn:
    """Raise ``error``; reads better than a raise inside an expression."""
    raise error(where, what, remedy)
