"""A signal at any moment of a trial: the trial resumes, and ends as if uninterrupted."""

import os
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.common.machine import signals
from harness.execution.attempt import attempt
from harness.execution.resources import Resources
from harness.methods import L2, Composed, DecoupledL2, Lora, Method, RDrop, RecAdam, WeightAveraging
from harness.store.store import Store
from harness.study import TrialConfig
from harness.training import building, trainer
from harness.training import trial as trials
from tests.helpers.cut_trials import ended, same
from tests.helpers.studies import SHORT

LONG = replace(SHORT, max_steps=30, warmup_steps=3)
"""A training whose log has windows of several steps."""
SELDOM = Resources(checkpoint_minutes=60)


@pytest.fixture(autouse=True)
def long_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(building, "WINDOWS", 10)


def ended_by_signal(
    config: TrialConfig, store: Store, place: Any, name: str, calls: int, number: int = signal.SIGTERM
) -> None:
    """Run a trial that receives a signal at a call of a function."""
    before = getattr(place, name)

    def with_signal(*args: Any, **options: Any) -> Any:
        nonlocal calls
        calls -= 1
        if not calls:
            os.kill(os.getpid(), number)
        return before(*args, **options)

    with pytest.MonkeyPatch.context() as patch, signals.terminable():
        patch.setattr(place, name, with_signal)
        with pytest.raises(KeyboardInterrupt):
            attempt(config, store, SELDOM)
        assert signals.requested()


IN_TRAINING = (trainer.PenaltyTrainer, "training_step", 17, 17)
IN_SCORING = (trials, "score", 1, 30)
"""The function that is called when the signal comes, the number of the call, and the step of the checkpoint."""


@pytest.mark.parametrize(
    ("method", "place", "name", "calls", "step"),
    [
        (L2(strength=0.1), *IN_TRAINING),
        (DecoupledL2(strength=0.1), *IN_TRAINING),
        (Composed(methods=(Lora(), WeightAveraging(steps=20))), *IN_SCORING),
    ],
    ids=["training", "training with a decoupled penalty", "scoring of merged and averaged weights"],
)
def test_a_signal_leaves_a_checkpoint_of_the_present_step(
    method: Method, place: Any, name: str, calls: int, step: int, trial: Callable[..., TrialConfig], tmp_path: Path
) -> None:
    config, whole, interrupted = trial(method, setting=LONG), Store(tmp_path / "whole"), Store(tmp_path / "interrupted")
    ended_by_signal(config, interrupted, place, name, calls)
    assert len(interrupted.states(config.id)) == 1
    found = ended(config, interrupted, SELDOM)
    assert found[0].cost.resumed_at == (step,)
    assert interrupted.states(config.id) == []
    undisturbed = ended(config, whole, SELDOM)
    assert same(found, undisturbed)
    assert found[0].cost.training_tokens == undisturbed[0].cost.training_tokens


def test_a_signal_during_a_log_line_leaves_the_line_complete(trial: Callable[..., TrialConfig], tmp_path: Path) -> None:
    setting = replace(SHORT, max_steps=12, class_weights="balanced", accumulation=2, batches="by_length")
    method = Composed(methods=(RDrop(), RecAdam(strength=9.0, middle=3)))
    config, whole, interrupted = trial(method, setting=setting), Store(tmp_path / "whole"), Store(tmp_path / "cut")
    ended_by_signal(config, interrupted, trainer.PenaltyTrainer, "training_step", 9)
    found, undisturbed = ended(config, interrupted, SELDOM), ended(config, whole, SELDOM)
    assert found[0].cost.resumed_at == (5,)
    assert len(found[1]) == 6
    assert same(found, undisturbed)


@pytest.mark.parametrize("checkpoint", ["last", "best"])
def test_a_signal_at_an_early_stop_ends_the_training_at_that_step(
    checkpoint: str, trial: Callable[..., TrialConfig], tmp_path: Path
) -> None:
    setting = replace(SHORT, learning_rate=1e-12, max_steps=20, early_stopping=2)  # it stops at step 6
    config = replace(trial(setting=setting), checkpoint=checkpoint)
    whole, interrupted = Store(tmp_path / "whole"), Store(tmp_path / "interrupted")
    ended_by_signal(config, interrupted, trainer.PenaltyTrainer, "training_step", 6)
    found, undisturbed = ended(config, interrupted, SELDOM), ended(config, whole, SELDOM)
    assert found[0].cost.resumed_at == (6,)
    assert found[0].cost.steps == undisturbed[0].cost.steps == 6
    assert same(found, undisturbed)


def test_a_signal_before_the_training_ends_at_once(trial: Callable[..., TrialConfig], tmp_path: Path) -> None:
    config, store = trial(L2(strength=0.1)), Store(tmp_path / "store")
    ended_by_signal(config, store, trials, "build_trainer", 1, signal.SIGUSR1)
    assert store.states(config.id) == []
    assert store.failure(config.id) is None
