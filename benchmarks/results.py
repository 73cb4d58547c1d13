"""What benchmarks of detection found, kept as JSON beside them: docs/detection.md is made of it."""

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from streams.errors import DataError

FOLDER: Final = Path(__file__).with_name("results")


def keep(name: str, facts: dict[str, Any]) -> None:
    """Write a benchmark's facts."""
    FOLDER.mkdir(exist_ok=True)
    text = json.dumps(facts, indent=1, ensure_ascii=False) + "\n"
    (FOLDER / f"{name}.json").write_text(text, encoding="utf-8")


def kept(name: str) -> dict[str, Any]:
    """A benchmark's facts as last kept; raises ``FileNotFoundError`` where there are none."""
    return dict(json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8")))


def begun(name: str) -> dict[str, Any]:
    """A benchmark's facts by seed as last kept, or none yet: ``{"seeds": {}}``."""
    try:
        return kept(name)
    except FileNotFoundError:
        return {"seeds": {}}


def of_parts(
    name: str, seed: int, parts: Iterable[str], measure: Callable[[str], dict[str, Any]]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each part of a seed that is not kept yet, and what is measured of it, kept as it comes."""
    facts = begun(name)
    found = facts["seeds"].setdefault(str(seed), {})
    for part in parts:
        if part not in found:
            found[part] = measure(part)
            keep(name, facts)
            yield part, found[part]


def command(name: str, data: str, measure: Callable[[Path | None], dict[str, Any]]) -> None:
    """Run one benchmark on recorded data from its command line; ``data`` says what its folder holds."""
    parser = argparse.ArgumentParser(
        prog=f"python -m benchmarks.{name}", description=sys.modules["__main__"].__doc__
    )
    parser.add_argument("--data", type=Path, help=f"folder of {data}; else TOCSIN_DATA")
    parser.add_argument("--keep", action="store_true", help=f"write benchmarks/results/{name}.json")
    asked = parser.parse_args()
    try:
        found = measure(asked.data)
    except DataError as error:
        sys.exit(f"not measured: {error}")
    print(json.dumps(found, indent=1))
    if asked.keep:
        keep(name, found)
