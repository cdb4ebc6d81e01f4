"""Methods composed of other methods, in every pair."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import pytest
import torch

from harness.common.errors import UserError
from harness.data.context import TrialContext
from harness.encoders import loading, pinning
from harness.execution.plan import plan
from harness.fisher.diagonal import by_example
from harness.methods import (
    L2,
    METHODS,
    Composed,
    DecoupledL2,
    Ewc,
    LayerFreeze,
    LayerwiseDecay,
    Vanilla,
    WeightAveraging,
    method_from,
)
from harness.study import Study, TrialConfig
from harness.training.building import build_trainer
from tests.helpers.fine_tuned import HEAD, SAMPLES, STEPS, WORDS, anchor, close, depth, mlm, recorded, same, taken
from tests.helpers.studies import SHORT

NOT_WITH = {
    "vanilla": set(SAMPLES),
    "l2": {"decoupled_l2", "soft_prompt", "adapter", "lora"},
    "ewc": {"soft_prompt", "adapter", "lora"},
    "decoupled_l2": {"l2", "soft_prompt", "adapter", "lora"},
    "mixout": {"bitfit", "soft_prompt", "adapter", "lora"},
    "bitfit": {"soft_prompt", "adapter", "lora", "mixout"},
    "soft_prompt": {"layer_freeze", "layerwise_decay", "adapter", "lora"},
    "adapter": {"layer_freeze", "lora"},
    "lora": {"layer_freeze"},
    "recadam": {"l2", "decoupled_l2", "soft_prompt", "adapter", "lora"},
    "top_layer_reinit": {"soft_prompt", "adapter", "lora"},
}
"""Pairs of methods that cannot be combined, in either order.

Two methods may not both choose the trained weights. A pull does not go with a method that freezes the pulled weights,
nor with the same pull. Vanilla goes with nothing.
"""
PAIRS = [
    (one, other, other not in NOT_WITH.get(one, ()) and one not in NOT_WITH.get(other, ()))
    for one, other in combinations(SAMPLES, 2)
]


def test_there_is_a_sample_of_every_method() -> None:
    assert SAMPLES.keys() | {"composed"} == METHODS.keys()


@pytest.mark.parametrize(("one", "other", "allowed"), PAIRS)
def test_meaningless_pairs_are_refused_with_a_reason(one: str, other: str, allowed: bool) -> None:
    for first, second in ((one, other), (other, one)):
        if allowed:
            made = Composed(methods=(SAMPLES[first], SAMPLES[second]))
            assert {part.name for part in made.methods} == {one, other}
        else:
            with pytest.raises(UserError) as refused:
                Composed(methods=(SAMPLES[first], SAMPLES[second]))
            assert SAMPLES[one].label in str(refused.value)
            assert SAMPLES[other].label in str(refused.value)
            assert re.search(r"do not go together: \w.{15,}", str(refused.value))


def test_the_number_of_pairs_is_known() -> None:
    assert sum(allowed for *_, allowed in PAIRS) == 88


@pytest.mark.parametrize("name", SAMPLES)
def test_a_method_cannot_be_composed_with_itself(name: str) -> None:
    with pytest.raises(UserError, match="each method can be there once"):
        Composed(methods=(SAMPLES[name], SAMPLES[name]))


def test_methods_are_composed_in_a_study_file(study: Study) -> None:
    l2, decay, average = {"name": "l2", "strength": 0.1}, "layerwise_decay", {"name": "weight_averaging", "steps": 2}
    made = method_from([l2, decay, average])
    assert made == Composed(methods=(L2(strength=0.1), LayerwiseDecay(), WeightAveraging(steps=2)))
    for spec in (
        [average, decay, l2],
        {"name": "composed", "methods": [decay, l2, average]},
        [decay, [l2, average]],
        [
            made.methods,
        ],
    ):
        assert method_from(spec) == made
    assert method_from(json.loads(json.dumps(made.to_json()))) == made
    assert made.label == "l2(strength=0.1) + layerwise_decay + weight_averaging(steps=2)"
    read = Study.from_json(
        {**study.to_json(), "methods": ["vanilla", [l2, decay], {"name": "composed", "methods": [l2, average]}]}
    )
    assert [arm.method.label for arm in read.arms] == [
        "vanilla",
        "l2(strength=0.1) + layerwise_decay",
        "l2(strength=0.1) + weight_averaging(steps=2)",
    ]
    assert Study.from_json(json.loads(json.dumps(read.to_json()))) == read
    for config in plan(read):
        again = TrialConfig.from_json(json.loads(json.dumps(config.to_json())))
        assert (again.id, again.method) == (config.id, config.method)


def test_the_order_of_methods_does_not_change_the_id(trial: Callable[..., TrialConfig]) -> None:
    parts = (L2(strength=0.1), LayerwiseDecay(decay=0.8), LayerFreeze(layers=1))
    ids = {trial(Composed(methods=order)).id for order in (parts, parts[::-1], (Composed(methods=parts[1:]), parts[0]))}
    assert len(ids) == 1
    others = {
        trial(method).id
        for method in (*parts, Composed(methods=parts[:2]), Composed(methods=(L2(strength=0.2), *parts[1:])))
    }
    assert len(others | ids) == 6


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (["l2"], "l2: the field 'strength' is missing"),
        (["bitfit"], "at least two methods"),
        ([], "at least two methods"),
        ({"name": "composed"}, "composed: the field 'methods' is missing"),
        ({"name": "composed", "methods": "bitfit"}, "methods: 'bitfit' is not allowed; give a list"),
        (["bitfit", "layerwise_decy"], "Did you mean 'layerwise_decay'"),
        ([3, "bitfit"], "3 is not allowed; give a method's name"),
    ],
)
def test_invalid_compositions_are_refused(spec: object, message: str) -> None:
    with pytest.raises(UserError, match=message):
        method_from(spec)


def test_a_pull_and_a_decay_by_layer_both_act(trial: Callable[..., TrialConfig], cache: Path) -> None:
    """One step of gradient descent from the same start: each layer moves by its rate times the task's gradient plus the
    pull."""
    setting = replace(STEPS, max_steps=1, learning_rate=0.05, max_grad_norm=0.0)
    free = recorded(trial(Vanilla(), setting=setting), cache, sgd=True)
    both = recorded(
        trial(Composed(methods=(LayerwiseDecay(decay=0.5), L2(strength=2.0))), setting=setting), cache, sgd=True
    )
    kept = build_trainer(TrialContext.of(trial(Vanilla(), setting=setting), cache)).model.get_input_embeddings().kept
    start = free.before[0]
    assert same(both.before[0], start)
    expected = {}
    for name, theta in start.items():
        star = theta if name in HEAD else anchor()[name][kept] if name == WORDS else anchor()[name]
        expected[name] = theta - 0.05 * 0.5 ** (5 - depth(name)) * (free.gradients[0][name] + 2.0 * (theta - star))
    close(both.after[0], expected, rtol=1e-5, atol=1e-7)


def test_a_composition_has_the_rates_and_warnings_of_its_parts(encoder: str) -> None:
    shared = loading.pretrained(pinning.find(encoder), "udpos")
    alone = LayerwiseDecay(decay=0.5).rates(shared.model, shared)
    assert Composed(methods=(LayerwiseDecay(decay=0.5), L2(strength=1.0))).rates(shared.model, shared) == alone
    both = Composed(methods=(L2(strength=1e4), LayerwiseDecay()))
    assert both.warnings(SHORT) == L2(strength=1e4).warnings(SHORT) != []


def test_ewc_in_a_composition_is_split_by_language(study: Study) -> None:
    method = Composed(methods=(Ewc(strength=3.0, examples=2), LayerwiseDecay()))
    trials = plan(replace(study, methods=(method,)))
    assert [config.targets for config in trials] == [("de",), ("hi",)]
    assert [set(config.texts) for config in trials] == [{"de"}, {"hi"}]
    assert len({config.id for config in trials}) == 2
    assert (
        {config.method.arm.label for config in trials}
        == {method.arm.label}
        == {"ewc(strength=3, examples=2) + layerwise_decay"}
    )
    assert {config.method.arm for config in trials} == {method}
    assert [config.method.label for config in trials] == [
        f"ewc(strength=3, languages={language}, examples=2) + layerwise_decay" for language in ("de", "hi")
    ]


def test_each_penalty_gets_its_own_diagonals(trial: Callable[..., TrialConfig], cache: Path) -> None:
    """Eq. 1 and 2 at once, together with frozen layers."""
    ewc = Ewc(strength=30.0, languages=("de",), plus=("en",), examples=4)
    config = trial(Composed(methods=(L2(strength=0.3), ewc, LayerFreeze(layers=3))))
    trainer = build_trainer(TrialContext.of(config, cache))
    assert trainer.decay is None
    f = {language: by_example(mlm(), taken(language, 4), "empirical") for language in ("de", "en")}
    names = [name for name, p in trainer.model.base_model.named_parameters() if p.requires_grad]
    assert {depth(f"bert.{name}") for name in names} == {4}
    for name, weight in zip(names, trainer.penalty.weights, strict=True):
        value = 0.3 + 30.0 * (f["de"][name] + f["en"][name])
        torch.testing.assert_close(weight, value, rtol=1e-3, atol=1e-6)
    beside = build_trainer(
        TrialContext.of(trial(Composed(methods=(DecoupledL2(strength=0.3), replace(ewc, plus=())))), cache)
    )
    assert [float(weight) for weight in beside.decay.weights] == pytest.approx([0.3] * len(beside.decay.weights))
    name = "encoder.layer.3.output.dense.weight"
    place = [name for name, p in beside.model.base_model.named_parameters() if p.requires_grad].index(name)
    torch.testing.assert_close(beside.penalty.weights[place], 30.0 * f["de"][name], rtol=1e-3, atol=1e-6)
