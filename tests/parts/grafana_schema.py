"""Grafana's published TypeScript types, against which dashboards are checked; npm fetches them once."""

import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from tests.parts.fetched import fetching

HERE: Final = Path(__file__).parent / "grafana"
PLACE: Final = Path(__file__).parents[2] / ".parts" / "grafana"
OPTIONS: Final = (
    *("--noEmit", "--strict", "--skipLibCheck"),
    *("--moduleResolution", "bundler", "--module", "esnext", "--target", "es2022"),
)


def why_not() -> str | None:
    """Why it cannot be had here; None if it can."""
    missing = [name for name in ("node", "npm") if shutil.which(name) is None]
    return f"no {' and no '.join(missing)} on the path" if missing else None


def complaints(dashboards: Sequence[dict[str, Any]]) -> list[str]:
    """What the TypeScript compiler says against dashboards as literals of the type; nothing if they fit."""
    compiler = _fetched()
    name = f"boards-{os.getpid()}.ts"
    literals = [
        f"export const board{n}: Board = {json.dumps(made, ensure_ascii=False)};"
        for n, made in enumerate(dashboards)
    ]
    try:
        (PLACE / name).write_text("\n".join(["import type { Board } from './frame';", *literals]))
        run = subprocess.run(
            ["node", compiler, *OPTIONS, name], cwd=PLACE, capture_output=True, text=True, check=False
        )
    finally:
        (PLACE / name).unlink()
    return run.stdout.splitlines() if run.returncode else []


def _fetched() -> str:
    compiler = PLACE / "node_modules" / "typescript" / "bin" / "tsc"
    with fetching(PLACE):
        for source in HERE.iterdir():
            shutil.copy(source, PLACE / source.name)
        if not compiler.exists():
            command = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts"]
            subprocess.run(command, cwd=PLACE, check=True)
    return str(compiler)
