"""Tables of docs/detection.md and its Chinese twin: ``python -m benchmarks.detection_page``."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from benchmarks import results
from benchmarks.detection_words import CHINESE, COLUMNS, ENGLISH, Words

DOCS: Final = Path(__file__).parents[1] / "docs"
PAGES: Final = {DOCS / "detection.md": ENGLISH, DOCS / "zh-CN" / "detection.md": CHINESE}
"""Each page and the words that it is made with."""

BEGIN: Final = "<!-- Made by `python -m benchmarks.detection_page` of benchmarks/results; do not edit. -->"
END: Final = "<!-- End of what is made. -->"


def rendered(words: Words) -> str:
    """Everything between the two marks, these included."""
    sections = (_noufaily(words), _labelled(words), _nab(words))
    return "\n\n".join((BEGIN, *(f"{text}\n\n{table}" for text, table in sections), END))


def replaced(text: str, words: Words) -> str:
    """A page with what stands between the marks made anew; raises ``ValueError`` where a mark is missing."""
    head, tail = text.index(BEGIN), text.index(END) + len(END)
    return text[:head] + rendered(words) + text[tail:]


def _noufaily(words: Words) -> tuple[str, str]:
    facts = results.kept("noufaily")
    return words.noufaily.format(series=facts["series"], seed=facts["seed"]), _table(facts, words)


def _labelled(words: Words) -> tuple[str, str]:
    facts = results.kept("labelled")
    figures = {"series": facts["series"], "weeks": facts["judged weeks"], "outbreaks": facts["outbreaks"]}
    return words.labelled.format(**figures, one=_short(1 / facts["outbreaks"], 2)), _table(facts, words)


def _table(facts: dict[str, Any], words: Words) -> str:
    lines = [f"| {' | '.join(words.columns)} |", "|---" * len(words.columns) + "|"]
    for rate, methods in facts["rates"].items():
        for name, found in methods.items():
            figures = " | ".join(_figure(found[column], column) for column in COLUMNS)
            lines.append(f"| {rate.lstrip('0')} | {words.methods[name]} | {figures} |")
    return "\n".join(lines)


def _figure(value: float, column: str) -> str:
    return _short(value, 4 if column == "sd of the rate" else 3)


def _short(value: float, digits: int) -> str:
    return f"{value:.{digits}f}".removeprefix("0")


def _nab(words: Words) -> tuple[str, str]:
    facts = results.kept("nab")
    ours, gaussian = facts["tocsin"], facts["windowed Gaussian"]
    marks = (
        [profile["mark"] for profile in ours.values()],
        [profile["crossed"] for profile in ours.values()],
        [profile["mark"] for profile in gaussian.values()],
        facts["windowed Gaussian, as published"].values(),
    )
    rows = [_marks(label, values) for label, values in zip(words.marks, marks, strict=True)]
    lines = (f"| | {' | '.join(words.profiles)} |", "|---" * (len(ours) + 1) + "|", *rows)
    return words.nab.format(series=facts["series"], rows=f"{facts['rows']:,}"), "\n".join(lines)


def _marks(label: str, marks: Iterable[float]) -> str:
    return f"| {label} | {' | '.join(f'{mark:.1f}' for mark in marks)} |"


if __name__ == "__main__":
    for page, words in PAGES.items():
        page.write_text(replaced(page.read_text(encoding="utf-8"), words), encoding="utf-8")
