"""A worker in doubt ends itself at once, with a code that says why; its supervisor starts it anew.

No repair inside a process: what a worker holds in memory is exactly what is in doubt.
"""

import enum
import os
import sys
from typing import NoReturn

import structlog


class Doubt(enum.IntEnum):
    """Exit codes of workers."""

    LEFT_OUT = 71  # events are missing in what the broker handed over
    BLIND = 72  # the group's leader sees no partitions of our topics
    FENCED = 73  # another owner has written a checkpoint
    GAP = 74  # records are missing for good: a person must look
    BROKEN = 75  # something unforeseen failed

    @property
    def is_for_a_person(self) -> bool:
        """Whether starting anew cannot mend it."""
        return self is Doubt.GAP


def end(why: Doubt, **facts: object) -> NoReturn:
    """End the process without another commit or acknowledgement."""
    structlog.get_logger("worker").error("worker in doubt", why=why.name, code=int(why), **facts)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(int(why))
