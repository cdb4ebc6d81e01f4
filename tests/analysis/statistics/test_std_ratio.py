"""Ratios of standard deviations against hand, jackknife and bootstrap."""

import itertools
import math

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.power import TTestPower

from analysis.statistics.minimum_detectable import minimum_detectable_by_brown_forsythe, minimum_detectable_difference
from analysis.statistics.run_bootstrap import counts, resamples_of
from analysis.statistics.std_ratio import std_ratio
from tests.benchmarks.spread import rejected_by_brown_forsythe, simulate
from tests.helpers.paired_scores import Array, error, log_ratio, study


def weighted(ours: Array, theirs: Array, weights: Array) -> float:
    """The same of a distribution with so much weight on each run."""
    variances = [
        np.cov(scores.T, aweights=weights, ddof=0).reshape(scores.shape[1], -1).diagonal() for scores in (ours, theirs)
    ]
    return float((np.log(variances[0]) - np.log(variances[1])).mean() / 2)


def infinitesimal(ours: Array, theirs: Array) -> float:
    """Standard error by the infinitesimal jackknife: numerical derivatives of the log ratio towards every run."""
    runs, step = len(ours), 1e-5
    even = np.full(runs, 1 / runs)
    towards = [
        (weighted(ours, theirs, even + step * (at - even)) - weighted(ours, theirs, even - step * (at - even)))
        / (2 * step)
        for at in np.eye(runs)
    ]
    return math.sqrt(np.sum(np.square(towards))) / runs


@pytest.mark.parametrize(("runs", "languages"), [(2, 1), (3, 2), (4, 1), (7, 14), (8, 1), (30, 5)])
def test_the_ratio_is_the_geometric_mean_of_std_ratios(runs: int, languages: int) -> None:
    ours, theirs = study(runs, languages, ratio=0.6)
    found = std_ratio(ours, theirs)
    for ddof in (0, 1):
        assert found.value == pytest.approx(
            stats.gmean(np.std(ours, axis=0, ddof=ddof) / np.std(theirs, axis=0, ddof=ddof))
        )
    assert found.runs == runs
    assert found.way == ("" if runs < 4 else "jackknife" if runs < 8 else "bootstrap")


def test_a_ratio_by_hand() -> None:
    # Stds of √2 and 2√2, and of 3 and 1: a half times three, in the geometric mean √1.5.
    found = std_ratio([[1, 0], [3, 6]], [[2, 5], [6, 7]])
    assert found.value == pytest.approx(math.sqrt(0.5 * 3))
    assert std_ratio([1.0, 3.0], [2.0, 6.0]).value == pytest.approx(0.5)


@pytest.mark.parametrize(("runs", "languages"), [*itertools.product([4, 5, 7], [1, 3])])
def test_of_few_runs_the_interval_is_the_jackknifes(runs: int, languages: int) -> None:
    ours, theirs = study(runs, languages, seed=runs, pairing=0.5)
    whole = log_ratio(ours, theirs)
    pseudo = [
        runs * whole - (runs - 1) * log_ratio(np.delete(ours, i, axis=0), np.delete(theirs, i, axis=0))
        for i in range(runs)
    ]
    half = stats.t.ppf(0.975, runs - 1) * np.std(pseudo, ddof=1) / math.sqrt(runs)
    found = std_ratio(ours, theirs)
    assert (found.low, found.high) == pytest.approx((math.exp(whole - half), math.exp(whole + half)))


@pytest.mark.parametrize(("runs", "languages"), [(8, 1), (9, 3), (20, 2)])
def test_of_more_it_is_the_bootstrap_t_written_as_a_loop(runs: int, languages: int) -> None:
    ours, theirs = study(runs, languages, seed=runs, pairing=0.5, ratio=0.5)
    whole, far = log_ratio(ours, theirs), []
    for often in itertools.chain.from_iterable(counts(runs, resamples_of(runs))):
        drawn = np.repeat(np.arange(runs), often.astype(int))
        influence = np.zeros(runs)
        for i in range(languages):
            for scores, sign in ((ours[drawn, i], 1), (theirs[drawn, i], -1)):
                influence += sign * (scores - scores.mean()) ** 2 / (2 * languages * scores.var(ddof=0))
        far.append(abs(log_ratio(ours[drawn], theirs[drawn]) - whole) / (np.sqrt((influence**2).sum()) / runs))
    half = infinitesimal(ours, theirs) * np.quantile(far, 0.95, method="higher")
    found = std_ratio(ours, theirs)
    assert (found.low, found.high) == pytest.approx((math.exp(whole - half), math.exp(whole + half)), rel=1e-5)


def test_brown_forsythe_finds_the_ratio_it_is_said_to() -> None:
    for runs in (10, 30):
        both = simulate(np.random.default_rng(2), 1000, runs, ratio=minimum_detectable_by_brown_forsythe(runs).ratio)
        assert rejected_by_brown_forsythe(*both) == pytest.approx(0.8, abs=0.04 + error(0.8, 1000))
    assert (
        1
        > minimum_detectable_by_brown_forsythe(1200).ratio
        > minimum_detectable_by_brown_forsythe(300).ratio
        > minimum_detectable_by_brown_forsythe(30).ratio
    )
    assert "fewer than 8 runs" in minimum_detectable_by_brown_forsythe(3).reason


@pytest.mark.parametrize("runs", [5, 20, 100])
def test_the_detectable_difference_is_statsmodels(runs: int) -> None:
    differences = np.random.default_rng(runs).normal(size=runs)
    effect = TTestPower().solve_power(nobs=runs, alpha=0.05, power=0.8)
    # The sum of two of Student's quantiles stands for that of the noncentral t.
    assert minimum_detectable_difference(differences) == pytest.approx(
        effect * differences.std(ddof=1), rel=0.1 if runs == 5 else 0.01
    )
    assert minimum_detectable_difference(differences + 7) == pytest.approx(minimum_detectable_difference(differences))
