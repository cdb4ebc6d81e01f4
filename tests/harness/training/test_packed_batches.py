"""Batches without any padding give the losses and gradients of padded batches. Only a GPU trains on packed batches."""

import copy
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from transformers import AutoConfig, AutoModelForSequenceClassification, AutoModelForTokenClassification

from harness.data import reading
from harness.data.context import TrialContext
from harness.data.origin import Origin
from harness.encoders import loading, pinning
from harness.encoders.loading import Pretrained
from harness.methods import L2, Adapter, Lora, Method, OwnMethod, RDrop, Smart, SoftPrompt, Vanilla
from harness.study import TrialConfig
from harness.tasks import task_named
from harness.training import packed_batches
from harness.training.building import build_trainer
from harness.training.packed_batches import PackedCollator, collator, flash_attention_works, one_by_one
from harness.training.trial import run_trial
from harness.training.varlen import LAYERS, train_packed
from tests.benchmarks.operations import WAITS, Count
from tests.helpers.encoders import FAMILIES, SMALL
from tests.helpers.studies import SHORT

SIZES = {**dict.fromkeys(("roberta", "camembert"), FAMILIES["xlm-roberta"]), **FAMILIES}
HEADS = {"udpos": AutoModelForTokenClassification, "pawsx": AutoModelForSequenceClassification}
EXACT = 1e-13
"""Largest difference of gradients in fp64, relative to the largest gradient."""


def rows(task: str, types: bool) -> list[dict[str, Any]]:
    """Eight training examples of different lengths; with ``types``, the second half of each is of type 1."""
    tokenizer = loading.tokenizer(pinning.find("embedded"))
    encoded = task_named(task).encode(reading.examples(Origin(task, "embedded"), "train", "en").rows[:8], tokenizer, 60)
    found = [{name: row[name] for name in ("input_ids", "attention_mask", "labels")} for row in encoded]
    for row in found:
        length = len(row["input_ids"])
        if types:
            row["token_type_ids"] = [int(2 * place >= length) for place in range(length)]
    assert len({len(row["input_ids"]) for row in found}) > 1
    return found


def model(family: str, task: str, method: Method) -> Any:
    """A model in fp64 and training mode, without dropout."""
    torch.manual_seed(0)
    config = AutoConfig.for_model(family, **SMALL, **SIZES[family], num_labels=17, dtype=torch.float64)
    made = HEADS[task].from_config(config)
    prefix = f"{made.base_model_prefix}."
    fresh = frozenset(name for name, _ in made.named_parameters() if not name.startswith(prefix))
    method.adapt(made, Pretrained(copy.deepcopy(made), fresh))
    for module in made.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    return made.double().train()


def gradients(made: Any, batch: dict[str, Any]) -> tuple[float, dict[str, Tensor]]:
    loss = made(**batch).loss
    loss.backward()
    return loss.item(), {name: p.grad for name, p in made.named_parameters() if p.grad is not None}


@pytest.mark.parametrize("method", [Vanilla(), Adapter(size=4), Lora(rank=2)], ids=lambda method: method.name)
@pytest.mark.parametrize("task", sorted(HEADS))
@pytest.mark.parametrize("family", sorted(LAYERS))
def test_losses_and_gradients_equal_those_of_the_padded_batch(family: str, task: str, method: Method) -> None:
    examples = rows(task, types=family in ("bert", "electra"))
    padding = task_named(task).collator(loading.tokenizer(pinning.find("embedded")))
    padded = model(family, task, method)
    packed = copy.deepcopy(padded)
    train_packed(packed)
    loss, expected = gradients(padded, dict(padding(copy.deepcopy(examples))))
    batch = collator(packed, padding)(examples)
    assert batch["input_ids"].shape == (1, sum(len(row["input_ids"]) for row in examples))
    found, actual = gradients(packed, batch)
    assert found == pytest.approx(loss, rel=EXACT)
    assert actual.keys() == expected.keys()
    largest = max(float(gradient.abs().max()) for gradient in expected.values())
    for name, gradient in expected.items():
        assert float((actual[name] - gradient).abs().max()) <= EXACT * largest, name


def test_forward_and_backward_passes_read_no_value(monkeypatch: pytest.MonkeyPatch) -> None:
    """The stand-in for flash attention is used, not the reference for the CPU."""
    from tests.benchmarks.operations import stand_in

    monkeypatch.setattr("harness.training.varlen.attention", stand_in)
    padding = task_named("udpos").collator(loading.tokenizer(pinning.find("embedded")))
    examples = rows("udpos", types=True)
    waits = {}
    for way in ("padded", "packed"):
        made = model("bert", "udpos", Vanilla())
        train_packed(made)
        batch = dict((padding if way == "padded" else collator(made, padding))(copy.deepcopy(examples)))
        labels = batch.pop("labels")
        with Count() as count:
            count.on = True
            task_named("udpos").loss(made(**batch), labels).backward()
        waits[way] = sum(count.found[name] for name in WAITS)
    assert waits["packed"] == 0 < waits["padded"]


@pytest.mark.parametrize("method", [L2(strength=0.1), RDrop(strength=1.0), Smart()], ids=lambda method: method.name)
def test_a_trial_without_dropout_has_the_history_of_the_padded_trial(
    trial: Callable[..., TrialConfig], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: Method
) -> None:
    setting = replace(SHORT, max_steps=6, batch_size=8, accumulation=2, hidden_dropout=0.0, attention_dropout=0.0)
    planned = trial(method, setting=replace(setting, head_dropout=0.0), targets=("de",))
    padded = run_trial(planned, cache=tmp_path)
    monkeypatch.setattr(packed_batches, "can_train", lambda *given: True)
    assert isinstance(build_trainer(TrialContext.of(planned, tmp_path)).data_collator, PackedCollator)
    ours = run_trial(planned, cache=tmp_path)
    assert ours.record.cost.training_tokens == padded.record.cost.training_tokens
    loose = 1e-4 if method.name != "smart" else 1e-2  # its noise is drawn for other positions
    for mine, theirs in zip(ours.history, padded.history, strict=True):
        assert mine == pytest.approx(theirs, rel=loose)
    if method.name == "l2":
        assert ours.record.scores == padded.record.scores


@pytest.mark.skipif(torch.cuda.is_available(), reason="a GPU may train on packed batches")
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_a_cpu_keeps_padded_batches(trial: Callable[..., TrialConfig], tmp_path: Path, precision: str) -> None:
    trainer = build_trainer(TrialContext.of(replace(trial(), precision=precision), tmp_path))
    assert type(trainer.data_collator) in packed_batches.COLLATORS


def test_code_that_expects_padding_gets_padding(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text("from harness.methods import Method\nclass Mine(Method):\n    name = 'mine'\n", encoding="utf-8")
    special = loading.tokenizer(pinning.find("embedded"))
    words, pairs = task_named("udpos"), task_named("pawsx")
    assert packed_batches.fits(words.collator(special), words, Vanilla())
    assert packed_batches.fits(pairs.collator(special), pairs, RDrop(strength=1.0))
    assert not packed_batches.fits(words.collator(special), words, SoftPrompt())
    assert not packed_batches.fits(words.collator(special), words, OwnMethod(file=str(file)))
    assert not packed_batches.fits(lambda batch: batch, words, Vanilla())


@pytest.mark.parametrize("wrong", [None, "mixes sequences", "is absent", "knows no dropout"])
def test_a_kernel_is_trusted_only_if_it_agrees(monkeypatch: pytest.MonkeyPatch, wrong: str | None) -> None:
    def kernel(query: Tensor, key: Tensor, value: Tensor, ends: Tensor, longest: int, p: float, scale: float) -> Tensor:
        if wrong == "is absent" or (wrong == "knows no dropout" and p > 0):
            raise NotImplementedError
        if wrong == "mixes sequences":
            ends = ends[[0, -1]]
        parts = [part.transpose(0, 1).unsqueeze(0) for part in (query, key, value)]
        return one_by_one(*parts, ends, longest, p, scale)[0]

    flash_attention_works.cache_clear()
    assert not flash_attention_works(8, torch.bfloat16, "cpu")  # a CPU has no kernel
    flash_attention_works.cache_clear()
    monkeypatch.setattr(packed_batches, "flash_attention", kernel)
    assert flash_attention_works(8, torch.bfloat16, "cpu") == (wrong is None)
    flash_attention_works.cache_clear()


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_trains_on_packed_batches_without_a_wait(trial: Callable[..., TrialConfig], tmp_path: Path) -> None:
    trainer = build_trainer(TrialContext.of(replace(trial(), precision="bf16"), tmp_path))
    assert isinstance(trainer.data_collator, PackedCollator)
    batch = trainer.data_collator(rows("udpos", types=False))
    batch = {name: part.cuda() if isinstance(part, Tensor) else part for name, part in batch.items()}
    labels = batch.pop("labels")
    trainer.model.cuda().train()
    for _ in range(2):  # the first time loads kernels
        torch.cuda.set_sync_debug_mode("error")
        try:
            with torch.autocast("cuda", torch.bfloat16):
                task_named("udpos").loss(trainer.model(**batch), labels).backward()
        finally:
            torch.cuda.set_sync_debug_mode("default")
    assert all(p.grad is None or p.grad.isfinite().all() for p in trainer.model.parameters())
