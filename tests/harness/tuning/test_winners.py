"""The winners of a search as a study over seeds."""

from dataclasses import replace
from pathlib import Path

import pytest

import search_spaces
from analysis.results.from_store import load
from analysis.results.view import View
from analysis.sections import search as section
from analysis.sections import troubles
from harness.common.errors import UserError
from harness.execution.plan import plan
from harness.store.store import Store
from harness.study import Study
from harness.tuning import winners
from harness.tuning.journal import FINISHED, Rung
from tests.helpers.searches import config, filled, finish, journal


def test_the_winners_are_a_study_over_seeds_that_has_the_searched_trial(searched: Study, tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    over = replace(searched, seeds=(0, 1, 2))
    made = filled(over, store)
    with pytest.raises(UserError, match=r"--write: no trial of l2\(strength=0.01\) has finished"):
        winners.winners_study(over, made)
    best = config(made, 0.007, "l2(strength=0.01)")
    made.begun(best)
    finish(store, best, 60.0)
    made.scored(best, Rung(3, 9, 60.0))
    made.ended(best, FINISHED, 1.0)
    file = tmp_path / "won.yaml"
    winners.write(winners.winners_study(over, made), file)
    won = search_spaces.load(str(file))
    assert won.search is None
    assert [(arm.method.label, arm.settings[0].learning_rate, arm.seeds) for arm in won.arms] == [
        ("vanilla", 0.001, (0, 1, 2)),
        ("l2(strength=0.01)", 0.007, (0, 1, 2)),
    ]
    assert {config(made, 0.001).id, best.id} <= {trial.id for trial in plan(won)}
    assert len(plan(won)) == 6
    winners.check_writable(over, file)  # it may replace its own file
    with pytest.raises(UserError, match="a new file"):
        winners.check_writable(replace(over, name="other"), file)


def test_a_study_of_its_name_leaves_what_a_search_tried_and_is_reported_as_a_study(
    searched: Study, tmp_path: Path
) -> None:
    store = Store(tmp_path / "store")
    made = filled(searched, store)
    made.save()
    alone = replace(searched, search=None)
    store.save_study(alone, plan(alone))
    view = View(load(store, "small"), 1, store)
    assert section.section(view) is None
    assert "stopped" not in str(troubles.section(view).parts)

    assert len(journal(searched, store).of("vanilla")) == 4
