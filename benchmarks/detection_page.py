"""Tables of docs/detection.md and its Chinese twin: ``python -m benchmarks.detection_page``."""

import statistics
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from benchmarks import door_table, nab_parts, purpose_table, results
from benchmarks.ablation import WHOLE
from benchmarks.detection_words import CHINESE, COLUMNS, ENGLISH, Words

DOCS: Final = Path(__file__).parents[1] / "docs"
PAGES: Final = {DOCS / "detection.md": ENGLISH, DOCS / "zh-CN" / "detection.md": CHINESE}
"""Each page and the words that it is made with."""

BEGIN: Final = "<!-- Made by `python -m benchmarks.detection_page` of benchmarks/results; do not edit. -->"
END: Final = "<!-- End of what is made. -->"


def rendered(words: Words) -> str:
    """Everything between the two marks, these included."""
    makers = (_city, _years, _scan, _ablation, _purposes, _noufaily, _labelled, _nab, _door)
    sections = [make(words) for make in makers]
    return "\n\n".join((BEGIN, *(f"{text}\n\n{table}" for text, table in sections), END))


def replaced(text: str, words: Words) -> str:
    """A page with what stands between the marks made anew; raises ``ValueError`` where a mark is missing."""
    head, tail = text.index(BEGIN), text.index(END) + len(END)
    return text[:head] + rendered(words) + text[tail:]


def _city(words: Words) -> tuple[str, str]:
    """Tocsin over all seeds; beside peers over those seeds in which they were asked."""
    seeds = results.kept("city_peers")["seeds"]
    asked = {seed: piece for seed, piece in seeds.items() if piece["peers"]}
    weeks, asked_weeks = _weeks(seeds), _weeks(asked)
    budgets = {
        budget: [piece["budgets"][budget] for piece in seeds.values()]
        for budget in next(iter(seeds.values()))["budgets"]
    }
    own = {words.own: [piece["budgets"]["2"] for piece in asked.values()]}
    peers = {
        words.peers.get(name, name): [piece["peers"][name] for piece in asked.values()]
        for name in next(iter(asked.values()), {"peers": ()})["peers"]
    }
    alone = {
        budget: [*_city_figures(found, weeks, words), *_wide_figures(found, weeks, words)]
        for budget, found in budgets.items()
    }
    beside = {name: _city_figures(found, asked_weeks, words) for name, found in (own | peers).items()}
    columns, method, *figures = words.city_columns
    error = (sum(one["false"] for one in budgets["2"]) ** 0.5) / weeks
    text = words.city.format(
        arguments=" ".join(seeds), seeds=", ".join(seeds), weeks=weeks, error=_short(error, 2)
    )
    said = words.city_peers.format(seeds=", ".join(asked), weeks=asked_weeks)
    return text, f"{_rows((columns, *figures), alone)}\n\n{said}\n\n{_rows((method, *figures[:5]), beside)}"


def _weeks(pieces: dict[str, Any]) -> int:
    return sum(piece["weeks"] for piece in pieces.values())


def _rows(columns: Iterable[str], rows: dict[str, list[str]]) -> str:
    """A table of named rows."""
    columns = tuple(columns)
    lines = [f"| {' | '.join((name, *figures))} |" for name, figures in rows.items()]
    return "\n".join((f"| {' | '.join(columns)} |", "|---" * len(columns) + "|", *lines))


def _city_figures(found: list[dict[str, Any]], weeks: int, words: Words) -> list[str]:
    rates = [f"{sum(one[key] for one in found) / weeks:.2f}" for key in ("false", "in storms")]
    return rates + [_recall_of(found, kind, words) for kind in ("surge", "slow", "cluster")]


def _wide_figures(found: list[dict[str, Any]], weeks: int, words: Words) -> list[str]:
    """False alarms of feeds, and storms and stops of feeds."""
    rate = f"{sum(one['false feeds'] for one in found) / weeks:.2f}"
    return [rate, *(_recall_of(found, kind, words) for kind in ("storm", "city-stop", "area-stop"))]


def _recall_of(found: list[dict[str, Any]], kind: str, words: Words) -> str:
    return _recall([delay for one in found for delay in one["delays"][kind]], words)


def _years(words: Words) -> tuple[str, str]:
    seeds = results.kept("city_years")["seeds"]
    rows = {
        f"{bucket} | {budget}": _budget(float(budget), [one[budget] for one in years.values()])
        for bucket, years in seeds.items()
        for budget in next(iter(years.values()))
    }
    seeds_of = {bucket: ", ".join(years) for bucket, years in seeds.items()}
    text = words.years.text.format(seeds="; ".join(f"{key}: {told}" for key, told in seeds_of.items()))
    return text, _rows(words.years.columns, rows)


def _budget(allowed: float, years: list[dict[str, list[int]]]) -> list[str]:
    """False alarms a week: of all years, years within a fifth of what is allowed, both ends; in storms."""
    rates = [statistics.mean(year["false"]) for year in years]
    near = sum(abs(rate - allowed) <= 0.2 * allowed for rate in rates) / len(rates)
    storms = statistics.mean(statistics.mean(year["in storms"]) for year in years)
    ends = [f"{rate:.2f}" for rate in (statistics.mean(rates), min(rates), max(rates), storms)]
    return [str(len(years)), ends[0], _short(near, 2), *ends[1:]]


def _recall(delays: list[float | None], words: Words) -> str:
    """Share and median delay of what was found, and how many there were."""
    seen = [delay for delay in delays if delay is not None]
    if not seen:
        return words.found_none.format(all=len(delays))
    share, median = _short(len(seen) / len(delays), 2), f"{statistics.median(seen):.3g}"
    return words.found.format(share=share, all=len(delays), hours=median)


def _ablation(words: Words) -> tuple[str, str]:
    """Cities in which every part was taken out once: else differences would be those of cities."""
    told, kept = words.ablation, results.kept("ablation")["seeds"]
    seeds = {seed: found for seed, found in kept.items() if set(told.parts) <= set(found)}
    weeks = sum(found[WHOLE]["weeks"] for found in seeds.values())
    rows = [
        f"| {name} | {' | '.join(_without([found[part] for found in seeds.values()], weeks, words))} |"
        for part, name in told.parts.items()
    ]
    lines = (f"| {' | '.join(told.columns)} |", "|---" * len(told.columns) + "|", *rows)
    errors = _errors([found[WHOLE] for found in seeds.values()], weeks)
    arguments = " ".join(seeds)
    return told.text.format(arguments=arguments, weeks=weeks, **errors), "\n".join(lines)


def _errors(found: list[dict[str, Any]], weeks: int) -> dict[str, str]:
    """Standard errors of a rate and of the recall of surges and of slow rises, nothing taken out."""
    rate = sum(one["false"] for one in found) / weeks
    named = {"surges": ("surge",), "rises": ("slow", "slower", "faint")}
    return {"rate": f"{(rate / weeks) ** 0.5:.2f}"} | {
        name: _short(_error([d for one in found for kind in kinds for d in one["delays"][kind]]), 2)
        for name, kinds in named.items()
    }


def _error(delays: list[float | None]) -> float:
    """Standard error of a share; one found and one missed are added, or all of few would be sure."""
    share = (sum(delay is not None for delay in delays) + 1) / (len(delays) + 2)
    return float((share * (1 - share) / (len(delays) + 2)) ** 0.5)


def _without(found: list[dict[str, Any]], weeks: int, words: Words) -> list[str]:
    """False alarms a week, and recall and median delay of each kind; stops of feeds as one."""
    single = ("surge", "slow", "slower", "faint", "cluster", "storm")
    kinds = (*((kind,) for kind in single), ("city-stop", "area-stop"))
    return [f"{sum(one['false'] for one in found) / weeks:.2f}"] + [
        _recall([d for one in found for kind in together for d in one["delays"][kind]], words)
        for together in kinds
    ]


def _purposes(words: Words) -> tuple[str, str]:
    kept = purpose_table.complete(results.kept("purposes")["seeds"])
    table = purpose_table.table(kept, words.purposes, lambda delays: _recall(delays, words))
    return purpose_table.text(kept, words.purposes), table


def _scan(words: Words) -> tuple[str, str]:
    facts = results.kept("scan")
    power = [f"| {' | '.join(words.scan_columns)} |", "|---" * len(words.scan_columns) + "|"]
    power += [_power(row) for row in facts["power"]]
    cost = [f"| {' | '.join(words.cost_columns)} |", "|---" * len(words.cost_columns) + "|"]
    cost += [f"| {' | '.join(f'{value:,}' for value in row.values())} |" for row in facts["cost"]]
    text = words.scan.format(seeds=", ".join(map(str, facts["seeds"])))
    return text, "\n".join(power) + f"\n\n{words.scan_cost}\n\n" + "\n".join(cost)


def _power(row: dict[str, Any]) -> str:
    found = " | ".join(_power_of(row[name]) for name in ("surge", "cluster"))
    return f"| +{row['lift']:.0%} | {row['areas']} | {row['tries']} | {found} |"


def _power_of(one: dict[str, Any]) -> str:
    return _short(one["found"], 2) + ("" if one["hours"] is None else f", {one['hours']:.1f} h")


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
    parts = f"{words.nab_parts.text}\n\n{nab_parts.table(results.kept('nab_parts'), words.nab_parts)}"
    return words.nab.format(series=facts["series"], rows=f"{facts['rows']:,}"), "\n".join((*lines, "", parts))


def _marks(label: str, marks: Iterable[float]) -> str:
    return f"| {label} | {' | '.join(f'{mark:.1f}' for mark in marks)} |"


def _door(words: Words) -> tuple[str, str]:
    kept = results.kept("door")["seeds"]
    tables = door_table.tables(kept, words.door, lambda delays: _recall(delays, words))
    return door_table.text(kept, words.door), tables


if __name__ == "__main__":
    for page, words in PAGES.items():
        page.write_text(replaced(page.read_text(encoding="utf-8"), words), encoding="utf-8")
