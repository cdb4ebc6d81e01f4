"""LoRA, through the real trainer on the shipped encoder."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch

from harness.data.context import TrialContext
from harness.encoders.trimmed_embedding import TrimmedEmbedding
from harness.methods import Lora
from harness.study import TrialConfig
from harness.training.building import build_trainer
from tests.helpers.fine_tuned import HEAD, LAYERS, STEPS, anchor, logits, moved, plain, whole


def test_lora_gives_a_plain_model_with_low_rank_changes(trial: Callable[..., TrialConfig], cache: Path) -> None:
    rank, alpha = 3, 12.0
    config = trial(Lora(rank=rank, alpha=alpha), setting=replace(STEPS, max_steps=6))
    trainer = build_trainer(TrialContext.of(config, cache))
    trainer.train()
    model = trainer.model
    unmerged = logits(model)
    added = {name: p.detach().clone() for name, p in model.named_parameters() if "lora_" in name}
    assert len(added) == LAYERS * 2 * 2
    config.method.finish(model)
    assert not any("lora" in type(module).__module__ or "Lora" in type(module).__name__ for module in model.modules())
    assert list(dict(model.named_parameters())) == list(dict(plain().named_parameters()))
    assert model.state_dict().keys() == plain().state_dict().keys()
    assert {type(module) for module in model.modules()} - {TrimmedEmbedding} <= {
        type(module) for module in plain().modules()
    }
    torch.testing.assert_close(logits(model), unmerged, rtol=1e-4, atol=1e-5)
    assert not torch.equal(unmerged, logits(plain()))
    updated = {
        f"bert.encoder.layer.{i}.attention.self.{part}.weight" for i in range(LAYERS) for part in ("query", "value")
    }
    assert moved(model) == updated | HEAD
    for name in updated:
        difference = whole(model)[name] - anchor()[name]
        a, b = (added[f"{name.removesuffix('.weight')}.lora_{side}.default.weight"] for side in "AB")
        torch.testing.assert_close(difference, alpha / rank * b @ a, rtol=1e-3, atol=1e-7)
        spectrum = torch.linalg.svdvals(difference)
        assert spectrum[rank] < 1e-3 * spectrum[0]
