"""No report shows NaN or infinity, however thin the results."""

from collections.abc import Callable
from pathlib import Path

import pytest

from analysis.report import Chapter, chapters
from analysis.results.best_setting import BestSetting
from analysis.results.from_store import load
from analysis.results.view import View
from analysis.sections import SECTIONS
from harness.methods import L2, Bitfit, Ewc, Vanilla
from harness.store.store import Store
from tests.helpers import synthetic
from tests.helpers.report_rows import ALL_METHODS, COLD, HOT, Rows, clean_page, thin, view, words

THIN: dict[str, Callable[[], Rows]] = {
    "one run per method": lambda: thin(rates=(COLD,), seeds=1),
    "one run per method and setting": lambda: thin(seeds=1),
    "all trials failed but one": lambda: thin(keep=lambda *run: run == ("vanilla", COLD, 0)),
    "all trials failed but one of another method": lambda: thin(keep=lambda *run: run == ("bitfit", HOT, 1)),
    "all trials failed": lambda: thin(keep=lambda *run: False),
    "the baseline failed": lambda: thin(keep=lambda method, rate, seed: method != "vanilla"),
    "a single language": lambda: thin(ALL_METHODS[:4], codes=("hi",)),
    "a single method": lambda: thin(methods=("vanilla",), seeds=3),
    "a single run": lambda: thin(methods=("l2(strength=1)",), rates=(COLD,), seeds=1),
    "all collapsed": lambda: [{**row, "collapsed": "true"} for row in thin(methods=("vanilla", "l2(strength=1)"))],
    "all scores zero": lambda: thin(
        methods=("vanilla", "l2(strength=1)", "l2(strength=2)"), level=lambda random: 0.0, seeds=3
    ),
    "all scores the same": lambda: thin(
        methods=("vanilla", "l2(strength=1)", "l2(strength=2)"), level=lambda random: 50.0, seeds=3
    ),
    "two kinds of scores": lambda: thin(
        methods=("vanilla", "l2(strength=1)"), level=lambda random: float(random.choice([5.0, 90.0])), seeds=3
    ),
}
DRAWN = (
    "one run per method",
    "all trials failed but one of another method",
    "a single language",
    "two kinds of scores",
)
"""Results whose figures are drawn too."""


@pytest.mark.parametrize(
    ("name", "ddof"), [*((name, 1) for name in THIN), ("one run per method", 0), ("a single run", 0)]
)
def test_no_number_is_shown_that_is_none(name: str, ddof: int) -> None:
    seen = view(THIN[name](), ddof=ddof)
    clean_page(chapters(seen), seen, drawn=ddof == 1 and name in DRAWN)


def test_a_study_with_no_finished_trial_has_its_chapters(tmp_path: Path) -> None:
    study = synthetic.study(
        3, methods=(Vanilla(), L2(strength=0.1), L2(strength=1.0), Bitfit(), Ewc(strength=1.0)), rates=6, seeds=2
    )
    store = Store(tmp_path / "store")
    store.save_study(study, synthetic.trials(study))
    seen = View(load(store, study.name), 1, store, published=True)
    found = chapters(seen)
    clean_page(found, seen, drawn=True)
    assert "No run is complete yet" in words(found[0].section)
    assert [chapter.section.name for chapter in found][:2] == ["answer", "summary"]
    assert BestSetting.of(seen.results, "vanilla").setting == ""


def test_every_finding_is_among_these(written: list[Chapter]) -> None:
    """Every section is tested on some of these results."""
    other = view(THIN["one run per method and setting"]())
    named = {chapter.section.name for chapter in written}
    findings = [entry.make for entry in SECTIONS if entry.twin or not entry.of_a_search]
    climbed = view(thin(("vanilla", "l2(strength=1)"), rates=(1e-5, 2e-5, 4e-5, 8e-5)))
    named |= {section.name for of in (other, climbed) for make in findings if (section := make(of)) is not None}
    assert {make.__module__.rpartition(".")[2].replace("_", "-") for make in findings} <= named
