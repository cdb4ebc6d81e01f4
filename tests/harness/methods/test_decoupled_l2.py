"""The decoupled pull against the pull in the loss, for gradient descent and for Adam."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from harness.data.context import TrialContext
from harness.methods import L2, Composed, DecoupledL2, LayerwiseDecay, Method, Vanilla
from harness.study import TrialConfig
from harness.training.building import build_trainer
from tests.helpers.fine_tuned import HEAD, STEPS, WORDS, anchor, close, recorded, same


@pytest.mark.parametrize("rest", [(), (LayerwiseDecay(decay=0.5),)], ids=["one rate", "rates by layer"])
@pytest.mark.parametrize("accumulation", [1, 2])
def test_for_gradient_descent_decoupled_and_coupled_pull_are_equal(
    trial: Callable[..., TrialConfig], cache: Path, accumulation: int, rest: tuple[Method, ...]
) -> None:
    setting = replace(STEPS, learning_rate=0.05, accumulation=accumulation, max_grad_norm=0.0)
    runs = [
        recorded(trial(Composed(methods=(method, *rest)) if rest else method, setting=setting), cache, sgd=True)
        for method in (L2(strength=2.0), DecoupledL2(strength=2.0), L2(strength=0.0))
    ]
    coupled, decoupled, free = (run.after[-1] for run in runs)
    assert len(runs[0].after) == 3
    assert len(set(runs[0].rates[0].values())) == (6 if rest else 1)
    close(decoupled, coupled, rtol=1e-4, atol=1e-6)
    name = "bert.encoder.layer.3.output.dense.weight"
    assert (decoupled[name] - free[name]).abs().max() > 1e-3


def test_for_adam_decoupled_and_coupled_pull_differ(trial: Callable[..., TrialConfig], cache: Path) -> None:
    setting = replace(STEPS, max_grad_norm=0.0)
    coupled, decoupled = (
        recorded(trial(kind(strength=20.0), setting=setting), cache).after[-1] for kind in (L2, DecoupledL2)
    )
    name = "bert.encoder.layer.3.output.dense.weight"
    assert (coupled[name] - decoupled[name]).abs().max() > 1e-4


@pytest.mark.parametrize("clip", [0.0, 0.5])
def test_a_decoupled_step_is_the_pull_followed_by_the_adam_step(
    trial: Callable[..., TrialConfig], cache: Path, clip: float
) -> None:
    rate, strength = 1e-3, 50.0
    setting = replace(STEPS, max_steps=1, learning_rate=rate, max_grad_norm=clip)
    run = recorded(trial(DecoupledL2(strength=strength), setting=setting), cache)
    free = recorded(trial(Vanilla(), setting=setting), cache)
    assert same(run.before[0], free.before[0])
    close(run.gradients[0], free.gradients[0])  # the pull is no part of the gradient, nor clipped with it
    kept = build_trainer(TrialContext.of(trial(Vanilla(), setting=setting), cache)).model.get_input_embeddings().kept
    expected = {}
    for name, theta in run.before[0].items():
        value = theta.clone()
        if name not in HEAD:
            star = anchor()[name][kept] if name == WORDS else anchor()[name]
            value -= rate * strength * (theta - star)
        expected[name] = nn.Parameter(value)
        expected[name].grad = run.gradients[0][name]
    adam = torch.optim.AdamW(
        expected.values(), lr=rate, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0, foreach=False, fused=False
    )
    adam.step()
    close(run.after[0], {name: p.detach() for name, p in expected.items()}, rtol=1e-5, atol=1e-7)
