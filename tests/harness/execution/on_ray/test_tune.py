"""Retries after Ray takes a worker away, without Ray. ``tests/end_to_end`` tests the same with Ray."""

import inspect
import signal
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import ray
from rich.console import Console

from harness.execution.attempt import Attempt
from harness.execution.on_ray import tune as ray_tune
from harness.execution.on_ray.cluster import Cluster
from harness.execution.on_ray.tune import NUMBER, SweepCallback, run_on_ray
from harness.execution.plan import plan
from harness.execution.progress import SweepProgress
from harness.execution.resources import Resources
from harness.methods import Vanilla
from harness.store.store import Store
from harness.study import Study, TrialConfig

GREEDY = (1, 4)
"""Seeds of the trials that need more memory than the machine has."""
AT_ONCE = 2


@pytest.fixture
def trials(study: Study) -> list[TrialConfig]:
    return plan(replace(study, methods=(Vanilla(),), seeds=tuple(range(6))))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def test_tune_keeps_the_handler_of_sigusr1() -> None:
    from ray.tune import tune

    before = signal.getsignal(signal.SIGUSR1)
    assert not tune._setup_signal_catching().is_set()
    assert signal.getsignal(signal.SIGUSR1) is before
    assert "= _setup_signal_catching()" in inspect.getsource(tune)


def lost() -> RuntimeError:
    """The error that Tune raises."""
    error = RuntimeError("Caught unexpected exception: ...")
    error.__cause__ = ray.exceptions.OutOfMemoryError(
        "1 worker was killed due to the node running low on memory.\nAnd so on."
    )
    return error


def event(number: int) -> Any:
    return SimpleNamespace(config={NUMBER: number}, error_file=None)


def run(
    trials: list[TrialConfig], store: Store, stand_in: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> SweepProgress:
    monkeypatch.setattr(ray_tune, "_run", stand_in)
    monkeypatch.setattr(ray_tune, "ready", lambda *rest: nullcontext(Cluster("", 0.0, "")))
    with SweepProgress(Console(quiet=True), len(trials), 0, 0, lambda trial: str(trial.seed)) as progress:
        run_on_ray(trials, store, Resources(), progress, keep_weights=False)
    return progress


def test_running_trials_run_again_alone_and_every_trial_ends_once(
    trials: list[TrialConfig], store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches: list[list[int]] = []
    ended: list[int] = []

    def some_at_once(batch: list[TrialConfig], callback: SweepCallback, *rest: Any, **options: Any) -> None:
        batches.append([trial.seed for trial in batch])
        for start in range(0, len(batch), AT_ONCE):
            running = range(start, min(start + AT_ONCE, len(batch)))
            for number in running:
                callback.on_trial_start(0, [], event(number))
            if any(batch[number].seed in GREEDY for number in running):
                raise lost()
            for number in running:
                ended.append(batch[number].seed)
                callback.on_trial_result(0, [], event(number), vars(Attempt(batch[number].id)))

    progress = run(trials, store, some_at_once, monkeypatch)
    assert batches == [[0, 1, 2, 3, 4, 5], [2, 3, 4, 5], [0, 1, 4, 5], [4, 5], [0], [1], [4], [5]]
    assert sorted(ended) == [0, 2, 3, 5]
    assert (progress.done, progress.failed, progress.running) == (4, 2, {})
    failures = store.failures(trial.id for trial in trials)
    assert [trial.seed for trial in trials if trial.id in failures] == [*GREEDY]
    for failure in failures.values():
        assert failure.error == "1 worker was killed due to the node running low on memory."
        assert "OutOfMemoryError" in failure.traceback


@pytest.mark.parametrize("error", [RuntimeError("a driver's own mistake"), KeyError("another"), OSError("disk full")])
def test_errors_outside_trials_fail_no_trial(
    trials: list[TrialConfig], store: Store, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def breaks(batch: list[TrialConfig], callback: SweepCallback, *rest: Any, **options: Any) -> None:
        callback.on_trial_start(0, [], event(0))
        raise error

    with pytest.raises(type(error), match=str(error.args[0])):
        run(trials, store, breaks, monkeypatch)
    assert store.failures(trial.id for trial in trials) == {}


def test_the_run_ends_if_no_trial_ran(trials: list[TrialConfig], store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def at_once(*given: Any, **options: Any) -> None:
        raise lost()

    with pytest.raises(RuntimeError, match="Caught unexpected exception"):
        run(trials, store, at_once, monkeypatch)


def test_a_worker_that_dies_before_its_trial_begins_loses_the_trial(
    trials: list[TrialConfig], store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker may die while libraries are imported: Tune then reports no start."""
    batches: list[list[int]] = []

    def dies(batch: list[TrialConfig], callback: SweepCallback, *rest: Any, **options: Any) -> None:
        batches.append([trial.seed for trial in batch])
        for number, trial in enumerate(batch):
            if trial.seed == 0:
                callback.on_trial_error(0, [], event(number))
            else:
                callback.on_trial_start(0, [], event(number))
                callback.on_trial_result(0, [], event(number), vars(Attempt(trial.id)))

    progress = run(trials, store, dies, monkeypatch)
    assert batches == [[0, 1, 2, 3, 4, 5], [0], [0]]
    assert (progress.done, progress.failed) == (5, 1)
    assert store.failures([trials[0].id])[trials[0].id].error == "the worker was lost: it left no message"


def test_a_trial_of_another_process_is_waited_for_at_the_end(
    trials: list[TrialConfig], store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches: list[tuple[list[int], bool]] = []

    def taken(batch: list[TrialConfig], callback: SweepCallback, *rest: Any, wait: bool) -> None:
        batches.append(([trial.seed for trial in batch], wait))
        for number, trial in enumerate(batch):
            callback.on_trial_start(0, [], event(number))
            callback.on_trial_result(
                0, [], event(number), vars(Attempt(trial.id, held_elsewhere=trial.seed in (2, 3) and not wait))
            )

    progress = run(trials, store, taken, monkeypatch)
    assert batches == [([0, 1, 2, 3, 4, 5], False), ([2, 3], True)]
    assert (progress.done, progress.failed) == (6, 0)
