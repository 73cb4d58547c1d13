"""How good is ``tocsin score --sensor`` on the Numenta Anomaly Benchmark, by its own rules?

Ours goes through the function behind ``tocsin score --sensor``, each series alone. A windowed Gaussian shows
that the marks are reckoned rightly: at one threshold it must get its three published marks (a finer search
than theirs finds a better one). The threshold is one for the corpus, as the benchmark has it, and crossed:
that of either half judges the other.
Run: ``python -m benchmarks.nab [--data DIR] [--keep]``; a minute.
"""

import json
import math
import time
from pathlib import Path
from typing import Any, Final

import numpy as np
from pyarrow import parquet

from benchmarks import results
from benchmarks.nab_scoring import PROFILES, Labelled, Profile, best, mark
from tocsin.case_studies.data_folder import need_data
from tocsin.counts_table import Every, every
from tocsin.scoring import score_values

FILE: Final = "nab.parquet"
STEPS: Final = ("1min", "5min", "10min", "15min", "30min", "1h", "1d")
WINDOW, STEP = 6_400, 100
PUBLISHED: Final = {"standard": 39.6, "low FP": 20.9, "low FN": 47.4}
PUBLISHED_AT: Final = 1.0 - 5e-13


def main(given: Path | None = None) -> dict[str, Any]:
    """Marks of ours and of the windowed Gaussian; raises ``DataError`` where the corpus is not here."""
    folder = need_data(FILE, given)
    series, windows = read(folder)
    began = time.process_time()
    ours = [Labelled(_ours(value, stamps), windows[name]) for name, (value, stamps) in series.items()]
    seconds = time.process_time() - began
    gaussian = [Labelled(windowed_gaussian(value), windows[name]) for name, (value, _) in series.items()]
    return {
        "series": len(series),
        "rows": sum(len(value) for value, _ in series.values()),
        "seconds": round(seconds),
        "tocsin": marks(ours),
        "windowed Gaussian": marks(gaussian),
        "windowed Gaussian, as published": as_published(gaussian),
    }


def as_published(gaussian: list[Labelled]) -> dict[str, float]:
    """The Gaussian's marks at the threshold of the published ones; raises if they are not these."""
    found = {name: round(mark(gaussian, profile, PUBLISHED_AT), 1) for name, profile in PROFILES.items()}
    if any(abs(found[name] - wanted) > 0.11 for name, wanted in PUBLISHED.items()):
        raise AssertionError(f"the windowed Gaussian gets {found}, not {PUBLISHED}")
    return found


def read(folder: Path) -> tuple[dict[str, Any], dict[str, tuple[tuple[int, int], ...]]]:
    """Values and stamps (seconds) of each series, and the rows of its windows."""
    table = parquet.read_table(folder / FILE)
    names = np.array(table.column("file").cast("string").to_pylist())
    stamps = table.column("timestamp").to_numpy().astype("datetime64[s]")
    values = table.column("value").to_numpy().astype(np.float64)
    labels = json.loads((folder / "nab_combined_windows.json").read_text(encoding="utf-8"))
    series, windows = {}, {}
    for name in sorted(set(names.tolist())):
        mine = names == name
        series[name] = values[mine], stamps[mine].astype(np.int64)
        windows[name] = tuple(_rows(stamps[mine], *pair) for pair in labels[name])
    return series, windows


def _rows(stamps: np.ndarray[Any, Any], begin: str, end: str) -> tuple[int, int]:
    """First and last row of a window."""
    first = np.searchsorted(stamps, np.datetime64(begin[:19].replace(" ", "T")), side="left")
    last = np.searchsorted(stamps, np.datetime64(end[:19].replace(" ", "T")), side="right") - 1
    return int(first), int(last)


def _ours(values: np.ndarray[Any, Any], stamps: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The scores of ``tocsin score --sensor``, ``--every`` the table's usual step: rows in order of time."""
    order, number, step = usual_step(stamps)
    scores = np.empty(len(values))
    scores[order] = score_values(values[order][:, None], number, step).score[:, 0]
    return scores


def usual_step(stamps: np.ndarray[Any, Any]) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any], Every]:
    """How rows stand in time, the step of each, both (n,) int64, and the usual step."""
    usual = float(np.median(np.diff(stamps)))
    step = every(min(STEPS, key=lambda text: abs(math.log(every(text).seconds / usual))))
    order = np.argsort(stamps, kind="stable")
    return order, (stamps[order] - stamps.min()) // step.seconds, step


def windowed_gaussian(values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """One minus the Gaussian tail under mean and spread of the last 6,400 rows, renewed every 100."""
    scores = np.zeros(len(values))
    total = squares = 0.0
    mean, spread, held = 0.0, 1.0, 0
    for i, value in enumerate(values.tolist()):
        if i:
            scores[i] = 1.0 - 0.5 * math.erfc(abs(value - mean) / spread / math.sqrt(2.0))
        if held < WINDOW:
            held, total, squares = held + 1, total + value, squares + value * value
            mean = total / held
            spread = math.sqrt(max(squares / held - mean * mean, 0.0)) or 1e-6
        elif (i - WINDOW) % STEP == STEP - 1:
            window = values[i + 1 - WINDOW : i + 1]
            mean, spread = float(window.mean()), float(window.std()) or 1e-6
    return scores


def marks(corpus: list[Labelled]) -> dict[str, Any]:
    """The mark of each profile, and with thresholds crossed between two halves of the corpus."""
    return {
        name: {
            "mark": round(best(corpus, profile)[0], 1),
            "threshold": round(best(corpus, profile)[1], 4),
            "crossed": round(_crossed(corpus, profile), 1),
        }
        for name, profile in PROFILES.items()
    }


def _crossed(corpus: list[Labelled], profile: Profile) -> float:
    """Each half (every other series by name) judged at the other's threshold, weighed by windows."""
    halves = corpus[::2], corpus[1::2]
    marks = [mark(mine, profile, best(other, profile)[1]) for mine, other in (halves, halves[::-1])]
    weights = [sum(len(series.windows) for series in half) for half in halves]
    return float(np.average(marks, weights=weights))


if __name__ == "__main__":
    results.command("nab", "nab.parquet", main)
