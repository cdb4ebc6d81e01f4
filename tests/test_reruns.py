"""Who runs again, and in what company."""

from dataclasses import replace
from pathlib import Path

import pytest

from harness.methods import Vanilla
from harness.plan import plan
from harness.reruns import AGAIN, ALONE, TOGETHER, Loss, Reruns
from harness.store import Store
from harness.study import Study, TrialConfig

KILLED = Loss("the worker was lost", "")


@pytest.fixture
def reruns(study: Study, tmp_path: Path) -> Reruns:
    return Reruns(plan(replace(study, methods=(Vanilla(),), seeds=(0, 1, 2))), Store(tmp_path / "store"))


def taken(reruns: Reruns) -> tuple[int, list[int]]:
    batch = reruns.take()
    return reruns.stage, [trial.seed for trial in batch]


def gets_on(reruns: Reruns, trial: TrialConfig, step: int) -> None:
    for state in reruns.store.states(trial.id):
        reruns.store.remove(f"trials/{trial.id}/{state}")
    reruns.store.write(f"trials/{trial.id}/checkpoint-{step}/rest.pt", b"")


def test_who_is_lost_runs_again_with_the_others_lost_then_alone_then_no_more(reruns: Reruns) -> None:
    first, second, _ = reruns.waiting[TOGETHER]
    assert taken(reruns) == (TOGETHER, [0, 1, 2])
    assert reruns.lose(first, KILLED)
    assert reruns.lose(second, KILLED)
    assert taken(reruns) == (AGAIN, [0, 1])
    assert reruns.lose(first, KILLED)
    assert reruns.lose(second, KILLED)
    assert taken(reruns) == (ALONE, [0])
    assert not reruns.lose(first, KILLED)
    assert taken(reruns) == (ALONE, [1])
    assert not reruns


def test_who_has_not_begun_keeps_its_place(reruns: Reruns) -> None:
    trials = reruns.take()
    reruns.put_back(trials[1:])
    assert reruns.lose(trials[0], KILLED)
    assert taken(reruns) == (TOGETHER, [1, 2])
    assert taken(reruns) == (AGAIN, [0])


def test_who_lacked_memory_runs_alone_at_once_and_once(reruns: Reruns) -> None:
    trials = reruns.take()
    lacked = replace(KILLED, of_memory=True)
    assert reruns.lose(trials[1], lacked)
    assert taken(reruns) == (ALONE, [1])
    gets_on(reruns, trials[1], 1)
    assert not reruns.lose(trials[1], lacked)


def test_who_took_too_long_does_not_run_again(reruns: Reruns) -> None:
    assert not reruns.lose(reruns.take()[0], replace(KILLED, of_time=True))


def test_who_gets_on_in_between_may_be_lost_any_number_of_times(reruns: Reruns) -> None:
    trial = reruns.take()[0]
    for step in range(5):
        gets_on(reruns, trial, step)
        assert reruns.lose(trial, KILLED)
        assert taken(reruns) == (AGAIN, [0])
    assert reruns.lose(trial, KILLED)  # no further than before
    assert taken(reruns) == (ALONE, [0])
    gets_on(reruns, trial, 5)
    assert reruns.lose(trial, KILLED)
    assert taken(reruns) == (AGAIN, [0])
    assert reruns.lose(trial, KILLED)
    assert taken(reruns) == (ALONE, [0])
    assert not reruns.lose(trial, KILLED)
