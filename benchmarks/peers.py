"""Scores of R's surveillance package, run in a process of its own on counts written to a file."""

import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any, Final

import numpy as np

METHODS: Final = ("farrington", "ears-c1", "ears-c2", "ears-c3", "glr-nb", "cusum")
SCRIPT: Final = Path(__file__).with_name("surveillance.R")
MISSING: Final = (
    "R with its package surveillance is not here: apt-get install r-base-core r-cran-surveillance"
)


def is_here() -> bool:
    """Whether R and the package can be run."""
    if shutil.which("Rscript") is None:
        return False
    call = ["Rscript", "-e", "quit(status = !requireNamespace('surveillance', quietly = TRUE))"]
    return subprocess.run(call, capture_output=True, check=False).returncode == 0


def scores(counts: np.ndarray[Any, Any], first: int, methods: tuple[str, ...] = METHODS) -> dict[str, Any]:
    """Each method's scores of the weeks from ``first`` (counted from 0) on: (weeks, S) float64 by name.

    ``counts`` is (T, S), whole numbers. Raises ``CalledProcessError`` where R fails.
    """
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder) / "counts.csv"
        np.savetxt(table, counts, fmt="%d", delimiter=",")
        call = ["Rscript", str(SCRIPT), str(table), str(first + 1), folder, *methods]
        subprocess.run(call, check=True, capture_output=True)
        return {name: _read(Path(folder) / f"{name}.csv") for name in methods}


def _read(path: Path) -> np.ndarray[Any, Any]:
    """One method's scores; what it could not compute counts as nothing strange."""
    return np.nan_to_num(np.loadtxt(path, delimiter=",", ndmin=2), nan=0.0, posinf=1e9, neginf=0.0)
