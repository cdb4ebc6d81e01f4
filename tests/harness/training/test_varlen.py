"""Training without padding gives the losses and gradients of the padded batch, for every supported family."""

import copy
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from harness.data import reading
from harness.data.origin import Origin
from harness.encoders import loading, pinning
from harness.methods import L2, Adapter, Lora, Method, SoftPrompt, Vanilla
from harness.study import TrialConfig
from harness.tasks import task_named
from harness.training.trial import run_trial
from harness.training.varlen import LAYERS, train_packed
from tests.helpers.encoders import FAMILIES
from tests.helpers.studies import SHORT

Batch = dict[str, Tensor]


def batch(task: str, encoder: str, alike: bool = False) -> Batch:
    """Eight training examples of different lengths, or the same example eight times."""
    kind, tokenizer = task_named(task), loading.tokenizer(pinning.find(encoder))
    rows = reading.examples(Origin(task, "embedded"), "train", "en").rows[:8]
    encoded = kind.encode(rows[:1] * 8 if alike else rows, tokenizer, 60)
    names = [
        name
        for name in encoded.column_names
        if name in ("input_ids", "attention_mask", "token_type_ids", "labels", "label")
    ]
    found: Batch = dict(kind.collator(tokenizer)([{name: row[name] for name in names} for row in encoded]))
    return found


def without_dropout(encoder: str, task: str, method: Method) -> tuple[PreTrainedModel, PreTrainedModel]:
    """The same model with padding and without, both in training mode and without dropout."""
    where = pinning.find(encoder)
    padded = loading.fine_tunable(where, task, 0)
    unpadded = copy.deepcopy(padded)
    train_packed(unpadded)
    for model in (padded, unpadded):
        torch.manual_seed(1)
        method.adapt(model, loading.pretrained(where, task))
        model.train()
        for module in model.modules():
            if isinstance(module, nn.Dropout):
                module.p = 0.0
    return padded, unpadded


def gradients(model: PreTrainedModel, inputs: Batch) -> tuple[float, dict[str, Tensor]]:
    loss = model(**inputs).loss
    loss.backward()
    return loss.item(), {name: p.grad for name, p in model.named_parameters() if p.grad is not None}


@pytest.mark.parametrize(
    "method", [Vanilla(), SoftPrompt(tokens=3), Adapter(size=4), Lora(rank=2)], ids=lambda method: method.name
)
@pytest.mark.parametrize("task", ["udpos", "pawsx"])
@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_losses_and_gradients_equal_those_of_the_padded_batch(
    families: dict[str, str], family: str, task: str, method: Method
) -> None:
    inputs = batch(task, families[family])
    assert not inputs["attention_mask"].bool().all()
    padded, unpadded = without_dropout(families[family], task, method)
    (loss, expected), (found, actual) = (gradients(model, inputs) for model in (padded, unpadded))
    assert found == pytest.approx(loss, rel=1e-6)
    assert actual.keys() == expected.keys()
    largest = max(float(gradient.abs().max()) for gradient in expected.values())
    for name, gradient in expected.items():
        torch.testing.assert_close(
            actual[name], gradient, rtol=1e-4, atol=1e-6 * largest, msg=lambda text, name=name: f"{name}: {text}"
        )


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, ...]]:
    """The shapes of all inputs of linear maps."""
    shapes: list[tuple[int, ...]] = []
    forward: Callable[[nn.Linear, Tensor], Tensor] = nn.Linear.forward

    def watched(self: nn.Linear, values: Tensor) -> Tensor:
        shapes.append(tuple(values.shape))
        return forward(self, values)

    monkeypatch.setattr(nn.Linear, "forward", watched)
    return shapes


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_only_real_tokens_go_through_the_layers(
    families: dict[str, str], family: str, seen: list[tuple[int, ...]]
) -> None:
    _, model = without_dropout(families[family], "udpos", Vanilla())
    inputs = batch("udpos", families[family])
    model(**inputs)
    assert any(shape[:2] == packed(inputs) for shape in seen) == (family in LAYERS)
    for training in (False, True):  # in evaluation, and without any padding
        seen.clear()
        inputs = batch("udpos", families[family], alike=training)
        model.train(training)(**inputs)
        assert seen
        assert not any(shape[:2] == packed(inputs) for shape in seen)


def packed(inputs: Batch) -> tuple[int, int]:
    """The shape of a batch's tokens in one sequence."""
    return 1, int(inputs["attention_mask"].sum())


def test_evaluation_is_untouched_to_the_bit() -> None:
    padded, unpadded = without_dropout("embedded", "udpos", Vanilla())
    inputs = batch("udpos", "embedded")
    with torch.inference_mode():
        assert torch.equal(padded.eval()(**inputs).logits, unpadded.eval()(**inputs).logits)


def test_a_trial_without_dropout_has_the_scores_of_the_padded_trial(
    trial: Callable[..., TrialConfig], encoder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In fp32, from the first step to the last score."""
    folder = tmp_path / "encoder"
    shutil.copytree(encoder, folder)
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    dropouts = {name: 0.0 for name in config if name.endswith("dropout_prob")}
    assert len(dropouts) == 2
    (folder / "config.json").write_text(json.dumps(config | dropouts), encoding="utf-8")
    planned = trial(L2(strength=0.1), setting=replace(SHORT, max_steps=10, batch_size=8), targets=("de", "hi"))
    planned = replace(planned, encoder=str(folder), encoder_revision=pinning.find(str(folder)).revision)
    ours = run_trial(planned, cache=tmp_path)
    monkeypatch.setattr("harness.training.building.train_packed", lambda model: None)
    padded = run_trial(planned, cache=tmp_path)
    assert ours.record.scores == padded.record.scores
    for mine, theirs in zip(ours.history, padded.history, strict=True):
        assert mine == pytest.approx(theirs, rel=1e-4)


def test_a_kept_model_is_an_ordinary_one(trial: Callable[..., TrialConfig], tmp_path: Path) -> None:
    run_trial(trial(), cache=tmp_path, weights=tmp_path / "kept")
    assert "packed" not in (tmp_path / "kept" / "config.json").read_text(encoding="utf-8")
