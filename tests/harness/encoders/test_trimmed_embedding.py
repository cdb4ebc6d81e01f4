"""Vocabulary trimming is exact: same scores and weights as with the whole vocabulary, and the whole one is written
back."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForMaskedLM, AutoModelForTokenClassification

from harness.data.context import TrialContext
from harness.encoders import loading, pinning
from harness.encoders.trimmed_embedding import TrimmedEmbedding, can_trim, merged, resident
from harness.methods import L2, Ewc, Method, Vanilla
from harness.study import Setting, TrialConfig
from harness.training.building import build_trainer
from harness.training.evaluation import score
from harness.training.trial import run_trial
from tests.benchmarks.operations import WAITS, Count
from tests.helpers.studies import SHORT
from tests.helpers.training import EMBEDDINGS, trained

METHODS = {"vanilla": Vanilla(), "l2": L2(strength=0.3), "ewc": Ewc(strength=30.0, languages=("de",), examples=4)}
STEPS = replace(SHORT, max_steps=8, batch_size=8)


@pytest.mark.parametrize(
    ("method", "clip"),
    [*((method, 0.0) for method in METHODS.values()), (METHODS["l2"], 0.5)],
    ids=[*(f"{name}-unclipped" for name in METHODS), "l2-clipped"],
)
def test_trimmed_and_whole_train_to_the_same_weights_and_scores(
    trial: Callable[..., TrialConfig], tmp_path: Path, method: Method, clip: float
) -> None:
    """Bit for bit where nothing is clipped. Clipping multiplies every gradient with one number, the norm, whose float32
    sum over a matrix with and without its rows of zeros is rounded differently: a relative 1e-7 a step, which Adam's
    division by √v makes up to a fraction of a step where a gradient is next to nothing. The scores are equal all the
    same.
    """
    config = trial(method, setting=replace(STEPS, max_grad_norm=clip), targets=("de", "hi"))
    weights, scores, kept = trained(config, tmp_path)
    whole, whole_scores, uncut = trained(replace(config, trim_vocabulary=False), tmp_path)
    assert kept is not None
    assert uncut is None
    assert len(kept) < 0.5 * len(whole[EMBEDDINGS])
    assert scores == whole_scores
    for name, expected in whole.items():
        if clip:
            torch.testing.assert_close(weights[name], expected, rtol=0, atol=STEPS.learning_rate / 10, msg=name)
        else:
            assert torch.equal(weights[name], expected), name


@pytest.mark.parametrize("encoder", ["embedded"])
def test_rows_that_no_training_example_uses_stay_where_they_were(
    trial: Callable[..., TrialConfig], tmp_path: Path
) -> None:
    config = replace(trial(L2(strength=0.3), setting=STEPS), trim_vocabulary=False)
    trainer = build_trainer(TrialContext.of(config, tmp_path))
    trainer.train()
    anchor = loading.pretrained(pinning.find("embedded"), "udpos").anchor[EMBEDDINGS[5:]]
    moved = (trainer.model.get_input_embeddings().weight != anchor).any(1)
    _, _, kept = trained(replace(config, trim_vocabulary=True), tmp_path)
    assert kept is not None
    assert set(moved.nonzero().flatten().tolist()) <= set(kept.tolist())


def test_untied_embeddings_are_trimmed_as_well(trial: Callable[..., TrialConfig], encoder: str, tmp_path: Path) -> None:
    """An encoder whose masked-language-model head has a matrix of its own: F of the embeddings is cut to the trained
    rows."""
    folder = tmp_path / "untied"
    model = AutoModelForMaskedLM.from_pretrained(encoder, tie_word_embeddings=False)
    model.save_pretrained(folder)
    loading.tokenizer(pinning.find("embedded")).save_pretrained(folder)
    loaded = loading.masked_language_model(pinning.find(str(folder)))
    assert not torch.equal(loaded.get_output_embeddings().weight, loaded.get_input_embeddings().weight)
    config = replace(
        trial(METHODS["ewc"], setting=STEPS), encoder=str(folder), encoder_revision=pinning.find(str(folder)).revision
    )
    weights, scores, kept = trained(config, tmp_path)
    whole, whole_scores, _ = trained(replace(config, trim_vocabulary=False), tmp_path)
    assert kept is not None
    assert scores == whole_scores
    torch.testing.assert_close(weights[EMBEDDINGS], whole[EMBEDDINGS], rtol=0, atol=STEPS.learning_rate / 10)


@pytest.mark.parametrize(
    ("setting", "spoil"),
    [
        (replace(SHORT, weight_decay=0.01), None),
        (SHORT, lambda model: setattr(model.get_input_embeddings(), "max_norm", 1.0)),
        (SHORT, lambda model: setattr(model.classifier, "weight", model.get_input_embeddings().weight)),
    ],
    ids=["weight decay moves every row", "rows are changed when they are read", "the matrix has another use"],
)
def test_what_would_not_be_exact_is_not_trimmed(setting: Setting, spoil: Callable[[Any], None] | None) -> None:
    model = loading.fine_tunable(pinning.find("embedded"), "udpos", 0)
    assert can_trim(model, SHORT.weight_decay)
    if spoil is not None:
        spoil(model)
    assert not can_trim(model, setting.weight_decay)


def test_with_weight_decay_the_option_changes_nothing(trial: Callable[..., TrialConfig], tmp_path: Path) -> None:
    config = trial(setting=replace(SHORT, weight_decay=0.1))
    _, scores, kept = trained(config, tmp_path)
    assert kept is None
    assert scores == trained(replace(config, trim_vocabulary=False), tmp_path)[1]


def test_an_embedding_gives_what_the_whole_one_gives() -> None:
    torch.manual_seed(0)
    whole = torch.nn.Embedding(50, 4, padding_idx=7)
    trimmed = TrimmedEmbedding(whole, torch.tensor([3, 7, 20, 49]))
    ids = torch.tensor([[3, 7, 49], [20, 3, 7]])
    assert torch.equal(trimmed(ids), whole(ids))
    trimmed(ids).sum().backward()
    whole(ids).sum().backward()
    assert whole.weight.grad is not None
    assert trimmed.weight.grad is not None
    assert torch.equal(trimmed.weight.grad, whole.weight.grad[trimmed.kept])
    every = torch.arange(50)
    assert torch.equal(trimmed.eval()(every), whole(every))
    with torch.no_grad():
        trimmed.weight += 1
    restored = trimmed.restored()
    assert torch.equal(restored(every), trimmed(every))
    torch.testing.assert_close(whole(ids), trimmed(ids) - 1)  # the shared one is as it was


def test_kept_weights_have_the_whole_vocabulary(trial: Callable[..., TrialConfig], tmp_path: Path) -> None:
    config = trial(targets=("de",))
    result = run_trial(config, cache=tmp_path, weights=tmp_path / "kept")
    model = AutoModelForTokenClassification.from_pretrained(tmp_path / "kept")
    assert model.get_input_embeddings().weight.shape[0] == model.config.vocab_size == 19_200
    assert result.record.cost.trained_embeddings < 19_200
    again = {f"{part.split} {part.language}": part for part in score(model, TrialContext.of(config, tmp_path))}
    assert all(again[f"{part.split} {part.language}"].predicted == part.predicted for part in result.scored)


def test_a_gpu_scores_with_the_whole_vocabulary_beside_the_trained_rows() -> None:
    """What the GPU computes, on the CPU: to the bit in fp32, to fp16's rounding in fp16, and no value is read."""
    trimmed = TrimmedEmbedding(
        loading.pretrained(pinning.find("embedded"), "udpos").model.get_input_embeddings(), torch.arange(0, 19_000, 3)
    ).eval()
    with torch.no_grad():
        trimmed.weight += 1
    ids = torch.randint(19_200, (4, 50), generator=torch.Generator().manual_seed(0))
    expected = trimmed(ids)
    cut = trimmed.rows[ids] < 0
    assert 0 < int(cut.sum()) < cut.numel()
    trained = torch.nn.functional.embedding(trimmed.rows[ids].clamp(min=0), trimmed.weight)
    for dtype, apart in ((torch.float32, 0.0), (torch.float16, 2**-11)):
        whole = resident(trimmed._whole[0], torch.device("cpu"), dtype)
        with Count() as count:
            count.on = True
            found = merged(trained, cut, ids, whole)
        assert not any(count.found[name] for name in WAITS)
        torch.testing.assert_close(found, expected, rtol=apart, atol=2**-24 if apart else 0.0)
    assert resident(trimmed._whole[0], torch.device("cpu"), torch.float16) is whole
    loading.forget()
    assert not resident.cache_info().currsize
