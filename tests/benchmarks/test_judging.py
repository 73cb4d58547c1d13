"""How benchmarks judge: rules of the marks, the generator's promises, the page that shows what was kept."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks import detection_page
from benchmarks.nab import PUBLISHED, as_published, read, windowed_gaussian
from benchmarks.nab_scoring import PROFILES, Labelled, best, mark
from benchmarks.noufaily import truth_of
from benchmarks.outbreaks import JUDGED, KINDS, SCENARIOS, simulate
from benchmarks.weekly import Truth, judge
from tocsin.case_studies.data_folder import find_data


@pytest.mark.parametrize("page", detection_page.PAGES, ids=lambda page: page.parent.name)
def test_the_page_shows_what_was_kept(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    remedy = "run python -m benchmarks.detection_page"
    assert detection_page.replaced(text, detection_page.PAGES[page]) == text, remedy


@pytest.mark.parametrize("page", detection_page.PAGES, ids=lambda page: page.parent.name)
def test_a_page_that_was_edited_is_noticed(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    changed = text.replace("Farrington Flexible", "Farrington flexible", 1)
    assert detection_page.replaced(changed, detection_page.PAGES[page]) == text


def test_simulated_series_have_the_mean_and_the_variance_of_their_scenario() -> None:
    series = simulate(np.random.default_rng(1), 8)
    quiet = (series.observed - series.outbreak)[:300]
    assert len(SCENARIOS) == 42
    ratio = quiet.sum(axis=0) / series.mean[:300].sum(axis=0)
    assert ratio.mean() == pytest.approx(1, abs=0.02)
    pearson = ((quiet - series.mean[:300]) ** 2 / series.mean[:300]).mean(axis=0)
    for kind in range(len(KINDS)):
        mine = np.isin(series.scenario, np.arange(6) + 6 * kind)
        assert pearson[mine].mean() == pytest.approx(KINDS[kind][4], rel=0.1)


def test_every_simulated_series_has_one_outbreak_in_the_judged_weeks() -> None:
    series = simulate(np.random.default_rng(2), 3)
    truth = truth_of(series)
    begins = np.diff(truth.outbreak.astype(int), axis=0, prepend=0) > 0
    assert (begins.sum(axis=0) == 1).all()
    assert np.array_equal(begins.argmax(axis=0), series.onset)
    assert (series.outbreak[-JUDGED:][~truth.is_judged] > 0).all()


def test_figures_of_a_small_case() -> None:
    outbreak = np.zeros((10, 2), bool)
    outbreak[2:6, 0] = outbreak[7:9, 1] = True
    score = np.zeros((10, 2))
    score[3, 0], score[0, 1] = 5.0, 4.0
    figures = judge(score, Truth(outbreak, np.arange(2), np.ones_like(outbreak)), 1 / 14)
    assert figures["threshold"] == 0.0
    assert (figures["detected"], figures["first week"]) == (0.5, 0.0)
    assert figures["timeliness"] == (0.25 + 1.0) / 2
    assert figures["weeks"] == 1 / 6
    assert figures["rate"] == 1 / 14


def labelled(alarms: tuple[int, ...], n: int = 1_000) -> Labelled:
    scores = np.zeros(n)
    scores[list(alarms)] = 1.0
    return Labelled(scores, ((400, 499), (700, 799)))


STANDARD = PROFILES["standard"]


@pytest.mark.parametrize(
    ("alarms", "wanted"),
    [
        ((400, 700), 100.0),
        ((400,), 50.0),
        ((50, 400, 700), 100.0),  # in probation
        ((200, 400, 700), 100 * (4 - 0.11) / 4),
        ((400, 450, 700), 100.0),  # a second alarm in a window is worth nothing
    ],
)
def test_marks_of_plain_cases(alarms: tuple[int, ...], wanted: float) -> None:
    assert mark([labelled(alarms)], STANDARD, 1.0) == pytest.approx(wanted)


def test_late_alarms_are_worth_less_and_those_just_behind_cost_less() -> None:
    early, late = (mark([labelled((at,))], STANDARD, 1.0) for at in (420, 495))
    assert 50 > early > late > 25
    near, far = (mark([labelled((400, 700, at))], STANDARD, 1.0) for at in (501, 650))
    assert 100 > near > far


def test_the_best_threshold_is_the_best() -> None:
    rng = np.random.default_rng(1)
    corpus = [Labelled(rng.random(1_000).round(2), ((400, 499), (700, 799)))]
    found, threshold = best(corpus, STANDARD)
    assert found == pytest.approx(max(0.0, *(mark(corpus, STANDARD, t) for t in np.unique(corpus[0].scores))))
    assert mark(corpus, STANDARD, threshold) == pytest.approx(found) or found == 0.0


def test_silence_has_no_mark() -> None:
    assert best([Labelled(np.zeros(1_000), ((400, 499),))], STANDARD)[0] == 0.0


def test_the_windowed_gaussian_gets_its_published_marks() -> None:
    folder = find_data("nab.parquet")
    if folder is None:
        pytest.skip("no folder holds nab.parquet: name it with TOCSIN_DATA")
    series, windows = read(folder)
    corpus = [Labelled(windowed_gaussian(value), windows[name]) for name, (value, _) in series.items()]
    assert as_published(corpus) == pytest.approx(PUBLISHED, abs=0.11)
