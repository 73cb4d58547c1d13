"""What all tests share."""

import signal
from typing import Final

import pytest

# Whoever starts the tests may have let them ignore Ctrl-C (a shell does so in the background) or hold back
# signals, and their children would too.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.pthread_sigmask(signal.SIG_SETMASK, ())

SHARED: Final = {"evening": "tests/acceptance/", "night": "tests/monitoring/"}
"""Fixtures that are dear, by their folder: whoever asks for one runs in the one process that makes it."""

LONGEST: Final = (
    "evening",
    "tests/tocsin/test_bad_days.py",
    "tests/acceptance/test_demo.py",
    "night",
    "tests/tocsin/test_what_if.py",
    "tests/tocsin/console/test_axe.py",
    "tests/tocsin/test_exit_codes.py",
    "tests/laws/test_laws.py",
    "tests/tocsin/case_studies/test_staleness.py",
    "tests/tocsin/console/test_browser.py",
    "tests/tocsin/picture/test_demo_picture.py",
    "tests/tocsin/test_learning.py",
    "tests/tocsin/test_tuning.py",
    "tests/tocsin/test_run_directory.py",
)
"""Groups that take the longest begin first, so that no process is left alone with one at the end."""


def group_of(item: pytest.Item) -> str:
    """What runs in one process, one behind the other: a file, or all that shares a dear fixture."""
    asked, file = getattr(item, "fixturenames", ()), item.nodeid.partition("::")[0]
    return next((name for name in SHARED if name in asked and file.startswith(SHARED[name])), file)


def rank(group: str) -> int:
    """The place of a group among the others."""
    return LONGEST.index(group) if group in LONGEST else len(LONGEST)


@pytest.hookimpl(tryfirst=True)  # xdist names the groups behind us
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        item.add_marker(pytest.mark.xdist_group(group_of(item)))
    items.sort(key=lambda item: rank(group_of(item)))
