"""RecAdam, Child-Tuning and Re-init against their definitions, through the real trainer."""

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from harness.common.errors import UserError
from harness.data.context import TrialContext
from harness.encoders import loading, pinning
from harness.execution import preflight
from harness.methods import (
    L2,
    ChildTuning,
    Composed,
    Ewc,
    LayerFreeze,
    LayerwiseDecay,
    Mixout,
    RecAdam,
    TopLayerReinit,
    Vanilla,
)
from harness.methods.annealing import Annealing
from harness.methods.mixed_linear import MixedLinear
from harness.store.store import Store
from harness.study import TrialConfig
from harness.training.building import build_trainer
from tests.helpers import cut_trials
from tests.helpers.cut_trials import cut, ended
from tests.helpers.encoders import FAMILIES
from tests.helpers.fine_tuned import HEAD, STEPS, WORDS, anchor, close, depth, off_the_anchor, recorded, same, whole

RATE, DECAY = 1e-3, 0.0


def test_the_share_of_the_task_is_a_logistic_function_of_the_step() -> None:
    annealing = Annealing(0.5, 4)
    assert [annealing.share(t) for t in (1, 4, 9)] == pytest.approx(
        [1 / (1 + math.exp(1.5)), 0.5, 1 / (1 + math.exp(-2.5))]
    )
    assert Annealing(1.0, 1e6).share(1) == 0.0
    assert Annealing(100.0, 0.0).share(1000) == 1.0


def test_recadam_equals_a_loop_of_adam_and_the_pull(trial: Callable[..., TrialConfig], cache: Path) -> None:
    """The authors' loop over the recorded gradients: exp_avg, exp_avg_sq, the annealed step, then the pull."""
    setting = replace(STEPS, max_steps=3, schedule="constant", warmup_steps=0, weight_decay=0.0)
    found = recorded(trial(RecAdam(strength=100.0, rate=0.8, middle=2.0), setting=setting), cache)
    kept = build_trainer(TrialContext.of(trial(Vanilla(), setting=setting), cache)).model.get_input_embeddings().kept
    m: dict[str, Any] = {}
    v: dict[str, Any] = {}
    theta = found.before[0]
    for t, (gradients, after) in enumerate(zip(found.gradients, found.after, strict=True), start=1):
        share = 1 / (1 + math.exp(-0.8 * (t - 2.0)))
        for name, g in gradients.items():
            m[name] = 0.9 * m.get(name, 0) + 0.1 * g
            v[name] = 0.999 * v.get(name, 0) + 0.001 * g**2
            step = RATE * (m[name] / (1 - 0.9**t)) / ((v[name] / (1 - 0.999**t)).sqrt() + 1e-8)
            if name in HEAD:
                theta[name] = theta[name] - step
                continue
            star = anchor()[name][kept] if name == WORDS else anchor()[name]
            theta[name] = theta[name] - share * step
            theta[name] = theta[name] - RATE * (1 - share) * 100.0 * (theta[name] - star)
        close(after, theta, rtol=1e-4, atol=2e-6)
        theta = dict(after)


def test_recadam_gives_warnings() -> None:
    assert any("diverges" in warning for warning in RecAdam().warnings(STEPS))
    assert any("middle is step 250" in warning for warning in RecAdam(strength=1.0).warnings(STEPS))
    assert RecAdam(strength=1.0, middle=1.0).warnings(STEPS) == []


def test_child_tuning_masks_and_scales_the_gradients_of_each_step(
    trial: Callable[..., TrialConfig], cache: Path
) -> None:
    """Plain gradient descent moves the weights by the recorded gradient at the entries with mask 1."""
    setting = replace(STEPS, max_steps=2, learning_rate=0.1, max_grad_norm=0.0, schedule="constant")
    free = recorded(trial(Vanilla(), setting=setting), cache, sgd=True)
    found = recorded(trial(ChildTuning(probability=0.3), setting=setting), cache, sgd=True)
    assert same(found.before[0], free.before[0])
    kept, everything = 0, 0
    masks = []
    for step in range(2):
        mask = {}
        for name, g in found.gradients[step].items():  # the callback of the method comes first
            used = g != 0
            moved = found.before[step][name] - found.after[step][name]
            torch.testing.assert_close(moved, 0.1 * g, rtol=1e-3, atol=1e-6)
            if step == 0:
                torch.testing.assert_close(g[used], free.gradients[0][name][used] / 0.3, rtol=1e-4, atol=1e-7)
            mask[name] = used
            nonzero = free.gradients[0][name] != 0
            kept, everything = kept + int((used & nonzero).sum()), everything + int(nonzero.sum())
        masks.append(mask)
    assert kept / everything == pytest.approx(0.3, abs=0.01)
    name = "bert.encoder.layer.1.output.dense.weight"
    assert not torch.equal(masks[0][name], masks[1][name])
    assert ChildTuning(probability=1.0).callbacks() == []
    with pytest.raises(UserError, match=r"probability: 1\.5 is not allowed"):
        ChildTuning(probability=1.5)


def test_task_driven_child_tuning_keeps_the_weights_of_largest_fisher_information(
    trial: Callable[..., TrialConfig], cache: Path
) -> None:
    """The reference is a loop over single sentences with the head's own loss, and numpy's percentile."""
    setting = replace(STEPS, train_examples=12, label_smoothing=0.0, max_grad_norm=0.0)
    config = trial(ChildTuning(mask="fisher", probability=0.2, examples=5), setting=setting)
    trainer = build_trainer(TrialContext.of(config, cache))
    model = trainer.model
    model.eval()
    names = [name for name, _ in model.named_parameters() if ".layer." in name]
    fisher = {name: np.zeros(model.get_parameter(name).shape) for name in names}
    for row in [trainer.train_dataset[i] for i in range(5)]:
        inputs = {name: torch.tensor([row[name]]) for name in ("input_ids", "token_type_ids") if name in row}
        log_p = model(**inputs).logits[0].log_softmax(-1)
        labels = torch.tensor(row["labels"])
        model.zero_grad()
        sum(log_p[i, label] for i, label in enumerate(labels) if label >= 0).backward()
        for name in names:
            fisher[name] += model.get_parameter(name).grad.numpy().astype(float) ** 2
    model.zero_grad()
    threshold = np.percentile(np.concatenate([one.ravel() for one in fisher.values()]), 80)
    before = {name: weights.detach().clone() for name, weights in model.named_parameters()}
    trainer.train()
    moved = {name: (weights.detach() != before[name]).numpy() for name, weights in model.named_parameters()}
    # At the threshold, rounding decides.
    far = {name: np.abs(one / threshold - 1) > 1e-3 for name, one in fisher.items()}
    assert all(not (moved[name] & far[name] & (fisher[name] < threshold)).any() for name in names)
    kept = sum(moved[name].sum() for name in names) / sum(moved[name].size for name in names)
    assert kept == pytest.approx(0.2, abs=0.005)
    assert moved["classifier.weight"].mean() > 0.99


def test_a_cut_task_driven_training_resumes_to_the_bit(trial: Callable[..., TrialConfig], tmp_path: Path) -> None:
    config, store = trial(ChildTuning(mask="fisher", examples=3)), Store(tmp_path / "interrupted")
    cut(config, store, 2)
    found = ended(config, store)
    assert found[0].cost.resumed_at == (2,)
    assert cut_trials.same(found, ended(config, Store(tmp_path / "whole")))


def test_unsuitable_options_of_child_tuning_are_refused() -> None:
    for options, message in (
        ({"mask": "fishr"}, "mask: there is no 'fishr'"),
        ({"examples": 3}, "examples: 3 is not allowed; give none"),
        ({"mask": "fisher", "examples": 0}, "examples: 0"),
    ):
        with pytest.raises(UserError, match=message):
            ChildTuning(**options)  # type: ignore[arg-type]
    assert ChildTuning().identity() == {"name": "child_tuning"}


@pytest.mark.parametrize("child", [ChildTuning(), ChildTuning(mask="fisher", examples=5)], ids=lambda child: child.mask)
def test_child_tuning_is_the_same_with_the_whole_vocabulary(
    child: ChildTuning, trial: Callable[..., TrialConfig], cache: Path
) -> None:
    config = trial(Composed(methods=(child, L2(strength=0.1))), setting=STEPS)
    weights = []
    for trim in (True, False):
        trainer = build_trainer(TrialContext.of(replace(config, trim_vocabulary=trim), cache))
        trainer.train()
        weights.append(whole(trainer.model))
    assert same(*weights)


def test_the_top_layers_restart_from_the_seed_without_a_pull(trial: Callable[..., TrialConfig], cache: Path) -> None:
    pulled = (L2(strength=0.1), Ewc(strength=9.0, languages=("de",), examples=2), Mixout(), LayerFreeze(layers=4))
    method = Composed(methods=(TopLayerReinit(layers=2), LayerwiseDecay(decay=0.5), *pulled[:3]))
    made = {}
    for seed in (0, 1):
        trainer = build_trainer(TrialContext.of(trial(method, seed=seed), cache))
        made[seed] = trainer
        for name, weights in trainer.model.named_parameters():
            if name == WORDS or name in HEAD:
                continue
            anew = depth(name) > 2
            if weights.dim() > 1:
                assert torch.equal(weights, anchor()[name]) is not anew, name
                if anew:
                    assert float(weights.detach().std()) == pytest.approx(0.02, rel=0.15)
            pulls = any(weights is parameter for parameter in trainer.penalty.parameters)
            assert pulls is not anew, name
            assert trainer.rates[name] == (1.0 if anew else 0.5 ** (5 - depth(name)))
    name = "bert.encoder.layer.3.output.dense.weight"
    both = [dict(made[seed].model.named_parameters())[name] for seed in (0, 1)]
    assert not torch.equal(*both)
    again = build_trainer(TrialContext.of(trial(TopLayerReinit(layers=2)), cache)).model
    assert torch.equal(dict(again.named_parameters())[name], both[0])
    plain = build_trainer(TrialContext.of(trial(Vanilla()), cache)).model
    assert torch.equal(plain.classifier.weight, again.classifier.weight)
    mixed = {n for n, module in made[0].model.named_modules() if isinstance(module, MixedLinear)}
    assert {depth(n) for n in mixed} == {1, 2}
    frozen = build_trainer(TrialContext.of(trial(Composed(methods=(TopLayerReinit(layers=1), pulled[3]))), cache)).model
    assert {depth(n) for n, p in frozen.named_parameters() if p.requires_grad} == {4, 5}


@pytest.mark.parametrize("family", FAMILIES)
def test_the_layers_and_the_pooler_of_every_family_are_found(families: dict[str, str], family: str) -> None:
    encoder = pinning.find(families[family])
    for task in ("udpos", "pawsx", "xquad"):
        outline = loading.outline(encoder, task)
        with_pooler, without = (
            TopLayerReinit(layers=1, pooler=pooler).restarts(outline.model, outline) for pooler in (True, False)
        )
        place = {"distilbert": "transformer.layer.1.", "modernbert": "layers.1."}.get(family, "encoder.layer.1.")
        assert without
        assert all(name.startswith(f"{outline.model.base_model_prefix}.{place}") for name in without)
        assert without == {n for n, _ in outline.model.named_parameters() if f".{place}" in n}
        assert {n.split(".")[-3] for n in with_pooler - without} <= {"pooler", "head"}
        assert not with_pooler & outline.fresh
        preflight._rehearse(Composed(methods=(TopLayerReinit(layers=1), RecAdam(), ChildTuning())), outline)
    with pytest.raises(UserError, match="top_layer_reinit: layers: 3 is not allowed; give at most 2"):
        TopLayerReinit(layers=3).restarts(outline.model, outline)


def test_the_shared_anchor_is_unchanged(trial: Callable[..., TrialConfig], cache: Path) -> None:
    """Restarted weights do not leak into the shared encoder."""
    shared = loading.pretrained(pinning.find(trial(Vanilla()).encoder), "udpos")
    before = {name: weights.clone() for name, weights in list(shared.anchor.items())[-3:]}
    off_the_anchor(build_trainer(TrialContext.of(trial(TopLayerReinit(layers=4)), cache)))
    assert all(torch.equal(shared.anchor[name], weights) for name, weights in before.items())
