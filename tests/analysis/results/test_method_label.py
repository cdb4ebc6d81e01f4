"""Labels of methods, read back."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.results.method_label import MethodLabel
from harness.methods import (
    L2,
    METHODS,
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

OPTIONS: tuple[tuple[Method, str, float, str], ...] = (
    (Vanilla(), "vanilla", math.nan, "vanilla"),
    (L2(strength=0.1), "l2", 0.1, "l2"),
    (L2(strength=1e-07), "l2", 1e-07, "l2"),
    (L2(strength=0.123456789), "l2", 0.123456789, "l2"),
    (Ewc(strength=10.0), "ewc", 10, "ewc"),
    (Ewc(strength=10.0, plus=("en",)), "ewc", 10, "ewc(target+en)"),
    (Ewc(strength=5.0, plus=("en", "fr")), "ewc", 5, "ewc(target+en+fr)"),
    (Ewc(strength=10.0, mix=("en",)), "ewc", 10, "ewc(mix target-en)"),
    (Ewc(strength=1e6, examples=50, text="/some where/text"), "ewc", 1e6, "ewc(text=text, examples=50)"),
    (Bitfit(), "bitfit", math.nan, "bitfit"),
    (SoftPrompt(tokens=10), "soft_prompt", math.nan, "soft_prompt(tokens=10)"),
    (Adapter(size=16), "adapter", math.nan, "adapter(size=16)"),
    (Lora(rank=4, modules=("query", "value")), "lora", math.nan, "lora(rank=4, modules=query+value)"),
    (DecoupledL2(strength=0.01), "decoupled_l2", 0.01, "decoupled_l2"),
    (Mixout(probability=0.5), "mixout", math.nan, "mixout(probability=0.5)"),
    (LayerFreeze(layers=2), "layer_freeze", math.nan, "layer_freeze(layers=2)"),
    (LayerwiseDecay(decay=0.8), "layerwise_decay", math.nan, "layerwise_decay(decay=0.8)"),
    (WeightAveraging(steps=10), "weight_averaging", math.nan, "weight_averaging(steps=10)"),
    (RDrop(strength=2.0), "rdrop", 2, "rdrop"),
    (Smart(strength=0.5, ascents=2), "smart", 0.5, "smart(ascents=2)"),
    (RecAdam(strength=10.0), "recadam", 10, "recadam"),
    (ChildTuning(), "child_tuning", math.nan, "child_tuning"),
    (TopLayerReinit(layers=2), "top_layer_reinit", math.nan, "top_layer_reinit(layers=2)"),
    (
        Composed(methods=(L2(strength=0.1), LayerwiseDecay(decay=0.8))),
        "composed",
        math.nan,
        "l2(strength=0.1) + layerwise_decay(decay=0.8)",
    ),
    (
        Composed(methods=(L2(strength=0.1), WeightAveraging(epochs=1.0))),
        "composed",
        math.nan,
        "l2(strength=0.1) + weight_averaging(epochs=1)",
    ),
)


@pytest.mark.parametrize(
    ("method", "kind", "strength", "family"), OPTIONS, ids=[method.label for method, *_ in OPTIONS]
)
def test_labels_of_methods_are_read_back(method: Method, kind: str, strength: float, family: str) -> None:
    assert MethodLabel.of(method.label) == MethodLabel(kind, pytest.approx(strength, nan_ok=True), family)


def test_every_method_is_among_them() -> None:
    assert {kind for _, kind, _, _ in OPTIONS} == set(METHODS)


@given(st.text(st.characters(codec="utf-8"), max_size=40) | st.from_regex(r"[\w-]+\([\w=,. +()]*\)?", fullmatch=True))
def test_any_text_is_a_label(label: str) -> None:
    found = MethodLabel.of(label)
    assert found.kind == "composed" or label.startswith(found.kind)
    if math.isnan(found.strength):
        assert found.kind != label or found.family == label
    assert MethodLabel.of(label) == replace(found, strength=pytest.approx(found.strength, nan_ok=True))


@given(
    st.from_regex(r"[a-z_]{1,8}", fullmatch=True),
    st.floats(0, 1e9),
    st.dictionaries(st.sampled_from(["size", "text"]), st.integers()),
)
def test_made_labels_are_taken_apart(kind: str, strength: float, options: dict[str, int]) -> None:
    rest = ", ".join(f"{name}={value}" for name, value in options.items())
    found = MethodLabel.of(f"{kind}({', '.join(filter(None, [rest, f'strength={strength!r}']))})")
    assert found == MethodLabel(kind, strength, f"{kind}({rest})" if rest else kind)
