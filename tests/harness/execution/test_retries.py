"""Retries: which trials run again, together or alone."""

from dataclasses import replace
from pathlib import Path

import pytest

from harness.execution.plan import plan
from harness.execution.retries import AGAIN, ALONE, TOGETHER, Loss, Retries
from harness.methods import Vanilla
from harness.store.store import Store
from harness.study import Study, TrialConfig

KILLED = Loss("the worker was lost", "")


@pytest.fixture
def retries(study: Study, tmp_path: Path) -> Retries:
    return Retries(plan(replace(study, methods=(Vanilla(),), seeds=(0, 1, 2))), Store(tmp_path / "store"))


def taken(retries: Retries) -> tuple[int, list[int]]:
    batch = retries.take()
    return retries.stage, [trial.seed for trial in batch]


def gets_on(retries: Retries, trial: TrialConfig, step: int) -> None:
    for state in retries.store.states(trial.id):
        retries.store.remove(f"trials/{trial.id}/{state}")
    retries.store.write(f"trials/{trial.id}/checkpoint-{step}/rest.pt", b"")


def test_a_lost_trial_runs_again_with_other_lost_trials_then_alone_then_never(retries: Retries) -> None:
    first, second, _ = retries.waiting[TOGETHER]
    assert taken(retries) == (TOGETHER, [0, 1, 2])
    assert retries.lose(first, KILLED)
    assert retries.lose(second, KILLED)
    assert taken(retries) == (AGAIN, [0, 1])
    assert retries.lose(first, KILLED)
    assert retries.lose(second, KILLED)
    assert taken(retries) == (ALONE, [0])
    assert not retries.lose(first, KILLED)
    assert taken(retries) == (ALONE, [1])
    assert not retries


def test_a_trial_that_has_not_begun_keeps_its_place(retries: Retries) -> None:
    trials = retries.take()
    retries.put_back(trials[1:])
    assert retries.lose(trials[0], KILLED)
    assert taken(retries) == (TOGETHER, [1, 2])
    assert taken(retries) == (AGAIN, [0])


def test_a_trial_that_lacked_memory_runs_once_more_alone(retries: Retries) -> None:
    trials = retries.take()
    lacked = replace(KILLED, of_memory=True)
    assert retries.lose(trials[1], lacked)
    assert taken(retries) == (ALONE, [1])
    gets_on(retries, trials[1], 1)
    assert not retries.lose(trials[1], lacked)


def test_a_trial_beyond_the_time_limit_does_not_run_again(retries: Retries) -> None:
    assert not retries.lose(retries.take()[0], replace(KILLED, of_time=True))


def test_a_trial_with_progress_may_be_lost_any_number_of_times(retries: Retries) -> None:
    trial = retries.take()[0]
    for step in range(5):
        gets_on(retries, trial, step)
        assert retries.lose(trial, KILLED)
        assert taken(retries) == (AGAIN, [0])
    assert retries.lose(trial, KILLED)  # no progress since the last loss
    assert taken(retries) == (ALONE, [0])
    gets_on(retries, trial, 5)
    assert retries.lose(trial, KILLED)
    assert taken(retries) == (AGAIN, [0])
    assert retries.lose(trial, KILLED)
    assert taken(retries) == (ALONE, [0])
    assert not retries.lose(trial, KILLED)
