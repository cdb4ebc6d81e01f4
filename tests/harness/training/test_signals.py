"""A signal at any moment of a trial: it resumes, and ends as if uninterrupted."""

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
from harness.methods import L2, Composed, DecoupledL2, Lora, Method, WeightAveraging
from harness.store.store import Store
from harness.study import TrialConfig
from harness.training import trainer
from harness.training import trial as trials
from tests.helpers.cut_trials import ended, same
from tests.helpers.studies import SHORT

LONG = replace(SHORT, max_steps=30, warmup_steps=3)
"""A training whose log has windows of several steps."""
SELDOM = Resources(checkpoint_minutes=60)


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


@pytest.mark.parametrize(
    "method",
    [L2(strength=0.1), Composed(methods=(Lora(), WeightAveraging(steps=20))), DecoupledL2(strength=0.1)],
    ids=lambda method: method.label,
)
@pytest.mark.parametrize(
    ("place", "name", "calls", "step"),
    [(trainer.PenaltyTrainer, "training_step", 17, 17), (trials, "score", 1, 30)],
    ids=["training", "scoring"],
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
