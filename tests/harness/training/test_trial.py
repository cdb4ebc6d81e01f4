"""One trial: deterministic, paired between methods, with the scores of its stored predictions."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from harness.common.errors import UserError
from harness.data.context import TrialContext
from harness.encoders import loading, pinning
from harness.execution.plan import plan
from harness.methods import L2, Ewc, Vanilla
from harness.store.result import HISTORY
from harness.study import Study, TrialConfig
from harness.tasks import task_named
from harness.training.building import build_trainer, training_arguments
from harness.training.evaluation import predict, score
from harness.training.trial import run_trial
from tests.helpers.studies import SCORED, SHORT, TRAINED


def test_the_same_config_twice_gives_identical_results(trial: Callable[..., TrialConfig], tmp_path: Path) -> None:
    config = trial(L2(strength=0.01), targets=("de", "hi"))
    first = run_trial(config, cache=tmp_path)
    run_trial(trial(Vanilla(), seed=5), cache=tmp_path)  # leaves no trace in the process
    second = run_trial(config, cache=tmp_path)
    assert first.record.scores == second.record.scores
    assert first.history == second.history
    assert [part.predicted for part in first.scored] == [part.predicted for part in second.scored]
    other = run_trial(trial(L2(strength=0.01), seed=1, targets=("de", "hi")), cache=tmp_path)
    assert first.record.scores != other.record.scores


def test_a_record_describes_the_training(trial: Callable[..., TrialConfig], tmp_path: Path) -> None:
    config = trial(Ewc(strength=100.0, languages=("de",), examples=2), targets=("de",))
    result = run_trial(config, cache=tmp_path)
    record = result.record
    task = task_named("udpos")
    for part in result.scored:
        stored = getattr(record.scores, part.split)[part.language]
        assert stored.metrics == task.scores(part.gold, part.predicted) == part.score.metrics
        assert stored.examples == len(part.gold) == SCORED
    assert record.zero_shot == record.scores.test["de"].metrics["f1"]
    assert record.scores.test["de"].fingerprint == config.test_data["de"]
    assert TrialConfig.from_json(record.config).id == config.id
    assert [row["step"] for row in result.history] == [1, 2, 3]
    assert all(set(row) == set(HISTORY) for row in result.history)
    assert result.history[0]["penalty"] == 0.0  # measured before the first step, where θ is θ*
    assert result.history[-1]["penalty"] > 0.0
    cost = record.cost
    assert cost.steps == 3
    assert 0 < cost.training_tokens < 3 * 4 * 128
    assert cost.seconds >= cost.training_seconds + cost.evaluation_seconds
    assert 100 < cost.peak_memory_mib["resident"] < 20_000
    assert record.provenance.packages["torch"] == torch.__version__


def test_methods_with_one_seed_have_the_same_start_and_batches(
    trial: Callable[..., TrialConfig], encoder: str, tmp_path: Path
) -> None:
    seen: dict[str, list[Any]] = {}
    heads = {}
    for name, method in {
        "vanilla": Vanilla(),
        "l2": L2(strength=0.1),
        "ewc": Ewc(strength=9.0, languages=("de",), examples=2),
    }.items():
        trainer = build_trainer(TrialContext.of(trial(method, seed=3), tmp_path))
        heads[name] = {k: v.clone() for k, v in trainer.model.state_dict().items()}
        batches = seen[name] = []
        step = trainer.training_step
        trainer.training_step = lambda m, inputs, n=None, step=step, batches=batches: (
            batches.append(inputs["input_ids"]),
            step(m, inputs, n),
        )[1]  # type: ignore[method-assign]
        trainer.train()
    for name in ("l2", "ewc"):
        assert all(torch.equal(a, b) for a, b in zip(seen["vanilla"], seen[name], strict=True))
        assert all(torch.equal(heads["vanilla"][k], heads[name][k]) for k in heads["vanilla"])
    other = loading.fine_tunable(pinning.find(encoder), "udpos", 4).state_dict()
    whole = loading.fine_tunable(pinning.find(encoder), "udpos", 3).state_dict()
    assert all(torch.equal(whole[k], heads["vanilla"][k]) for k in whole if "word_embeddings" not in k)
    differing = {k for k in other if not torch.equal(other[k], whole[k])}
    assert differing == {"classifier.weight"}
    std = heads["vanilla"]["classifier.weight"].std().item()
    assert std == pytest.approx(
        loading.pretrained(pinning.find(encoder), "udpos").model.config.initializer_range, rel=0.1
    )


def test_training_does_not_change_the_shared_anchor(
    trial: Callable[..., TrialConfig], encoder: str, tmp_path: Path
) -> None:
    before = {name: p.clone() for name, p in loading.pretrained(pinning.find(encoder), "udpos").anchor.items()}
    run_trial(trial(), cache=tmp_path)
    assert all(
        torch.equal(before[name], p) for name, p in loading.pretrained(pinning.find(encoder), "udpos").anchor.items()
    )


@pytest.mark.parametrize("encoder", ["embedded"])
def test_an_extreme_learning_rate_counts_as_a_collapse(trial: Callable[..., TrialConfig], tmp_path: Path) -> None:
    wild = replace(SHORT, learning_rate=1.0, max_steps=6, schedule="constant", warmup_steps=0)
    record = run_trial(trial(setting=wild), cache=tmp_path).record
    assert record.collapsed
    source = record.scores.test["en"]
    assert source.metrics["accuracy"] <= source.majority
    assert not run_trial(trial(setting=replace(SHORT, max_steps=12)), cache=tmp_path).record.collapsed


def test_a_loss_that_is_not_finite_is_recorded_as_diverged(trial: Callable[..., TrialConfig], tmp_path: Path) -> None:
    wild = replace(SHORT, learning_rate=1e30, max_grad_norm=0.0, schedule="constant", warmup_steps=0)
    record = run_trial(trial(setting=wild), cache=tmp_path).record
    assert record.diverged
    assert record.collapsed


def test_bf16_works_after_fp32_in_one_process(trial: Callable[..., TrialConfig], tmp_path: Path) -> None:
    config = trial()
    full, half = (run_trial(replace(config, precision=word), cache=tmp_path) for word in ("fp32", "bf16"))
    assert full.history != half.history
    accuracies = [trained.record.scores.test["en"].metrics["accuracy"] for trained in (full, half)]
    assert accuracies[0] == pytest.approx(accuracies[1], abs=5)


def test_scoring_needs_neither_gradients_nor_the_optimizers_state(
    trial: Callable[..., TrialConfig], tmp_path: Path
) -> None:
    config = trial()
    trainer = build_trainer(TrialContext.of(config, tmp_path))
    trainer.train()
    assert trainer.optimizer.state
    before = [part.score.metrics for part in score(trainer.model, TrialContext.of(config, tmp_path))]
    trainer.free()
    assert not trainer.optimizer.state
    assert all(parameter.grad is None for parameter in trainer.model.parameters())
    assert [part.score.metrics for part in score(trainer.model, TrialContext.of(config, tmp_path))] == before


def test_predictions_do_not_depend_on_the_batching(
    trial: Callable[..., TrialConfig], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from harness.training import evaluation

    encoder = pinning.find("embedded")
    model = loading.fine_tunable(encoder, "udpos", 0)
    part = TrialContext.of(trial(targets=("zh",)), tmp_path).encoded("test", "zh")
    sorted_batches = predict(model, part, task_named("udpos"))
    monkeypatch.setitem(evaluation.MAX_TOKENS, "cpu", 1)
    one_by_one = predict(model, part, task_named("udpos"))
    pairs = [(a, b) for xs, ys in zip(sorted_batches, one_by_one, strict=True) for a, b in zip(xs, ys, strict=True)]
    assert sum(a != b for a, b in pairs) <= 0.002 * len(pairs)  # rounding may tip a tie of an untrained head


def test_scores_do_not_depend_on_the_other_scored_languages(trial: Callable[..., TrialConfig], tmp_path: Path) -> None:
    one = run_trial(trial(targets=("de",)), cache=tmp_path).record.scores.test
    three = run_trial(trial(targets=("ja", "de", "hi")), cache=tmp_path).record.scores.test
    assert one["de"] == three["de"]
    assert one["en"] == three["en"]


def test_changed_data_is_refused(trial: Callable[..., TrialConfig], tmp_path: Path) -> None:
    with pytest.raises(UserError, match="the training data for 'en' changed since the study was planned"):
        run_trial(replace(trial(), training_data="0" * 16), cache=tmp_path)


def test_epochs_become_steps(trial: Callable[..., TrialConfig], tmp_path: Path) -> None:
    setting = replace(SHORT, max_steps=None, epochs=0.1, batch_size=4)
    # a tenth of the sentences, four per step
    assert run_trial(trial(setting=setting), cache=tmp_path).record.cost.steps == TRAINED / 40


def test_a_setting_maps_to_the_arguments_of_transformers() -> None:
    made = training_arguments(replace(SHORT, schedule="constant", weight_decay=0.1, accumulation=2), 7, "fp32")
    assert (made.lr_scheduler_type, made.weight_decay, made.seed, made.data_seed) == ("constant_with_warmup", 0.1, 7, 7)
    assert (made.per_device_train_batch_size, made.gradient_accumulation_steps, made.save_strategy) == (2, 2, "no")


def test_an_encoder_without_mlm_head_is_refused_for_ewc_alone(
    trial: Callable[..., TrialConfig], tmp_path: Path
) -> None:
    folder = tmp_path / "headless"
    loading.pretrained(pinning.find("embedded"), "udpos").model.base_model.save_pretrained(folder)
    loading.tokenizer(pinning.find("embedded")).save_pretrained(folder)
    config = replace(
        trial(Ewc(strength=1.0, languages=("de",))),
        encoder=str(folder),
        encoder_revision=pinning.find(str(folder)).revision,
    )
    with pytest.raises(UserError, match="has no masked-language-model head"):
        run_trial(config, cache=tmp_path)
    run_trial(replace(config, method=Vanilla(), texts={}), cache=tmp_path)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "/no/such/place",
            "encoder: '/no/such/place' is not allowed; give 'embedded', a folder that exists, or a name",
        ),
        ("no-such-name/at-all", "is not a folder, and the Hugging Face hub did not return it"),
        ("embeded", "the Hugging Face hub did not return it. Did you mean 'embedded'?"),
    ],
)
def test_missing_encoders_are_refused(name: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        pinning.find(name)


def test_a_folder_without_config_is_refused_as_encoder(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"a folder with a config\.json"):
        pinning.find(str(tmp_path))


def test_a_batch_without_any_label_is_no_divergence(study: Study, data_folder: Path, tmp_path: Path) -> None:
    """One sentence consists of a word that the tokenizer removes. Batches have one sentence."""
    (data_folder / "udpos" / "train-en.tsv").write_text("Dogs\tNOUN\n\n\x01\tX\n", encoding="utf-8")
    made = replace(
        study,
        data=str(data_folder),
        targets=("de",),
        methods=(Vanilla(),),
        settings=(replace(SHORT, batch_size=1, max_steps=4),),
    )
    result = run_trial(plan(made)[0], cache=tmp_path)
    assert not result.record.diverged
    assert 0.0 in [row["task_loss"] for row in result.history]
