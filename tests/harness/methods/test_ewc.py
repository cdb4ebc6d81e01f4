"""EWC's variants: the diagonals that each variant uses."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from harness.common.errors import UserError
from harness.execution.plan import plan
from harness.fisher import diagonal_files, supply
from harness.fisher.diagonal import by_example
from harness.methods import Composed, Ewc, LayerwiseDecay, method_from
from harness.study import Study
from tests.helpers.fine_tuned import mlm, taken


def same_diagonal(ours: Any, expected: dict[str, Tensor]) -> None:
    largest = max(float(value.max()) for value in expected.values())
    assert set(ours) == set(expected)
    for name, value in expected.items():
        torch.testing.assert_close(
            ours[name], value, rtol=1e-3, atol=1e-9 * largest, msg=lambda text, name=name: f"{name}: {text}"
        )


def test_plus_adds_a_penalty_of_the_same_strength(study: Study, cache: Path) -> None:
    trials = plan(replace(study, methods=(Ewc(strength=7.0, plus=("en",), examples=3),)))
    assert [(config.targets, set(config.texts)) for config in trials] == [
        (("de",), {"de", "en"}),
        (("hi",), {"hi", "en"}),
    ]
    method = trials[0].method
    terms = method.terms([diagonal_files.stored(request, cache) for request in supply.needed([trials[0]])])
    assert [term.strength for term in terms] == [7.0, 7.0]
    assert not any(term.decoupled for term in terms)
    for term, language in zip(terms, ("de", "en"), strict=True):
        same_diagonal(term.importance, by_example(mlm(), taken(language, 3), "empirical"))


def test_mix_uses_the_mean_of_the_diagonals_of_the_languages(study: Study, cache: Path) -> None:
    trials = plan(replace(study, methods=(Ewc(strength=7.0, mix=("en",), examples=6),)))
    assert [(config.targets, set(config.texts)) for config in trials] == [
        (("de",), {"de", "en"}),
        (("hi",), {"hi", "en"}),
    ]
    terms = trials[0].method.terms([diagonal_files.stored(request, cache) for request in supply.needed([trials[0]])])
    assert [term.strength for term in terms] == [7.0]
    mixed = taken("de", "en", 6)
    halves = {"de": mixed[:3], "en": mixed[3:]}
    for language, half in halves.items():  # the same windows as for each language alone
        alone = taken(language, 3)
        for ours, window in zip(half, alone, strict=True):
            read = [w.ids.scatter(0, w.masked, w.observed) for w in (ours, window)]
            assert torch.equal(*read)
    own = {language: by_example(mlm(), half, "empirical") for language, half in halves.items()}
    same_diagonal(terms[0].importance, {name: (own["de"][name] + own["en"][name]) / 2 for name in own["de"]})


def test_variants_are_named_in_tables(study: Study) -> None:
    labels = {
        Ewc(strength=1.0): "ewc(strength=1)",
        Ewc(strength=1.0, plus=("en",)): "ewc(target+en, strength=1)",
        Ewc(strength=1.0, plus=("en", "zh"), examples=5): "ewc(target+en+zh, strength=1, examples=5)",
        Ewc(strength=1.0, mix=("en",)): "ewc(mix target-en, strength=1)",
        Ewc(strength=1.0, mix=("en",), languages=("de",)): "ewc(mix target-en, strength=1, languages=de)",
    }
    assert {method: method.label for method in labels} == labels
    for method in labels:
        assert method_from(json.loads(json.dumps(method.to_json()))) == method
    planned = plan(replace(study, methods=tuple(labels)[:4]))
    assert len({config.id for config in planned}) == len(planned) == 8
    assert len({config.method.arm.label for config in planned}) == 4


def test_meaningless_variants_are_refused(study: Study) -> None:
    with pytest.raises(UserError, match=r"plus and mix: .* give one of them"):
        Ewc(strength=1.0, plus=("en",), mix=("zh",))
    for name in ("plus", "mix"):
        with pytest.raises(
            UserError, match=f"{name}: 'de' is not allowed; give languages without a model of their own"
        ):
            Ewc(strength=1.0, languages=("de",), **{name: ("de",)})
        for method in (
            Ewc(strength=1.0, **{name: ("hi",)}),
            Composed(methods=(Ewc(strength=1.0, **{name: ("hi",)}), LayerwiseDecay())),
        ):
            with pytest.raises(
                UserError, match=f"ewc: {name}: 'hi' is not allowed; give languages without a model of their own"
            ):
                replace(study, methods=(method,))
        with pytest.raises(UserError, match=f"{name}: 'English' is not allowed"):
            Ewc(strength=1.0, **{name: ("English",)})
        replace(study, methods=(Ewc(strength=1.0, languages=("de",), **{name: ("hi",)}),))  # no model is for hi
    with pytest.raises(UserError, match="ewc: languages: there is no 'zh'"):
        replace(study, methods=(Ewc(strength=1.0, languages=("zh",)),))
    with pytest.raises(UserError, match="examples: 1 is not allowed; give a whole number of at least 2"):
        Ewc(strength=1.0, mix=("en",), examples=1)
