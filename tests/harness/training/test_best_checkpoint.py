"""Checkpoint selection: the best weights on the source's dev set, with nothing else changed."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from harness.common.errors import UserError
from harness.execution.plan import plan
from harness.methods import L2
from harness.store.record import ScoredCheckpoint
from harness.study import Study, TrialConfig
from harness.training import best_checkpoint
from harness.training.trial import run_trial
from tests.helpers.studies import SHORT

WILD = replace(SHORT, learning_rate=6e-3, max_steps=20, batch_size=8, schedule="constant")
"""A setting that learns a little, then diverges: the best step is not the last."""


def best_of(study: Study) -> TrialConfig:
    return plan(replace(study, methods=(L2(strength=0.01),), settings=(WILD,), targets=("de",), checkpoint="best"))[0]


@pytest.mark.parametrize("encoder", ["embedded"])
def test_the_best_dev_checkpoint_is_scored_and_the_training_is_the_same(
    study: Study, trial: Callable[..., TrialConfig], tmp_path: Path
) -> None:
    config = best_of(study)
    best = run_trial(config, cache=tmp_path)
    last = run_trial(trial(L2(strength=0.01), setting=WILD), cache=tmp_path)
    assert best.history == last.history
    selected = best.record.checkpoint
    assert list(selected.dev) == [str(at) for at in range(2, 21, 2)]  # ten times over twenty steps
    step = max(range(2, 21, 2), key=lambda at: (selected.dev[str(at)], -at))
    assert selected.step == step < 20
    assert best.record.scores.dev["en"].metrics["f1"] == selected.dev[str(step)]
    assert last.record.scores.dev["en"].metrics["f1"] == selected.dev["20"]
    assert last.record.checkpoint == ScoredCheckpoint(step=20)
    # Training that ends at that step gives the same weights, because the learning rate is constant.
    ended = run_trial(trial(L2(strength=0.01), setting=replace(WILD, max_steps=step)), cache=tmp_path)
    assert ended.record.scores == best.record.scores


def test_checkpoint_selection_changes_the_id_and_depends_on_the_dev_set(
    study: Study, trial: Callable[..., TrialConfig], tmp_path: Path
) -> None:
    config = best_of(study)
    assert config.id != trial(L2(strength=0.01), setting=WILD).id
    assert config.selected_on == config.dev_data != ""
    assert replace(config, selected_on="0" * 16).id != config.id
    with pytest.raises(UserError, match="data: the dev data changed since the study was planned"):
        run_trial(replace(config, selected_on="0" * 16), cache=tmp_path)


@pytest.mark.parametrize(
    ("steps", "expected"),
    [(1, [1]), (3, [1, 2, 3]), (10, list(range(1, 11))), (25, [3, 5, 8, 10, 13, 15, 18, 20, 23, 25])],
)
def test_scores_are_spread_evenly_and_the_last_step_has_one(steps: int, expected: list[int]) -> None:
    class State:
        max_steps = steps
        global_step = 0

    model = torch.nn.Linear(1, 1)
    callback = best_checkpoint.BestOnDev(lambda model: 1.0)
    for State.global_step in range(1, steps + 1):
        callback.on_step_end(None, State, None, model=model)  # type: ignore[arg-type]
    assert list(callback.scores) == expected
    assert callback.step == expected[0]  # the earliest of equal ones
