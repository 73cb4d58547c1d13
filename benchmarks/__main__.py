"""Run every benchmark in a process of its own and print one table: ``python -m benchmarks [NAME …]``."""

import importlib
import json
import subprocess
import sys
from typing import Any

from benchmarks.machine import machine

SCRIPTS = ("replay", "step", "intake", "city")
"""One question each; a script's ``main()`` returns its figures as a flat dict, the words are the keys."""


def main(arguments: list[str]) -> int:
    """Print the machine, then each script's figures as they come."""
    if arguments[:1] == ["--one"]:
        print(json.dumps(importlib.import_module(f"benchmarks.{arguments[1]}").main()))
        return 0
    print("  ".join(f"{name}: {value}" for name, value in machine().items()))
    failed = [name for name in arguments or SCRIPTS if not _report(name)]
    print(f"not measured: {', '.join(failed)}" if failed else "all measured")
    return 1 if failed else 0


def _report(name: str) -> bool:
    """A process of its own: peak memory is the script's, and nothing is warm that should not be."""
    run = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--one", name], capture_output=True, text=True, check=False
    )
    print(f"\n{name}")
    if run.returncode:
        print("  " + (run.stderr.strip().splitlines() or ["no output"])[-1])
        return False
    for line in table(json.loads(run.stdout.strip().splitlines()[-1])):
        print("  " + line)
    return True


def table(figures: dict[str, Any]) -> list[str]:
    """Aligned lines of name and figure; a nested dict becomes indented lines."""
    flat = [
        (f"{key}: {inner}", value)
        for key, whole in figures.items()
        for inner, value in (whole.items() if isinstance(whole, dict) else [("", whole)])
    ]
    width = max((len(name) for name, _ in flat), default=0)
    return [f"{name.removesuffix(': '):<{width}}  {_words(value)}" for name, value in flat]


def _words(value: Any) -> str:
    return (
        f"{value:,.3g}"
        if isinstance(value, float) and abs(value) < 1_000
        else f"{value:,}"
        if isinstance(value, int | float) and not isinstance(value, bool)
        else str(value)
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
