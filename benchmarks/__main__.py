"""Run every benchmark in a process of its own: ``python -m benchmarks [NAME …]``.

Figures are printed as they come; a run of all of them is written to docs/benchmarks.md.
"""

import importlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.machine import machine

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"
INTRODUCTION = """# Benchmarks

Written by `python -m benchmarks` (or `make benchmarks`): do not edit. Machines differ and are shared: trust
the ratios, which come from one run, more than the milliseconds."""
SCRIPTS = ("replay", "step", "intake", "city", "live_intake", "live_latency", "live_scale")
"""One question each; a script's ``main()`` returns its figures as a flat dict, the words are the keys."""


def main(arguments: list[str]) -> int:
    """Print the machine, then each script's figures as they come; write them down if none was left out."""
    if arguments[:1] == ["--one"]:
        print(json.dumps(importlib.import_module(f"benchmarks.{arguments[1]}").main()))
        return 0
    where = machine()
    print("  ".join(f"{name}: {value}" for name, value in where.items()))
    reports = {name: _report(name) for name in arguments or SCRIPTS}
    failed = [name for name, lines in reports.items() if not lines]
    if not failed and not arguments:
        PAGE.write_text(_page(where, reports), encoding="utf-8")
    print(f"not measured: {', '.join(failed)}" if failed else "all measured")
    return 1 if failed else 0


def _page(where: dict[str, str], reports: dict[str, list[str]]) -> str:
    """The page of figures."""
    parts = [INTRODUCTION, "\n".join(f"* {name}: {value}" for name, value in where.items())]
    for name, lines in reports.items():
        question = (importlib.import_module(f"benchmarks.{name}").__doc__ or "").strip()
        parts.append(f"## {name}\n\n{question}\n\n```\n" + "\n".join(lines) + "\n```")
    return "\n\n".join(parts) + "\n"


def _report(name: str) -> list[str]:
    """A process of its own: peak memory is the script's, and nothing is warm that should not be."""
    run = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--one", name], capture_output=True, text=True, check=False
    )
    print(f"\n{name}")
    if run.returncode:
        print("  " + (run.stderr.strip().splitlines() or ["no output"])[-1])
        return []
    lines = table(json.loads(run.stdout.strip().splitlines()[-1]))
    print("\n".join("  " + line for line in lines), flush=True)
    return lines


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
