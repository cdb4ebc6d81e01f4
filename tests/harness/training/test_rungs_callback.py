"""One trial of a search: its interim scores change nothing, and a stopped trial leaves nothing."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from harness.execution.attempt import attempt
from harness.execution.resources import Resources
from harness.store.store import Store
from harness.study import TrialConfig
from harness.training.rungs import Stopped
from harness.training.trial import run_trial
from tests.helpers.studies import SHORT


class Told:
    """Rungs at each third of the way, with a record of their scores."""

    def __init__(self, last: int = 99) -> None:
        self.last = last
        self.scores: list[tuple[int, int, float]] = []

    def steps(self, total: int) -> dict[int, int]:
        return {1: 1, 2: 2, total: 3}

    def score(self, rung: int, step: int, dev: float) -> None:
        self.scores.append((rung, step, dev))
        if rung >= self.last:
            raise Stopped


def test_interim_scores_change_nothing(trial: Callable[..., TrialConfig], tmp_path: Path) -> None:
    told = Told()
    followed = run_trial(trial(), cache=tmp_path, rungs=told).record
    alone = run_trial(trial(), cache=tmp_path).record
    assert followed.scores == alone.scores
    assert [(rung, step) for rung, step, _ in told.scores] == [(1, 1), (2, 2)]
    shorter = run_trial(trial(setting=replace(SHORT, max_steps=2, schedule="constant")), cache=tmp_path).record
    longer = Told()
    run_trial(trial(setting=replace(SHORT, schedule="constant")), cache=tmp_path, rungs=longer)
    assert longer.scores[1][2] == shorter.scores.dev["en"].metrics["f1"]


def test_a_stopped_trial_leaves_nothing_and_is_no_failure(trial: Callable[..., TrialConfig], tmp_path: Path) -> None:
    store, told = Store(tmp_path / "store"), Told(last=1)
    with pytest.raises(Stopped):
        attempt(trial(), store, Resources(), rungs=told)
    assert len(told.scores) == 1
    assert store.record(trial().id) is None
    assert store.failure(trial().id) is None
    store.save_stopped(trial(), {"rung": 1})
    stopped = store.stopped(trial().id)
    assert stopped is not None
    assert (stopped["rung"], TrialConfig.from_json(stopped["config"])) == (1, trial())
    standing = store.standing([trial()])
    assert not standing.finished
    assert not standing.failures
    assert not attempt(trial(), store, Resources()).error  # an ordinary study trains it to the end
    assert store.stopped(trial().id) is None
    assert store.record(trial().id) is not None
