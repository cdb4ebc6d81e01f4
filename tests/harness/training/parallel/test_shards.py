"""Trials whose two processes share the weights equal trials of one process."""

import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor
from transformers import AutoModel, PreTrainedModel

from harness.common.errors import UserError
from harness.compat.shards import mine
from harness.execution.plan import plan
from harness.execution.resources import Resources
from harness.fisher import supply
from harness.methods import (
    L2,
    Adapter,
    Bitfit,
    ChildTuning,
    Composed,
    DecoupledL2,
    Ewc,
    LayerFreeze,
    LayerwiseDecay,
    Lora,
    Method,
    Mixout,
    RDrop,
    RecAdam,
    Smart,
    SoftPrompt,
    TopLayerReinit,
    Vanilla,
    WeightAveraging,
)
from harness.store.store import Store
from harness.study import Setting, Study, TrialConfig
from harness.tasks import task_named
from harness.training.parallel.group import Group
from harness.training.parallel.shards import check
from harness.training.trainer import PenaltyTrainer
from harness.training.trial import run_trial
from tests.harness.training.parallel.test_processes import PLAIN, TWO, UNDROPPED, weights
from tests.helpers.cut_trials import cut, ended
from tests.helpers.encoders import MT5, save_encoder
from tests.helpers.replica import trained
from tests.helpers.studies import SHORT
from tests.helpers.training import Recorder

FEW: list[tuple[Method, Setting]] = [
    (Vanilla(), PLAIN),
    (L2(strength=0.1), replace(PLAIN, accumulation=2)),
    (DecoupledL2(strength=0.1), PLAIN),
    (Ewc(strength=100.0, languages=("de",), examples=4), PLAIN),
]
MORE: list[tuple[Method, Setting]] = [
    (Vanilla(), replace(PLAIN, batch_size=12, accumulation=2, batches="by_length", class_weights="balanced")),
    (Vanilla(), replace(PLAIN, max_steps=12, early_stopping=1)),
    (Vanilla(), replace(PLAIN, gradient_checkpointing=True, weight_decay=0.01)),
    (Vanilla(), replace(UNDROPPED, max_grad_norm=0.0, head_learning_rate=1e-2)),
    (Vanilla(), replace(UNDROPPED, bias_correction=False)),
    (Lora(), PLAIN),
    (Bitfit(), PLAIN),
    (Adapter(), PLAIN),
    (RDrop(), PLAIN),
    (SoftPrompt(), PLAIN),
    (LayerFreeze(layers=1), PLAIN),
    (TopLayerReinit(layers=1), PLAIN),
    (Mixout(probability=0.0), PLAIN),
    (Composed(methods=(L2(strength=0.1), LayerwiseDecay(decay=0.8))), PLAIN),
    (RecAdam(strength=9.0, middle=3), UNDROPPED),
    (Smart(radius=0.1, noise=1e-9, step=1e-9), PLAIN),
    (WeightAveraging(steps=4), PLAIN),
]


@contextmanager
def second(configs: list[TrialConfig], cache: Path, folder: Path) -> Iterator[list[Path]]:
    """Another process, the second of each training. Gives the folders of the groups."""
    folders = [folder / f"group-{number}" for number in range(len(configs))]
    for one in folders:
        one.mkdir()
    given = [(config.to_json(), cache, one) for config, one in zip(configs, folders, strict=True)]
    (folder / "given").write_bytes(pickle.dumps(given))
    with subprocess.Popen([sys.executable, "-m", "tests.helpers.replica", str(folder / "given")]) as process:
        try:
            yield folders
        finally:
            process.kill()


def _compare(trials: list[TrialConfig], folder: Path, processes: int = 1) -> None:
    """Train each trial in shards on two processes, and on one or two processes with whole weights."""
    store = Store(folder / "store")
    for request in supply.needed(trials):
        supply.provide(request, store, 1)
    sharded = [replace(trial, processes=2, shard=True) for trial in trials]
    others = [replace(trial, processes=processes) for trial in trials] if processes > 1 else []
    with second([*sharded, *others], store.cache, folder) as folders:
        found = []
        for config, place in zip([*sharded, *others], folders, strict=True):
            group = Group(place, 0, 2)
            found.append(trained(config, store.cache, group))
            group.abandon()
    if not others:
        found += [trained(trial, store.cache, None) for trial in trials]
    for config, together, alone in zip(trials, found, found[len(trials) :], strict=False):
        _same(f"{config.method.label} {config.setting}", together[0], alone[0])
        _half(together, alone)


def _same(label: str, sharded: PenaltyTrainer, whole: PenaltyTrainer) -> None:
    rows, others = ([row for row in one.state.log_history if "loss" in row] for one in (whole, sharded))
    for row, other in zip(rows, others, strict=True):
        assert other == pytest.approx(row, rel=1e-5, abs=1e-7), label
    assert sharded.tokens_seen == whole.tokens_seen, label
    assert isinstance(whole.model, PreTrainedModel)
    assert isinstance(sharded.model, PreTrainedModel)
    weights = sharded.model.state_dict()
    for name, part in whole.model.state_dict().items():
        torch.testing.assert_close(weights[name], part, rtol=1e-5, atol=1e-6, msg=f"{label} {name}")


def _half(sharded: tuple[PenaltyTrainer, Recorder], whole: tuple[PenaltyTrainer, Recorder]) -> None:
    """Weights, gradients and optimizer state take half of the bytes. A tensor may have an odd number of rows."""
    sizes, wholes = _bytes(*sharded), _bytes(*whole)
    for part, all_ in zip(sizes, wholes, strict=True):
        assert 0.5 <= part / all_ < 0.55, (sizes, wholes)


def _bytes(trainer: PenaltyTrainer, last: Recorder) -> list[int]:
    assert trainer.optimizer is not None
    state = [one for kept in trainer.optimizer.state.values() for one in kept.values() if isinstance(one, Tensor)]
    pulls = [one for side in (trainer.penalty, trainer.decay) if side is not None for one in side.anchors]
    parts = (last.weights.values(), last.gradients.values(), [one for one in state if one.dim()], pulls)
    return [sum(mine(one).nbytes for one in part) for part in parts if part]


@pytest.mark.slow
def test_shards_train_like_whole_weights(trial: Callable[..., TrialConfig], tmp_path: Path) -> None:
    _compare([trial(method, setting=setting) for method, setting in FEW], tmp_path)


@pytest.mark.nightly
def test_other_methods_train_like_on_whole_weights(trial: Callable[..., TrialConfig], tmp_path: Path) -> None:
    _compare([trial(method, setting=setting) for method, setting in MORE], tmp_path)


@pytest.mark.nightly
def test_shards_draw_like_whole_weights(trial: Callable[..., TrialConfig], tmp_path: Path) -> None:
    """With dropout, noise and 16 bits, two processes with shards train like two processes with whole weights."""
    trials = [
        trial(method, setting=replace(PLAIN, hidden_dropout=0.1)) for method in (Vanilla(), RDrop(), Mixout(), Smart())
    ]
    half = replace(trials[0], precision="bf16")
    _compare([*trials, half], tmp_path, processes=2)


@pytest.mark.nightly
@pytest.mark.parametrize("shards", [(True, True), (True, False), (False, True)], ids=str)
def test_a_state_resumes_with_and_without_shards(
    shards: tuple[bool, bool], trial: Callable[..., TrialConfig], tmp_path: Path
) -> None:
    setting = replace(SHORT, max_steps=6)
    method = Composed(methods=(L2(strength=0.1), WeightAveraging(steps=5)))
    first, then = (replace(trial(method, setting=setting), processes=2, shard=shard) for shard in shards)
    assert first.id == then.id
    store = Store(tmp_path / "cut")
    cut(first, store, 3)
    record, history = ended(then, store, TWO)
    assert record.cost.resumed_at == (3,)
    other, undisturbed = ended(then, Store(tmp_path / "whole"), replace(TWO, checkpoint_minutes=float("inf")))
    for row, expected in zip(history, undisturbed, strict=True):
        assert row == pytest.approx(expected, rel=1e-5)
    assert record.scores == other.scores
    assert record.cost.training_tokens == other.cost.training_tokens


@pytest.mark.nightly
def test_the_best_weights_are_kept_and_scored_from_shards(trial: Callable[..., TrialConfig], tmp_path: Path) -> None:
    config = replace(trial(setting=replace(UNDROPPED, max_steps=4)), checkpoint="best", processes=2)
    config = replace(config, selected_on=config.dev_data, selected_by=task_named(config.task).scorer)
    one, two = (
        run_trial(replace(config, shard=shard), cache=tmp_path, weights=tmp_path / str(shard))
        for shard in (False, True)
    )
    assert two.record.checkpoint == one.record.checkpoint
    assert two.record.scores == one.record.scores
    mine_, theirs = weights(tmp_path / "True"), weights(tmp_path / "False")
    for name, part in theirs.items():
        torch.testing.assert_close(mine_[name], part, rtol=1e-4, atol=1e-5)


def test_what_needs_whole_weights_is_refused(trial: Callable[..., TrialConfig]) -> None:
    config = replace(trial(), processes=2, shard=True)
    check([config, replace(config, shard=False, method=ChildTuning())])
    with pytest.raises(UserError, match="--shard: the method child_tuning needs whole weights"):
        check([replace(config, method=Composed(methods=(L2(strength=0.1), ChildTuning())))])
    with pytest.raises(UserError, match="optimizer: 'adafactor' is not allowed; give adamw or sgd with --shard"):
        check([replace(config, setting=replace(SHORT, optimizer="adafactor"))])
    with pytest.raises(UserError, match="precision: 'fp16' is not allowed; give bf16 or fp32 with --shard"):
        check([replace(config, precision="fp16")])
    with pytest.raises(UserError, match="--shard: it needs several processes"):
        Resources(shard=True)
    assert config.id == replace(config, shard=False).id
    assert "shard" not in replace(config, shard=False).to_json()
    assert TrialConfig.from_json(config.to_json()) == config


@pytest.mark.nightly
def test_weights_with_two_names_stay_one(study: Study, tmp_path: Path) -> None:
    """mT5 has its embeddings under two names."""
    folder = tmp_path / "mt5"
    save_encoder(folder, "mt5", AutoModel, **MT5, dropout_rate=0, classifier_dropout=0)
    made = replace(study, encoder=str(folder), methods=(Vanilla(),), seeds=(0,), settings=(SHORT,), targets=("de",))
    (trial,) = plan(made)
    store = Store(tmp_path / "store")
    with second([replace(trial, processes=2, shard=True)], store.cache, tmp_path) as (place,):
        group = Group(place, 0, 2)
        sharded, _ = trained(replace(trial, processes=2, shard=True), store.cache, group)
        group.abandon()
    whole, _ = trained(trial, store.cache, None)
    assert isinstance(sharded.model, PreTrainedModel)
    assert isinstance(whole.model, PreTrainedModel)
    assert sharded.model.num_parameters() == whole.model.num_parameters()
    _same("mt5", sharded, whole)
