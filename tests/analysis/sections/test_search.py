"""The section on a search: winners and the diagnostic."""

import json
from pathlib import Path

import pytest

from analysis.rendering.table import Table
from analysis.report import chapters
from analysis.results.from_store import load
from analysis.results.view import View
from analysis.sections import search as section
from harness.common.errors import UserError
from harness.execution.plan import plan
from harness.store.store import Store
from harness.study import Study
from tests.helpers.searches import filled, finish, journal


def cells(table: Table) -> list[list[str]]:
    return [[cell if isinstance(cell, str) else cell.plain() for cell in row] for row in table.rows]


def test_the_report_shows_winners_and_the_diagnostic(searched: Study, tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    filled(searched, store)
    made = journal(searched, store)
    made.save()
    view = View(load(store, "small"), 1, store)
    assert cells(section.winners(view)) == [
        ["vanilla", "learning_rate=0.001", "50.00", "51.00", "30.00", "2", "1", "1"],
        ["l2(strength=0.01)", "–", "–", "–", "–", "0", "0", "0"],
    ]
    assert cells(section.on_targets(view)) == [
        ["vanilla", "30.00", "40.00", "+10.00", "learning_rate=0.004", "2"],
        ["l2(strength=0.01)", "–", "–", "–", "–", "–"],
    ]
    # The stopped trial is neither failed nor missing; the failed one is not dropped.
    assert sorted(view.results.trials["status"]) == ["failed", "finished", "finished"]
    assert section.searched(view) == [
        "The search covered learning rate loguniform(0.0001, 0.01), warmup steps randint(0, 4). The budget was 6 "
        "trials of each method, drawn by TPE (sampler's seed 0). Trials were scored on en dev at 3 rungs. At each rung "
        "but the last, the best 1/3 continued (ASHA)."
    ]
    names = [chapter.section.name for chapter in chapters(view)]
    assert names[0] == "search"
    assert "spread" not in names  # trials chosen by a sampler do not show the spread of scores
    lines = section.figure(view.results, section.tried_in(view)).axes[0].lines
    assert list(lines[0].get_ydata()) == [50.0, 50.0, 50.0]


def test_without_a_search_nothing_changes(study: Study, tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    trials = plan(study)
    for trial in trials:
        finish(store, trial, 40.0)
    store.save_study(study, trials)
    assert "search" not in json.loads((tmp_path / "store" / "studies" / "small.json").read_text())
    view = View(load(store, "small"), 1, store)
    assert section.section(view) is None
    assert chapters(view)[0].section.name == "answer"
    assert section.section(View(view.results)) is None


def test_a_search_of_which_nothing_has_ended_has_no_report(searched: Study, tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    journal(searched, store).save()
    with pytest.raises(UserError, match=r"no trial of 'small' in .* has finished or failed yet"):
        load(store, "small")
