"""Collapse of a model: counts by hand, and models that guess."""

import math
from collections import Counter

import numpy as np
import pytest

from harness.tasks import task_named
from harness.tasks.label_counts import LabelCounts, label_counts, of_examples

PUNCT, NOUN, VERB = (task_named("udpos").labels.index(tag) for tag in ("PUNCT", "NOUN", "VERB"))


def test_counts_are_those_of_a_loop() -> None:
    random = np.random.default_rng(0)
    gold, predicted = random.integers(0, 5, 300), random.integers(-1, 5, 300)
    found = label_counts(gold, predicted)
    given = [label for label in predicted.tolist() if label >= 0]
    assert found == LabelCounts(
        labels=300,
        right=sum(a == b for a, b in zip(gold.tolist(), predicted.tolist(), strict=True)),
        constant=max(Counter(gold.tolist()).values()),
        predicted=len(given),
        commonest=max(Counter(given).values()),
    )
    assert of_examples(np.split(gold, 30), np.split(predicted, 30)) == found


def test_the_bar_is_two_standard_errors_above_the_best_constant_answer() -> None:
    counts = LabelCounts(labels=2490, right=854, constant=830, predicted=2490, commonest=1000)
    third = 830 / 2490
    assert counts.bar == pytest.approx(third + 2 * math.sqrt(third * (1 - third) / 2490), abs=1e-12)
    assert counts.bar == pytest.approx(0.352, abs=5e-4)


@pytest.mark.parametrize(
    ("gold", "predicted"),
    [([1, 2], [1]), ([], []), ([-100, 1], [0, 1]), ([1, 2], [-2, 1]), ([1.5, 2.0], [1.0, 2.0]), (["a"], ["a"])],
)
def test_no_counts_of_what_is_no_label(gold: list[object], predicted: list[object]) -> None:
    assert label_counts(gold, predicted) is None


@pytest.mark.parametrize(
    "wrong", [{"right": 9}, {"right": -1}, {"constant": 0}, {"constant": 11}, {"predicted": 11}, {"commonest": 0}]
)
def test_counts_that_cannot_be_are_refused(wrong: dict[str, int]) -> None:
    possible = {"labels": 10, "right": 4, "constant": 5, "predicted": 8, "commonest": 3}
    LabelCounts(**possible)
    with pytest.raises(ValueError, match="no model can have"):
        LabelCounts(**possible | wrong)


def test_a_tagger_of_one_label_has_collapsed_whatever_the_label() -> None:
    """If the commonest tag of the training data is NOUN, PUNCT everywhere may still beat NOUN everywhere on a test
    set."""
    gold = [NOUN] * 300 + [PUNCT] * 320 + [VERB] * 380
    for label in (NOUN, PUNCT, VERB):
        found = label_counts(gold, [label] * 1000)
        assert found is not None
        assert found.collapsed
        nearly = label_counts(gold, [label] * 992 + gold[992:])
        assert nearly is not None
        assert nearly.collapsed


def test_a_label_nearly_everywhere_is_a_collapse_even_where_it_beats_the_bar() -> None:
    counts = {"labels": 100_000, "right": 50_990, "constant": 50_000, "predicted": 100_000}
    assert LabelCounts(**counts, commonest=99_000).collapsed
    assert LabelCounts(**counts, commonest=98_999).accuracy > LabelCounts(**counts, commonest=98_999).bar
    assert not LabelCounts(**counts, commonest=98_999).collapsed


def test_words_without_a_prediction_are_wrong_but_no_label() -> None:
    found = label_counts([0, 1, 2, 3] * 50, [0, -1, -1, -1] * 50)
    assert found is not None
    assert found.accuracy == 0.25
    assert found.commonest_share == 1.0
    silent = label_counts([0, 1], [-1, -1])
    assert silent is not None
    assert silent.collapsed


def test_a_model_without_a_mistake_has_not_collapsed() -> None:
    for gold in ([0, 1, 1], [1], [2] * 50):
        found = label_counts(gold, gold)
        assert found is not None
        assert not found.collapsed


def test_a_model_that_guesses_has_collapsed_in_98_of_100_cases() -> None:
    """With three classes, as in XNLI. Judged by the training data's majority, half of these models passed."""
    random = np.random.default_rng(0)
    gold = np.repeat([0, 1, 2], 830)
    found = [label_counts(gold, random.integers(0, 3, len(gold))) for _ in range(1000)]
    counted = [counts for counts in found if counts is not None]
    by_majority = np.mean([counts.accuracy <= 1 / 3 for counts in counted])
    by_bar = np.mean([counts.collapsed for counts in counted])
    assert by_majority == pytest.approx(0.5, abs=0.05)
    assert by_bar == pytest.approx(0.977, abs=0.015)


def test_a_model_that_has_learnt_a_little_has_not_collapsed() -> None:
    gold = np.repeat([0, 1, 2], 830)
    predicted = np.where(np.arange(len(gold)) % 10 == 0, gold, np.random.default_rng(0).integers(0, 3, len(gold)))
    found = label_counts(gold, predicted)
    assert found is not None
    assert not found.collapsed
