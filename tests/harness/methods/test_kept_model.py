"""Models under a method: before training, kept, and with the whole vocabulary."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from harness.data.context import TrialContext
from harness.encoders import trimmed_embedding
from harness.methods import (
    Adapter,
    Composed,
    LayerwiseDecay,
    Lora,
    Method,
    Mixout,
    SoftPrompt,
    Vanilla,
    WeightAveraging,
)
from harness.study import TrialConfig
from harness.training import weights
from harness.training.building import build_trainer
from tests.helpers.fine_tuned import STEPS, VOCABULARY, WIDTH, logits, plain, whole


@pytest.mark.parametrize("method", [Adapter(), Lora()], ids=["adapter", "lora"])
def test_added_parameters_have_no_effect_at_the_start(
    trial: Callable[..., TrialConfig], cache: Path, method: Method
) -> None:
    model = build_trainer(TrialContext.of(trial(method), cache)).model
    assert len(whole(model)) > len(whole(plain()))
    assert torch.equal(logits(model), logits(plain()))


@pytest.mark.parametrize(
    "method",
    [
        Adapter(),
        SoftPrompt(tokens=5),
        Lora(),
        Mixout(),
        Composed(methods=(Adapter(), WeightAveraging(steps=2), LayerwiseDecay())),
    ],
    ids=lambda method: method.label,
)
def test_kept_weights_give_the_same_logits(
    trial: Callable[..., TrialConfig], cache: Path, tmp_path: Path, method: Method
) -> None:
    config = trial(method, setting=STEPS)
    trainer = build_trainer(TrialContext.of(config, cache))
    trainer.train()
    model = trainer.model
    config.method.finish(model)
    expected = logits(model)
    weights.save(model, TrialContext.of(config, cache), tmp_path / "kept")
    assert not torch.equal(expected, logits(plain()))
    assert torch.equal(logits(weights.load(tmp_path / "kept", config)), expected)


def test_finished_models_have_the_whole_vocabulary(trial: Callable[..., TrialConfig], fit: Any) -> None:
    model = fit(trial(Vanilla(), setting=STEPS)).model
    expected = logits(model)
    trimmed_embedding.restore(model)
    assert model.get_input_embeddings().weight.shape == (VOCABULARY, WIDTH)
    assert torch.equal(logits(model), expected)
