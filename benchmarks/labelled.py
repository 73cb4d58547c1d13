"""The same question as noufaily, on real weekly counts whose outbreaks somebody marked.

Sets of R's surveillance package with outbreak states and a German Campylobacter series with the EHEC weeks of
2011. Each series is judged from its third year on; few outbreaks, so that differences mean little.
Run: ``python -m benchmarks.labelled [--data DIR] [--keep]``.
"""

from pathlib import Path
from typing import Any, Final

import numpy as np
from pyarrow import parquet

from benchmarks import peers, results
from benchmarks.weekly import Truth, judge
from tocsin.case_studies.data_folder import need_data
from tocsin.counts_table import every
from tocsin.scoring import score_slow

Array = np.ndarray[Any, np.dtype[Any]]

SETS: Final = "surveillance_public.parquet"
CAMPYLOBACTER: Final = "campyDE.parquet"
FIRST: Final = 112
RATES: Final = (0.01, 0.02, 0.05)


def main(given: Path | None = None) -> dict[str, Any]:
    """Figures of every method at each rate; raises ``DataError`` where the sets are not here."""
    groups = read(need_data(SETS, given))
    if not peers.is_here():
        print(peers.MISSING)
    scores = [_scores(counts) for counts, _ in groups.values()]
    longest = max(len(counts) for counts, _ in groups.values()) - FIRST
    truth = _truth(list(groups.values()), longest)
    joined = {name: np.hstack([_padded(s[name], longest) for s in scores]) for name in scores[0]}
    spans = np.diff(truth.outbreak.astype(np.int8), axis=0, prepend=0)
    return {
        "series": len(truth.group),
        "judged weeks": int(truth.is_judged.sum()),
        "outbreaks": int((spans > 0).sum()),
        "rates": {
            str(rate): {
                name: {k: round(v, 4) for k, v in judge(score, truth, rate).items()}
                for name, score in joined.items()
            }
            for rate in RATES
        },
    }


def read(folder: Path) -> dict[str, tuple[Array, Array]]:
    """Counts and outbreak weeks of each set: (T, S) int64 and bool."""
    frame = parquet.read_table(folder / SETS).to_pandas()
    frame = frame[frame["labelled"] & (frame["freq"] == 52)]
    groups: dict[str, tuple[Array, Array]] = {}
    for name, rows in frame.groupby("dataset", observed=True):
        shaped = [rows.pivot_table(values=v, index="t", columns="unit", observed=True) for v in _VALUES]
        groups[str(name)] = shaped[0].to_numpy().astype(np.int64), shaped[1].to_numpy() > 0
    campylobacter = parquet.read_table(folder / CAMPYLOBACTER).to_pandas()
    is_outbreak = (campylobacter["O104period"] | (campylobacter["state"] > 0)).to_numpy()
    groups["campyDE"] = campylobacter["case"].to_numpy().astype(np.int64)[:, None], is_outbreak[:, None]
    return groups


_VALUES: Final = ("observed", "state")


def _scores(counts: Array) -> dict[str, Array]:
    """Every method's scores from the third year on."""
    ours = {"tocsin": score_slow(counts.astype(float), every("1w")).score[FIRST:]}
    return ours | (peers.scores(counts, FIRST) if peers.is_here() else {})


def _padded(part: Array, weeks: int) -> Array:
    """``part`` with weeks of nothing before it."""
    return np.vstack([np.zeros((weeks - len(part), part.shape[1]), part.dtype), part])


def _truth(groups: list[tuple[Array, Array]], weeks: int) -> Truth:
    """All sets side by side, aligned at their ends."""
    outbreak = np.hstack([_padded(state[FIRST:], weeks) for _, state in groups])
    judged = np.hstack([_padded(np.ones_like(state[FIRST:]), weeks) for _, state in groups])
    group = np.repeat(np.arange(len(groups)), [counts.shape[1] for counts, _ in groups])
    return Truth(outbreak.astype(bool), group, judged.astype(bool))


if __name__ == "__main__":
    results.command("labelled", "the sets", main)
