"""Adapters, through the real trainer on the shipped encoder."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import nn
from transformers import AutoConfig, AutoModelForTokenClassification

from harness.data.context import TrialContext
from harness.methods import Adapter
from harness.study import TrialConfig
from harness.training.building import build_trainer
from tests.helpers.fine_tuned import HEAD, INNER, LAYERS, STEPS, WIDTH, moved, plain, whole


@pytest.mark.parametrize("size", [64, 3])
def test_each_layer_has_two_bottleneck_adapters(trial: Callable[..., TrialConfig], cache: Path, size: int) -> None:
    model = build_trainer(TrialContext.of(trial(Adapter(size=size)), cache)).model
    added = {name: p for name, p in model.named_parameters() if name not in whole(plain())}
    places = {name.split(".adapter.")[0] for name in added}
    assert places == {
        f"bert.encoder.layer.{i}.{part}output.dense" for i in range(LAYERS) for part in ("attention.", "")
    }
    assert sum(p.numel() for p in added.values()) == LAYERS * 2 * (2 * WIDTH * size + size + WIDTH)
    assert all(p.requires_grad for p in added.values())


def test_an_adapter_follows_the_linear_map_and_precedes_the_residual(
    trial: Callable[..., TrialConfig], fit: Any
) -> None:
    model = fit(trial(Adapter(), setting=STEPS)).model
    layer = model.bert.encoder.layer[1]
    state = {
        name.split("output.dense.adapter.")[1]: p
        for name, p in layer.named_parameters()
        if name.startswith("output.dense.adapter.")
    }
    torch.manual_seed(0)
    inner, residual = torch.randn(2, 5, INNER), torch.randn(2, 5, WIDTH)
    dense, norm = layer.output.dense, layer.output.LayerNorm
    h = inner @ dense.weight.T + dense.bias
    h = h + nn.functional.gelu(h @ state["0.weight"].T + state["0.bias"]) @ state["2.weight"].T + state["2.bias"]
    torch.testing.assert_close(layer.output(inner, residual), norm(h + residual), rtol=1e-5, atol=1e-5)
    assert not torch.equal(state["2.weight"], torch.zeros_like(state["2.weight"]))


def test_layer_norms_of_an_encoders_own_class_are_trained() -> None:
    """The first DeBERTa has layer norms of its own."""
    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
    model = AutoModelForTokenClassification.from_config(AutoConfig.for_model("deberta", vocab_size=50, **sizes))
    assert not any(isinstance(part, nn.LayerNorm) for part in model.modules())
    Adapter().adapt(model, SimpleNamespace(fresh=()))  # type: ignore[arg-type]
    norms = {name: p for name, p in model.named_parameters() if "LayerNorm" in name}
    assert len(norms) == 2 * (1 + 2 * 2)
    assert all(p.requires_grad for p in norms.values())
    assert not model.deberta.embeddings.word_embeddings.weight.requires_grad


def test_only_adapters_layer_norms_and_the_head_move(trial: Callable[..., TrialConfig], fit: Any) -> None:
    model = fit(trial(Adapter(), setting=STEPS)).model
    norms = {name for name in whole(plain()) if "LayerNorm" in name}
    assert len(norms) == 2 * (1 + 2 * LAYERS)
    changed = moved(model)
    assert {name for name in changed if ".adapter." not in name} == norms | HEAD
    assert len({name for name in changed if ".adapter." in name}) == LAYERS * 2 * 4
