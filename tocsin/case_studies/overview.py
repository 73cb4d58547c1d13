"""The first page of the case studies: all of them in one table, the method, and how to make them again."""

from collections.abc import Callable
from typing import Final

import msgspec

from tocsin.case_studies.facts import Facts
from tocsin.case_studies.known import Study
from tocsin.case_studies.page import HEAD
from tocsin.case_studies.staleness import BEHAVIOUR_WEEKS
from tocsin.case_studies.verdicts import alerted, median_delay, noticed, quiet_rate, weeks
from tocsin.case_studies.words import count, span, table

COLUMNS: Final = (
    "set", "records", "shocks that alarmed", "median delay", "holes called silent", "city called blind",
    "alarms a quiet week", "quiet weeks",
)  # fmt: skip

METHOD: Final = """
Recorded event streams of real places go through the complete program, as `tocsin replay` does it, with the
settings that the project suggests and a budget of 2 alarms a week. The data is not ours to ship: it lies
outside the project, and each city's `study.toml` names the files.

## Method

* **What is known** of a set stands in `config/cities/<city>/study.toml`: days on which something happened,
  and stops of the feed. It was written before any alarm was looked at. No setting was chosen by looking at
  these days; what is tuned is tuned on simulated cities.
* **A yardstick, not a rival.** When a shock "stands out" is decided by plain counting with hindsight: the
  first hour that ends a stretch of four with at least 8 records and more than 6 standard deviations above
  the same hours of up to eight weeks before. It looks at the known categories only; the program does not
  know which to look at.
* **First alarm** is the first bucket within the shock in which a hotspot of one of its categories stands at
  IV or above. A live run knows it later, by the feed's allowed lateness and a minute; delays count from
  there. Where a feed shows records late, an earlier alarm was not possible for anybody.
* **Told** are the units whose machine was raised by evidence: two buckets of three must agree, so one
  bucket's alarm may tell nobody. A replay has no officers: nobody acknowledges, confirms or stands down, so
  a unit that still stands high is not told anew of the next thing, and nothing that people would have
  rejected is rejected.
* **Quiet weeks** are whole local weeks, after the warm-up, without a known shock or hole. Alarms in them
  are counted, not judged: some are true, and nobody recorded it. Stacks of old cases entered at once count
  as quiet weeks' alarms: they are none of the city's troubles.
* **Silence** is measured from the last record before a hole to the moment at which a live run says so.
  *Blind* is stronger than *silent*: a unit that is blind says that it does not know, instead of calm.

## Make them again

```sh
make case-studies                                              # all of them, some minutes
python -m tocsin.case_studies --data DIR --only boston         # one
python -m tocsin.case_studies --render                         # pages and pictures from the kept facts
```

The folder of the data is `--data`, else the variable `TOCSIN_DATA`, else a folder `data` beside the
project. Beside each page lies `<city>.json`, what was seen as plain facts, of which page and pictures are
made.

## When is a page stale?
"""


PLACE: Final = "case-studies/README.md"
"""Where the page stands under docs/, and its twin under docs/zh-CN/."""


class OverviewWords(msgspec.Struct, frozen=True, kw_only=True):
    """The page in one language, and how it writes a row; ``folder`` leads from it to the studies."""

    title: str
    method: str
    stale: str
    table_head: str
    columns: tuple[str, ...]
    note: str
    of: str
    folder: str
    title_of: Callable[[Study], str]


_STALE: Final = f"""Tests compare page and pictures with the facts, and the city's files and the data with the
digests in the facts, and what the program decides on the first {BEHAVIOUR_WEEKS} weeks of the two cheapest
sets with its digest. Where the data is missing, the last two are skipped, saying so. What a change of code
does only to other sets, or only after {BEHAVIOUR_WEEKS} weeks, these tests do not see: after a change of
detection make the studies again.
"""

_NOTE: Final = (
    "Delay: from plain counting to a live run's first alarm, negative where the alarm was first; shocks that "
    "were missed are in the second column, not in the delay.\n"
)


ENGLISH: Final = OverviewWords(
    title="# Case studies\n\n中文：[案例](../zh-CN/case-studies/README.md)",
    method=METHOD,
    stale=_STALE,
    table_head="## All in one table",
    columns=COLUMNS,
    note=_NOTE,
    of="of",
    folder="",
    title_of=lambda study: study.title,
)


def overview(studies: dict[str, tuple[Study, Facts]], words: OverviewWords = ENGLISH) -> str:
    """``docs/case-studies/README.md``, or its twin in other words."""
    rows = [_row(city, study, facts, words) for city, (study, facts) in studies.items()]
    figures = f"{words.table_head}\n\n{table(words.columns, rows)}\n{words.note}"
    return f"{HEAD}{words.title}\n{words.method}\n{words.stale}\n{figures}"


def _row(city: str, study: Study, facts: Facts, words: OverviewWords) -> tuple[str, ...]:
    seen = [alerted(study, facts, shock) for shock in study.shocks]
    holes = [noticed(study, facts, hole) for hole in study.holes]
    found = weeks(study, facts)
    rate, delay = quiet_rate(found), median_delay(facts, seen)
    return (
        f"[{words.title_of(study)}]({words.folder}{city}.md)",
        count(sum(facts.run.outcomes.values())),
        f"{sum(one.alarm is not None for one in seen)} {words.of} {len(seen)}",
        "" if delay is None else span(delay),
        f"{sum(one.silent_at is not None for one in holes)} {words.of} {len(holes)}",
        f"{sum(one.blind_at is not None for one in holes)} {words.of} {len(holes)}",
        "" if rate is None else f"{rate:.2f}",
        str(sum(not week.why_not for week in found)),
    )
