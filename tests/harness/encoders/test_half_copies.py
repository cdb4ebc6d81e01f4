"""Copies of all weights at once train to the same weights, to the bit, as autocast's copies of each."""

import copy
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from harness.data.context import TrialContext
from harness.encoders.half_copies import copy_together
from harness.methods import L2, Bitfit, Lora, Method, RDrop
from harness.study import TrialConfig
from harness.training.building import build_trainer
from tests.benchmarks.operations import CASTS, Count
from tests.helpers.studies import SHORT


@pytest.mark.parametrize(
    "method",
    [L2(strength=0.1), RDrop(strength=1.0), Lora(rank=2), Bitfit()],
    ids=lambda method: method.name,
)
def test_weights_are_the_same_to_the_bit(trial: Callable[..., TrialConfig], tmp_path: Path, method: Method) -> None:
    config = replace(trial(method, setting=replace(SHORT, batch_size=8, accumulation=2)), precision="bf16")
    ends = []
    for together in (False, True):
        trainer = build_trainer(TrialContext.of(config, tmp_path))
        start = copy.deepcopy(trainer.model.state_dict())
        if together:
            copy_together(trainer.model)
        with Count() as count:
            count.on = True
            trainer.train()
        assert (count.found["_foreach_copy_"] > 0) == together
        ends.append(trainer.model.state_dict())
    assert ends[0].keys() == ends[1].keys()
    assert all(torch.equal(one, ends[1][name]) for name, one in ends[0].items())
    assert any(not torch.equal(one, start[name]) for name, one in ends[0].items())


class Frozen(nn.Module):
    """Two layers, the first of them frozen and the third not used."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second, self.third = nn.Linear(8, 8), nn.Linear(8, 8, bias=False), nn.Linear(8, 8)
        self.first.requires_grad_(False)
        self.base_model = nn.Sequential(self.first, self.second)

    def forward(self, values: Tensor) -> Tensor:
        return self.base_model(values)


def test_two_operations_do_it_and_frozen_weights_take_none() -> None:
    torch.manual_seed(0)
    made = Frozen()
    copy_together(made)
    with Count() as count:
        count.on = True
        with torch.autocast("cpu", torch.bfloat16):
            found = made(torch.ones(2, 8))
        found.float().sum().backward()
    assert count.found["_foreach_copy_"] == 2
    assert count.found["mm"] == 2  # the forward pass, and the weight's gradient; the frozen layer gets no gradient
    assert sum(count.found[name] for name in CASTS) == 2 + 3  # the input, the output, and its gradient
    assert made.second.weight.grad is not None
    assert made.first.weight.grad is made.third.weight.grad is None
    assert not made.first.copies


def test_without_autocast_and_in_evaluation_nothing_is_copied() -> None:
    made = Frozen()
    copy_together(made)
    values = torch.ones(2, 8)
    with Count() as count:
        count.on = True
        assert made(values).dtype == torch.float32
        with torch.autocast("cpu", torch.bfloat16):
            made.eval()(values)
    assert "_foreach_copy_" not in count.found
