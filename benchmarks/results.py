"""What benchmarks of detection found, kept as JSON beside them: docs/detection.md is made of it."""

import json
from pathlib import Path
from typing import Any, Final

FOLDER: Final = Path(__file__).with_name("results")


def keep(name: str, facts: dict[str, Any]) -> None:
    """Write a benchmark's facts."""
    FOLDER.mkdir(exist_ok=True)
    text = json.dumps(facts, indent=1, ensure_ascii=False) + "\n"
    (FOLDER / f"{name}.json").write_text(text, encoding="utf-8")


def kept(name: str) -> dict[str, Any]:
    """A benchmark's facts as last kept; raises ``FileNotFoundError`` where there are none."""
    return dict(json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8")))
