"""Recomputed activations: bitwise equal weights, from twice as many passes through the layers."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from harness.data.context import TrialContext
from harness.methods import Adapter, Lora, Method, Mixout, SoftPrompt, Vanilla
from harness.study import TrialConfig
from harness.training.building import build_trainer
from tests.helpers.studies import SHORT

SAVING = replace(SHORT, gradient_checkpointing=True)
Make = Callable[..., TrialConfig]


def passes_and_weights(config: TrialConfig, cache: Path) -> tuple[int, dict[str, torch.Tensor]]:
    """The number of passes through the first layer's feed-forward part in a training, and the trained weights."""
    trainer = build_trainer(TrialContext.of(config, cache))
    assert trainer.model is not None
    count = 0

    def passed(*ignored: object) -> None:
        nonlocal count
        count += 1

    trainer.model.get_submodule("bert.encoder.layer.0.intermediate").register_forward_hook(passed)
    trainer.train()
    return count, {name: weights.detach() for name, weights in trainer.model.named_parameters()}


METHODS = [Vanilla(), Adapter(size=4), Lora(dropout=0.1), Mixout(), SoftPrompt(tokens=2)]


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_checkpointing_gives_bitwise_equal_weights(method: Method, trial: Make, tmp_path: Path) -> None:
    once, plain = passes_and_weights(trial(method), tmp_path)
    twice, saving = passes_and_weights(trial(method, setting=SAVING), tmp_path)
    assert (once, twice) == (SHORT.max_steps, 2 * (SHORT.max_steps or 0))
    assert all(torch.equal(plain[name], saving[name]) for name in plain)


def test_gradient_checkpointing_is_part_of_the_id(trial: Make) -> None:
    assert trial().id != trial(setting=SAVING).id
    assert "gradient_checkpointing" not in trial().to_json()["setting"]
