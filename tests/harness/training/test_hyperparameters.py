"""Each hyperparameter against an independent reference: torch's loss, a loop by hand, a callback of transformers."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from transformers import EarlyStoppingCallback, TrainerControl, TrainerState, TrainingArguments
from transformers.trainer_pt_utils import LabelSmoother, LengthGroupedSampler

from harness.common.errors import UserError
from harness.data.context import TrialContext
from harness.execution.plan import plan
from harness.methods import L2, DecoupledL2, LayerwiseDecay
from harness.store.store import Store
from harness.study import Setting, Study, TrialConfig
from harness.tasks import TASKS
from harness.training.best_checkpoint import BestOnDev
from harness.training.building import build_trainer
from harness.training.hyperparameters.batches import ByLength
from harness.training.hyperparameters.label_loss import balanced, label_loss
from harness.training.hyperparameters.optimizers import uncorrected
from harness.training.trainer import PenaltyTrainer
from harness.training.trial import run_trial
from tests.helpers.cut_trials import cut, ended, same
from tests.helpers.studies import SHORT
from tests.helpers.training import trained

STILL = replace(SHORT, hidden_dropout=0, attention_dropout=0, head_dropout=0)
"""Without dropout, so that a step depends on the weights and the batch alone."""
Make = Callable[..., TrialConfig]


def built(config: TrialConfig, cache: Path) -> PenaltyTrainer:
    return build_trainer(TrialContext.of(config, cache))


def head_and_batch(config: TrialConfig, cache: Path) -> tuple[Tensor, Tensor]:
    """The head's initial weights, and the ids of the first batch."""
    trainer = built(config, cache)
    assert trainer.model is not None
    batch = next(iter(trainer.get_train_dataloader()))
    return trainer.model.get_parameter("classifier.weight").detach().cpu(), batch["input_ids"].cpu()


def test_init_seed_decides_the_weights_and_data_seed_the_order(trial: Make, tmp_path: Path) -> None:
    (weights, batch), (other_weights, other_batch) = (
        head_and_batch(trial(setting=SHORT, seed=seed), tmp_path) for seed in (0, 1)
    )
    assert not torch.equal(weights, other_weights)
    assert batch.shape != other_batch.shape or not torch.equal(batch, other_batch)
    for field, expected in (("init_seed", (other_weights, batch)), ("data_seed", (weights, other_batch))):
        found = head_and_batch(trial(setting=replace(SHORT, **{field: 1})), tmp_path)
        assert all(map(torch.equal, found, expected)), field


def test_dropout_keeps_the_seed_of_the_run(trial: Make, tmp_path: Path) -> None:
    fixed = {"init_seed": 0, "data_seed": 0}
    for setting, equal in ((SHORT, False), (STILL, True)):
        one, other = (trained(trial(setting=replace(setting, **fixed), seed=seed), tmp_path)[0] for seed in (0, 1))
        assert all(torch.equal(one[name], other[name]) for name in one) is equal


@pytest.mark.parametrize(
    "options",
    [
        {"optimizer": "sgd", "momentum": 0.9, "learning_rate": 0.1},
        {"optimizer": "adafactor", "batches": "by_length", "accumulation": 2},
        {"bias_correction": False, "class_weights": "balanced", "early_stopping": 9, "data_seed": 3},
    ],
    ids=lambda options: next(iter(options)),
)
def test_a_cut_training_resumes_to_the_bit(options: dict[str, Any], trial: Make, tmp_path: Path) -> None:
    epochs = {"max_steps": None, "epochs": 2, "train_examples": 12}
    config = trial(DecoupledL2(strength=0.1), setting=replace(SHORT, **epochs, **options))
    whole, interrupted = Store(tmp_path / "whole"), Store(tmp_path / "interrupted")
    cut(config, interrupted, 4)
    found = ended(config, interrupted)
    assert found[0].cost.resumed_at == (4,)
    assert same(found, ended(config, whole))


def test_adamw_without_bias_correction_equals_a_loop_by_hand() -> None:
    torch.manual_seed(0)
    start, gradients = torch.randn(5), torch.randn(7, 5)
    setting = Setting(learning_rate=0.1, max_steps=1, beta1=0.8, beta2=0.9, epsilon=1e-3, bias_correction=False)
    weight = nn.Parameter(start.clone())
    kind, options = uncorrected(setting)
    optimizer = kind([weight], **options, weight_decay=0.2)
    expected, first, second = start.clone(), torch.zeros(5), torch.zeros(5)
    for gradient in gradients:
        weight.grad = gradient.clone()
        optimizer.step()
        first = 0.8 * first + 0.2 * gradient
        second = 0.9 * second + 0.1 * gradient.square()
        expected = expected - 0.1 * 0.2 * expected - 0.1 * first / (second.sqrt() + 1e-3)
    assert torch.allclose(weight.detach(), expected, atol=1e-6)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("patience", [1, 2, 3])
def test_early_stopping_ends_at_the_same_step_as_transformers(patience: int, sign: int) -> None:
    scores = [1.0, 3.0, 2.0, 3.0, 4.0, 3.5, 4.0, 3.9, 3.0, 2.0]
    scores = [sign * score for score in scores]
    given = iter(scores)
    ours = BestOnDev(lambda model: next(given), keep=False, patience=patience, sign=sign)
    theirs = EarlyStoppingCallback(early_stopping_patience=patience)
    args = SimpleNamespace(metric_for_best_model="score", greater_is_better=sign > 0, load_best_model_at_end=True)
    state, best = TrainerState(max_steps=10), sign * float("-inf")
    for step, score in enumerate(scores, start=1):
        state.global_step, state.best_metric = step, None if step == 1 else best
        found, expected = TrainerControl(), TrainerControl()
        ours.on_step_end(TrainingArguments(), state, found, model=nn.Linear(1, 1))  # type: ignore[arg-type]
        theirs.on_evaluate(args, state, expected, {"eval_score": score})  # type: ignore[arg-type]
        assert found.should_training_stop == expected.should_training_stop, step
        best = max(best, score) if sign > 0 else min(best, score)
        if found.should_training_stop:
            return
    pytest.fail("it did not stop")


def test_a_training_that_learns_nothing_ends_early(trial: Make, tmp_path: Path) -> None:
    config = trial(setting=replace(SHORT, learning_rate=1e-12, max_steps=20, early_stopping=2))
    assert config.selected_on == config.dev_data
    record = run_trial(config, cache=tmp_path).record
    assert record.cost.steps == 6  # dev scores after steps 2, 4 and 6
    assert record.checkpoint is not None
    assert record.checkpoint.step == 6


def test_the_loss_equals_the_losses_of_torch_and_transformers() -> None:
    torch.manual_seed(0)
    logits, labels = torch.randn(4, 6, 3), torch.randint(3, (4, 6))
    labels[0, :3] = -100
    weights = balanced(labels.tolist(), 3)
    counts = torch.bincount(labels[labels >= 0], minlength=3)
    assert torch.allclose(weights, counts.sum() / (3 * counts))
    for weight, smoothing in ((weights, 0.0), (weights, 0.1), (None, 0.1)):
        total = weight[labels[labels >= 0]].sum() if weight is not None else (labels >= 0).sum()
        ours = label_loss({"logits": logits}, labels, weights=weight, smoothing=smoothing) / total
        torchs = nn.CrossEntropyLoss(weight, label_smoothing=smoothing)(logits.flatten(0, 1), labels.flatten())
        assert torch.allclose(ours, torchs)
    assert torch.allclose(ours, LabelSmoother(0.1)({"logits": logits}, labels.clone()))


def test_own_class_weights_weigh_the_loss_like_torch(trial: Make, tmp_path: Path) -> None:
    """A mapping, a list and JSON with the same weights give one trial. The gradient equals the gradient of torch's
    loss."""
    labels = TASKS["udpos"].labels
    by_name = {"NOUN": 3, "VERB": 0.5, "PUNCT": 0}
    whole = [float(by_name.get(label, 1)) for label in labels]
    options: dict[str, Any] = {
        "max_steps": 1,
        "optimizer": "sgd",
        "accumulation": 2,
        "max_grad_norm": 0,
        "warmup_steps": 0,
    }
    config = trial(setting=replace(STILL, **options, class_weights=by_name))
    again = replace(config, setting=replace(STILL, **options, class_weights='{VERB: 0.5, "PUNCT": 0.0, NOUN: 3.0}'))
    assert again.id == config.id != trial(setting=replace(STILL, **options)).id
    assert config.setting.to_json()["class_weights"] == '{"NOUN": 3.0, "PUNCT": 0.0, "VERB": 0.5}'
    listed = trial(setting=replace(STILL, **options, class_weights=whole))
    (one, two) = (trained(which, tmp_path)[0] for which in (config, listed))
    assert all(torch.equal(one[name], two[name]) for name in one)
    trainer = built(replace(config, setting=replace(config.setting, accumulation=1)), tmp_path)
    assert trainer.model is not None
    batch = next(iter(trainer.get_train_dataloader()))
    before = trainer.model.get_parameter("classifier.bias").detach().clone()
    trainer.model.train()
    logits = trainer.model(**batch).logits
    loss = nn.CrossEntropyLoss(torch.tensor(whole))(logits.flatten(0, 1), batch["labels"].flatten())
    (gradient,) = torch.autograd.grad(loss, trainer.model.get_parameter("classifier.bias"))
    assert torch.allclose(before - one["classifier.bias"], STILL.learning_rate * gradient, atol=1e-7)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ({"NUON": 2}, "class_weights: label: there is no 'NUON'. Did you mean 'NOUN'"),
        ([1, 2], r"class_weights: '\[1.0, 2.0\]' is not allowed; give 17 weights, one for each of ADJ, "),
        ({"NOUN": -1}, "class_weights: -1.0 is not allowed; give a finite number of at least 0"),
        ({"NOUN": "x"}, "class_weights: 'x' is not allowed; give a number"),
        ([0, 0], "class_weights: .* give weights, with at least one above 0"),
        (dict.fromkeys(TASKS["udpos"].labels, 0), "class_weights: .* give weights, with at least one above 0"),
        (2, "class_weights: 2 is not allowed; give none, balanced, a mapping from labels to weights"),
        ({"noun": 2}, "class_weights: label: there is no 'noun'. Did you mean 'NOUN'"),
        ({}, "class_weights: {} is not allowed; give none, balanced, a mapping from labels to weights"),
        ({1: 2, "1": 3}, "class_weights: {1: 2, '1': 3} is not allowed; give each label once"),
        ("{NOUN", "class_weights: '{NOUN' is not allowed; give none, balanced, a mapping from labels to weights"),
        ("balancd", "class_weights: 'balancd' is not allowed; give none, balanced"),
    ],
)
def test_class_weights_that_fit_no_label_are_refused(weights: Any, message: str, study: Study) -> None:
    with pytest.raises(UserError, match=message):
        plan(replace(study, settings=(replace(SHORT, class_weights=weights),)))


def test_class_weights_do_not_depend_on_micro_batches(trial: Make, tmp_path: Path) -> None:
    options = {"class_weights": "balanced", "label_smoothing": 0.1, "max_steps": 1, "optimizer": "sgd"}
    one, two = (trained(trial(setting=replace(STILL, **options, accumulation=count)), tmp_path)[0] for count in (1, 2))
    assert all(torch.allclose(one[name], two[name], atol=1e-6) for name in one)


def test_with_sgd_a_decoupled_pull_equals_the_coupled_pull(trial: Make, tmp_path: Path) -> None:
    setting = replace(STILL, optimizer="sgd", learning_rate=0.1, max_grad_norm=0, schedule="constant")
    one, two = (trained(trial(method(strength=0.5), setting=setting), tmp_path)[0] for method in (L2, DecoupledL2))
    assert all(torch.allclose(one[name], two[name], atol=1e-6) for name in one)


def test_the_head_and_each_layer_have_their_own_rates(trial: Make, tmp_path: Path) -> None:
    setting = replace(SHORT, optimizer="adafactor", head_learning_rate=0.01)
    trainer = built(trial(LayerwiseDecay(decay=0.5), setting=setting), tmp_path)
    groups = trainer.create_optimizer().param_groups
    assert trainer.model is not None
    names = {parameter: name for name, parameter in trainer.model.named_parameters()}
    rates = {names[parameter]: group["lr"] for group in groups for parameter in group["params"]}
    assert rates["classifier.weight"] == pytest.approx(0.01)
    top = max(rate for name, rate in rates.items() if not name.startswith("classifier"))
    assert top == pytest.approx(0.5 * SHORT.learning_rate)


def test_batches_by_length_equal_the_batches_of_transformers(trial: Make, tmp_path: Path) -> None:
    trainer = built(trial(setting=replace(SHORT, batches="by_length", data_seed=5)), tmp_path)
    rows = trainer.train_dataset
    order = trainer.train_sampler(rows)
    assert isinstance(order, ByLength)
    order.set_epoch(2)
    lengths = [len(ids) for ids in rows["input_ids"]]  # type: ignore[index]
    theirs = LengthGroupedSampler(4, lengths=lengths, generator=torch.Generator().manual_seed(7))
    assert [*order] == [*theirs]
    assert [*order] == [*order]


def test_adafactor_trains_all_embeddings_and_sgd_only_used_embeddings(study: Study, tmp_path: Path) -> None:
    setting = replace(SHORT, optimizer="sgd")
    configs = [
        plan(replace(study, settings=(setting,), targets=("de",), trim_vocabulary=trim))[0] for trim in (True, False)
    ]
    (one, _, kept), (two, _, whole) = (trained(config, tmp_path) for config in configs)
    assert kept is not None
    assert whole is None
    assert all(torch.allclose(one[name], two[name], atol=1e-7) for name in one)
    adafactor = replace(configs[0], setting=replace(SHORT, optimizer="adafactor"))
    assert trained(adafactor, tmp_path)[2] is None
