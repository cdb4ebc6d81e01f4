"""The rule that decides whether a model of numbers has collapsed."""

import math

import numpy as np
import pytest
from scipy import stats

from harness.tasks.number_fit import NumberFit, number_fit

RANDOM = np.random.default_rng(1)


def test_the_fit_is_pearsons_correlation_and_a_ratio_of_deviations() -> None:
    gold, predicted = RANDOM.normal(size=50), RANDOM.normal(size=50)
    fit = number_fit(gold.tolist(), (0.1 * predicted).tolist())
    assert fit is not None
    assert fit.correlation == pytest.approx(stats.pearsonr(gold, predicted).statistic)
    assert fit.spread == pytest.approx(0.1 * predicted.std() / gold.std())


def test_a_guesser_passes_in_about_two_per_cent_of_cases() -> None:
    draws = (number_fit(RANDOM.normal(size=40).tolist(), RANDOM.normal(size=40).tolist()) for _ in range(4000))
    passed = np.mean([not fit.collapsed for fit in draws if fit is not None])
    assert 0.015 < passed < 0.032


@pytest.mark.parametrize(
    ("fit", "collapsed"),
    [
        (NumberFit(numbers=100, correlation=0.5, spread=0.5), False),
        (NumberFit(numbers=100, correlation=0.5, spread=0.001), True),
        (NumberFit(numbers=100, correlation=math.tanh(2 / 97**0.5), spread=1.0), True),
        (NumberFit(numbers=100, correlation=-0.9, spread=1.0), True),
        (NumberFit(numbers=3, correlation=0.1, spread=1.0), False),
        (NumberFit(numbers=3, correlation=0.0, spread=0.0), True),
    ],
)
def test_who_has_collapsed(fit: NumberFit, collapsed: bool) -> None:
    assert fit.collapsed is collapsed


def test_what_cannot_be_is_refused() -> None:
    assert number_fit([], []) is None
    assert number_fit([1.0, 2.0], [math.nan, 1.0]) is None
    for numbers, correlation, spread in ((0, 0.0, 1.0), (5, 1.1, 1.0), (5, math.nan, 1.0), (5, 0.5, math.inf)):
        with pytest.raises(ValueError, match="no model can have"):
            NumberFit(numbers=numbers, correlation=correlation, spread=spread)
