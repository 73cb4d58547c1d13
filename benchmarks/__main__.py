"""Run every benchmark in a process of its own: ``python -m benchmarks [NAME …]``.

Figures are printed as they come; each script that was measured gets its section of docs/benchmarks.md anew.
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

Written by `make benchmarks`, or section by section by `python -m benchmarks NAME`: do not edit. Machines
differ and are shared: trust the ratios, which come from one run, more than the milliseconds."""
SCRIPTS = (
    "replay",
    "year",
    "what_if",
    "step",
    "intake",
    "city",
    "slow_rise",
    "topic",
    "scrape",
    "dispatch",
    "live_intake",
    "live_latency",
    "live_scale",
    "soak_hours",
)
"""One question each; a script's ``main()`` returns its figures as a flat dict, the words are the keys."""
LONG = ("soak_hours",)
"""Scripts that run only if they are named."""


def main(arguments: list[str]) -> int:
    """Print the machine, then each script's figures as they come, and write its section of the page."""
    if arguments[:1] == ["--one"]:
        print(json.dumps(importlib.import_module(f"benchmarks.{arguments[1]}").main()))
        return 0
    unknown = [name for name in arguments if name not in SCRIPTS]
    if unknown:
        print(f"benchmarks: no script {unknown[0]}: choose from {', '.join(SCRIPTS)}", file=sys.stderr)
        return 2
    where = machine()
    print(_words_of(where))
    reports = {name: _report(name) for name in arguments or _short()}
    measured = {name: section(name, where, lines) for name, lines in reports.items() if lines}
    write(measured)
    failed = [name for name in reports if name not in measured]
    print(f"not measured: {', '.join(failed)}" if failed else "all measured")
    return 1 if failed else 0


def _short() -> list[str]:
    return [name for name in SCRIPTS if name not in LONG]


def write(measured: dict[str, str]) -> None:
    """Put measured sections into the page."""
    before = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    PAGE.write_text(page(before, measured), encoding="utf-8")


def page(before: str, measured: dict[str, str]) -> str:
    """The page with the measured sections in place of their old ones, in the order of ``SCRIPTS``."""
    old = {part.split("\n", 1)[0]: f"## {part.strip()}" for part in before.split("\n## ")[1:]}
    sections = {**old, **measured}
    return "\n\n".join([INTRODUCTION, *(sections[name] for name in SCRIPTS if name in sections)]) + "\n"


def section(name: str, where: dict[str, str], lines: list[str]) -> str:
    """One script's question, its figures, and the machine they were measured on."""
    question = (importlib.import_module(f"benchmarks.{name}").__doc__ or "").strip()
    figures = "\n".join(lines)
    return f"## {name}\n\n{question}\n\n```\n{figures}\n```\n\nMachine: {_words_of(where)}."


def _words_of(where: dict[str, str]) -> str:
    return ", ".join(f"{name} {value}" for name, value in where.items())


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
        else f"{value:,.0f}"
        if isinstance(value, float)
        else f"{value:,}"
        if isinstance(value, int | float) and not isinstance(value, bool)
        else str(value)
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
