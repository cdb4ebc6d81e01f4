"""Correlations and their intervals against scipy's."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.statistics import correlation
from analysis.statistics.correlation import pearson, spearman


def series(count: int, seed: int = 0) -> tuple["pd.Series[float]", "pd.Series[float]"]:
    random = np.random.default_rng(seed)
    names = [f"l{i}" for i in range(count)]
    one = pd.Series(random.random(count), names)
    return one, pd.Series(np.round(random.random(count) - one.to_numpy(), 1), names)  # with ties


@pytest.mark.parametrize("count", [3, 4, 11, 47])
def test_coefficients_are_scipys(count: int) -> None:
    one, other = series(count)
    assert pearson(one, other).value == pytest.approx(stats.pearsonr(one, other).statistic, abs=1e-12)
    assert spearman(one, other).value == pytest.approx(stats.spearmanr(one, other).statistic, abs=1e-12)


@pytest.mark.parametrize(("ours", "theirs"), [(pearson, stats.pearsonr), (spearman, stats.spearmanr)])
def test_intervals_are_scipys_but_for_chance(ours, theirs) -> None:  # type: ignore[no-untyped-def]
    one, other = series(12)
    found = ours(one, other)
    expected = stats.bootstrap(
        (one, other),
        lambda x, y: theirs(x, y).statistic,
        paired=True,
        vectorized=False,
        n_resamples=2000,
        method="percentile",
        rng=np.random.default_rng(1),
    )
    # A quantile's standard error is √(p(1 − p)/n) over the density there. At these n it is at most 2 % of the
    # interval's width.
    room = 0.08 * (expected.confidence_interval.high - expected.confidence_interval.low)
    assert found.low == pytest.approx(expected.confidence_interval.low, abs=room)
    assert found.high == pytest.approx(expected.confidence_interval.high, abs=room)
    assert found == ours(one, other)
    assert found.low < found.value < found.high


def test_series_are_aligned_by_language() -> None:
    one, other = series(9)
    one["absent"], other["l8"] = 5.0, math.nan
    found = pearson(one, other.sample(frac=1, random_state=1))
    assert found.n == 8
    assert found.value == pytest.approx(stats.pearsonr(one[other.index[:8]], other[:8]).statistic)


def test_few_or_constant_languages_have_no_correlation_or_no_interval() -> None:
    one, other = series(9)
    for count, number, interval in ((2, False, False), (3, True, False), (4, True, True)):
        found = pearson(one[:count], other[:count])
        assert math.isfinite(found.value) == number
        assert math.isfinite(found.low) == math.isfinite(found.high) == interval
        assert bool(found.reason) != interval
    for constant in (0.0, 0.1 + 0.2):
        found = spearman(one, other * 0 + constant)
        assert math.isnan(found.value)
        assert "constant" in found.reason


def test_resamples_without_a_correlation_are_counted() -> None:
    found = spearman(pd.Series([1.0, 2.0, 3.0, 4.0]), pd.Series([1.0, 3.0, 2.0, 4.0]))
    # Of the samples of four languages from four, 4 in 256 hold a single language.
    assert found.undefined == pytest.approx(correlation.RESAMPLES / 64, rel=0.3)
    assert -1 <= found.low <= found.high <= 1
