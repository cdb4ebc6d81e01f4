"""Mixout against its definition, and through the real trainer."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from harness.data.context import TrialContext
from harness.methods import Mixout, Vanilla
from harness.methods.mixed_linear import MixedLinear
from harness.study import TrialConfig
from harness.training.building import build_trainer
from harness.training.trainer import PenaltyTrainer
from tests.helpers.fine_tuned import HEAD, LAYERS, STEPS, anchor, logits, moved, plain, rows_of, whole


def without_dropout(trainer: PenaltyTrainer) -> PenaltyTrainer:
    for module in trainer.model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    return trainer


@pytest.fixture
def mixed() -> MixedLinear:
    torch.manual_seed(0)
    return MixedLinear(nn.Linear(40, 30), torch.randn(30, 40), 0.7)


def test_mixing_happens_only_in_training(mixed: MixedLinear) -> None:
    x = torch.randn(5, 40)
    mixed.eval()
    assert torch.equal(mixed(x), nn.functional.linear(x, mixed.weight, mixed.bias))
    mixed.train()
    never = MixedLinear(mixed, mixed.target, 0.0).train()
    torch.testing.assert_close(never(x), nn.functional.linear(x, mixed.weight, mixed.bias), rtol=1e-5, atol=1e-5)
    assert set(dict(mixed.named_parameters())) == set(mixed.state_dict()) == {"weight", "bias"}


def test_mixed_entries_equal_the_target_or_are_scaled_away_from_the_target(mixed: MixedLinear) -> None:
    torch.manual_seed(1)
    used = (mixed(torch.eye(40)) - mixed.bias).T.detach()
    stretched = mixed.target + (mixed.weight.detach() - mixed.target) / (1 - 0.7)
    is_target, is_stretched = (torch.isclose(used, other, atol=1e-5) for other in (mixed.target, stretched))
    assert (is_target ^ is_stretched).all()
    assert float(is_target.float().mean()) == pytest.approx(0.7, abs=0.05)
    torch.manual_seed(1)
    assert torch.equal((mixed(torch.eye(40)) - mixed.bias).T.detach(), used)
    assert not torch.equal((mixed(torch.eye(40)) - mixed.bias).T.detach(), used)


@torch.no_grad()
def test_the_mean_of_many_draws_equals_the_plain_map(mixed: MixedLinear) -> None:
    x, draws = torch.randn(4, 40), 4000
    outputs = torch.stack([mixed(x) for _ in range(draws)])
    expected = nn.functional.linear(x, mixed.weight, mixed.bias)
    error = (outputs.mean(0) - expected) / (outputs.std(0) / draws**0.5)
    assert float(error.abs().max()) < 5
    assert float(error.std()) == pytest.approx(1, abs=0.3)


def test_only_used_weights_get_a_gradient(mixed: MixedLinear) -> None:
    torch.manual_seed(1)
    out = mixed(torch.eye(40))
    used = (out - mixed.bias).T.detach()
    incoming = torch.randn_like(out)
    (out * incoming).sum().backward()
    kept = ~torch.isclose(used, mixed.target, atol=1e-6)
    torch.testing.assert_close(mixed.weight.grad, kept / (1 - 0.7) * incoming.T, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(mixed.bias.grad, incoming.sum(0))
    assert not mixed.target.requires_grad


def test_all_encoder_matrices_are_mixed_with_their_pretrained_matrices(
    trial: Callable[..., TrialConfig], fit: Any
) -> None:
    model = fit(trial(Mixout(), setting=STEPS)).model
    found = {name: module for name, module in model.named_modules() if isinstance(module, MixedLinear)}
    assert len(found) == LAYERS * 6
    assert all(torch.equal(module.target, anchor()[f"{name}.weight"]) for name, module in found.items())
    assert all(module.probability == 0.7 for module in found.values())
    assert {name for name, module in model.named_modules() if type(module) is nn.Linear} == {"classifier"}
    plain_model = plain()
    plain_model.load_state_dict(
        whole(model) | {name: b for name, b in plain_model.state_dict().items() if name not in whole(model)}
    )
    assert torch.equal(logits(model), logits(plain_model))
    assert moved(model) >= {f"{name}.weight" for name in found} | HEAD


def test_mixing_has_no_effect_at_the_anchor(trial: Callable[..., TrialConfig], cache: Path) -> None:
    setting = replace(STEPS, max_steps=1)
    steps = []
    for method in (Vanilla(), Mixout()):
        trainer = without_dropout(build_trainer(TrialContext.of(trial(method, setting=setting), cache)))
        trainer.train()
        steps.append(rows_of(trainer)[0]["task_loss"])
    assert steps[0] == steps[1]


def test_mixout_with_probability_0_equals_vanilla(trial: Callable[..., TrialConfig], fit: Any) -> None:
    plain_run, never, often = (
        fit(trial(method, setting=STEPS)) for method in (Vanilla(), Mixout(probability=0.0), Mixout())
    )
    differences = {}
    for name, run in {"never": never, "often": often}.items():
        differences[name] = [
            row["task_loss"] - other["task_loss"] for row, other in zip(run.history, plain_run.history, strict=True)
        ]
    assert max(map(abs, differences["never"])) < 1e-5
    assert max(map(abs, differences["often"])) > 1e-3
