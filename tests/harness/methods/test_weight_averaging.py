"""Averages of weights against averages computed here."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from harness.common.errors import UserError
from harness.data.context import TrialContext
from harness.execution.plan import plan
from harness.methods import L2, Composed, LayerFreeze, Method, Vanilla, WeightAveraging, method_from
from harness.study import Setting, Study, TrialConfig
from harness.training.building import build_trainer
from tests.helpers.fine_tuned import STEPS, Recorder, close, same, whole


def mean_of(states: list[dict[str, Tensor]]) -> dict[str, Tensor]:
    return {name: torch.stack([state[name].double() for state in states]).mean(0).float() for name in states[0]}


EPOCHS = replace(STEPS, max_steps=None, epochs=0.1)
"""Five steps: a tenth of the 200 sentences, four at a time."""


@pytest.mark.parametrize(
    ("method", "setting", "count"),
    [
        (WeightAveraging(steps=3), replace(STEPS, max_steps=5), 3),
        (WeightAveraging(steps=5), replace(STEPS, max_steps=5), 5),
        (WeightAveraging(steps=3), EPOCHS, 3),
        (WeightAveraging(epochs=0.06), EPOCHS, 3),
        (WeightAveraging(epochs=0.1), EPOCHS, 5),
        (WeightAveraging(epochs=0.04), replace(EPOCHS, accumulation=2), 2),
        (Composed(methods=(WeightAveraging(steps=2), LayerFreeze(layers=3))), STEPS, 2),
    ],
    ids=["3 of 5", "all", "of epochs", "epochs", "all epochs", "epochs with accumulation", "composed"],
)
def test_the_result_is_the_mean_of_the_last_weights(
    trial: Callable[..., TrialConfig], cache: Path, method: Method, setting: Setting, count: int
) -> None:
    trainer = build_trainer(TrialContext.of(trial(method, setting=setting), cache))
    recorder = Recorder()
    trainer.add_callback(recorder)
    trainer.train()
    assert len(recorder.after) == (setting.max_steps or 5)
    final = {name: p.detach() for name, p in trainer.model.named_parameters()}
    close(final, mean_of(recorder.after[-count:]), rtol=1e-5, atol=1e-7)
    name = "bert.encoder.layer.3.output.dense.weight"
    assert not torch.equal(final[name], recorder.after[-1][name])


def test_averaging_over_all_epochs_covers_all_steps(sentences: Path, encoder: str, cache: Path) -> None:
    """Ten sentences make five micro-batches of two: two steps of two micro-batches and a last step of one."""
    setting = replace(STEPS, max_steps=None, epochs=1.0, accumulation=2)
    study = Study(
        name="small",
        task="udpos",
        methods=(WeightAveraging(epochs=1.0),),
        settings=(setting,),
        seeds=(0,),
        targets=("de",),
        data=str(sentences),
        encoder=encoder,
    )
    trainer = build_trainer(TrialContext.of(plan(study)[0], cache))
    recorder = Recorder()
    trainer.add_callback(recorder)
    trainer.train()
    assert len(recorder.after) == 3
    close(
        {name: p.detach() for name, p in trainer.model.named_parameters()},
        mean_of(recorder.after),
        rtol=1e-5,
        atol=1e-7,
    )


def test_averaging_does_not_change_the_training(trial: Callable[..., TrialConfig], fit: Any) -> None:
    vanilla, one, two = (
        fit(trial(method, setting=STEPS)) for method in (Vanilla(), *(WeightAveraging(steps=k) for k in (1, 2)))
    )
    assert same(whole(one.model), whole(vanilla.model))
    assert not same(whole(two.model), whole(vanilla.model))
    assert vanilla.history == one.history == two.history


@pytest.mark.parametrize(
    ("method", "change", "message"),
    [
        (
            WeightAveraging(steps=2),
            {"checkpoint": "best"},
            "checkpoint: 'best' is not allowed; give 'last' with weight_averaging",
        ),
        (
            WeightAveraging(steps=2),
            {"settings": (replace(STEPS, early_stopping=1),)},
            "early_stopping: 1 is not allowed; give none with weight_averaging: if training ends before the last K",
        ),
        (WeightAveraging(steps=4), {}, r"weight_averaging: steps: 4 is not allowed; give at most the setting's 3"),
        (
            WeightAveraging(epochs=2),
            {"settings": (replace(EPOCHS, epochs=1.5),)},
            r"weight_averaging: epochs: 2\.0 is not allowed; give at most the setting's 1\.5",
        ),
        (
            Composed(methods=(L2(strength=1.0), WeightAveraging(steps=4))),
            {},
            "weight_averaging: steps: 4 is not allowed",
        ),
    ],
)
def test_impossible_averages_are_refused(study: Study, method: Method, change: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        replace(study, methods=(method,), **change)


def test_either_steps_or_epochs_must_be_given() -> None:
    for options in ({}, {"steps": 2, "epochs": 1.0}):
        with pytest.raises(UserError, match=r"steps and epochs: .* give exactly one of them"):
            method_from({"name": "weight_averaging", **options})
