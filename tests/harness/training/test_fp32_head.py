"""The head's last product in fp32: no ties between labels, the same weights and names."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from harness.data.context import TrialContext
from harness.study import TrialConfig
from harness.training.building import build_trainer
from harness.training.fp32_head import Fp32Linear
from harness.training.precision import autocast


@pytest.mark.parametrize("word", ["fp32", "bf16"])
def test_only_the_last_layer_leaves_autocast(trial: Callable[..., TrialConfig], tmp_path: Path, word: str) -> None:
    context = TrialContext.of(replace(trial(), precision=word), tmp_path)
    model = build_trainer(context).model
    assert [name for name, layer in model.named_modules() if isinstance(layer, Fp32Linear)] == (
        ["classifier"] if word == "bf16" else []
    )
    assert model.state_dict().keys() == context.pretrained.model.state_dict().keys()


def test_logits_differ_if_bf16_has_a_tie() -> None:
    """1 and 1 + 2⁻⁹ are one number in bf16."""
    layer = torch.nn.Linear(1, 2, bias=False)
    layer.weight.data = torch.tensor([[1.0], [1.0 + 2**-9]])
    layer.__class__ = Fp32Linear
    with autocast("bf16", "cpu"):
        ours, plain = (
            layer(torch.ones(1, 1, dtype=torch.bfloat16)),
            torch.nn.functional.linear(torch.ones(1, 1), layer.weight),
        )
    assert plain[0, 0] == plain[0, 1]
    assert ours.dtype == torch.float32
    assert ours.argmax() == 1
