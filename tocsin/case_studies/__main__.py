"""``python -m tocsin.case_studies``: replay recorded sets, write pages and pictures of what was seen."""

import argparse
import sys
import time
from pathlib import Path
from typing import Final

from streams.errors import DataError, TocsinError
from tocsin.case_studies.data_folder import ROOT, need_data
from tocsin.case_studies.facts import Facts, read_facts, write_facts
from tocsin.case_studies.known import read_study
from tocsin.case_studies.naming import names_of
from tocsin.case_studies.overview import ENGLISH, PLACE, overview
from tocsin.case_studies.overview_zh import CHINESE
from tocsin.case_studies.page import page
from tocsin.case_studies.staleness import data_files

CITIES: Final = ROOT / "config" / "cities"
PAGES: Final = ROOT / "docs" / "case-studies"
OVERVIEWS: Final = {PLACE: ENGLISH, f"zh-CN/{PLACE}": CHINESE}
"""The first page in each language, under docs/."""


def names() -> tuple[str, ...]:
    """Every city that has something to look for."""
    return tuple(sorted(path.parent.name for path in CITIES.glob("*/study.toml")))


def study(city: str, given: Path | None) -> Facts:
    """Replay one city to its end; raises ``DataError`` where its data is not here."""
    from tocsin.case_studies.playing import study_facts

    folder, known = CITIES / city, read_study(CITIES / city)
    data = next(need_data(name, given) for name in data_files(folder, known))
    return study_facts(folder, known, data)


def render(city: str, into: Path = PAGES) -> None:
    """Write page and pictures from the facts that are kept beside them."""
    from tocsin.case_studies.picture import draw

    facts, known = read_facts(PAGES / f"{city}.json"), read_study(CITIES / city)
    text = page(city, known, facts, names_of(CITIES / city))
    (into / f"{city}.md").write_text(text, encoding="utf-8")
    draw(into, city, known, facts)


def render_overview(into: Path = ROOT / "docs") -> None:
    """Write the first page and its twin from all facts that are kept."""
    kept = {city: PAGES / f"{city}.json" for city in names()}
    known = {c: (read_study(CITIES / c), read_facts(path)) for c, path in kept.items() if path.exists()}
    for place, words in OVERVIEWS.items():
        (into / place).parent.mkdir(parents=True, exist_ok=True)
        (into / place).write_text(overview(known, words), encoding="utf-8")


def main(arguments: list[str] | None = None) -> int:
    """Write what is asked for, and say what each took; 3 where some data is missing."""
    parser = argparse.ArgumentParser(prog="python -m tocsin.case_studies", description=__doc__)
    parser.add_argument("--data", type=Path, help="folder of the sets; else TOCSIN_DATA, else one beside")
    parser.add_argument("--only", choices=names(), action="append", metavar="CITY", help="may be repeated")
    parser.add_argument("--render", action="store_true", help="replay nothing: pages from the kept facts")
    asked = parser.parse_args(arguments)
    codes = [_one(city, asked.data, asked.render) for city in asked.only or names()]
    if 0 in codes:
        render_overview()
    return max(codes)


def _one(city: str, given: Path | None, only_render: bool) -> int:
    begun = time.process_time()
    try:
        if not only_render:
            PAGES.mkdir(parents=True, exist_ok=True)
            write_facts(PAGES / f"{city}.json", study(city, given))
        render(city)
    except DataError as error:
        sys.stdout.write(f"{city}: skipped: {error}\n")
        return 3
    sys.stdout.write(f"{city}: {time.process_time() - begun:.0f} s of CPU\n")
    sys.stdout.flush()
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except TocsinError as error:
        sys.exit(str(error))
