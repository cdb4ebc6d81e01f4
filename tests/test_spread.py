"""Std ratios, swap test, Brown and Forsythe's test and what could have been seen: against hand, loops and scipy, and on simulated truth."""

import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import TTestPower

from analysis.statistics.brown_forsythe import brown_forsythe
from analysis.statistics.detectable import SIMULATED, brown_forsythe_ratio, detectable_difference, detectable_ratio
from analysis.statistics.run_bootstrap import counts, resamples_of
from analysis.statistics.std_ratio import std_ratio
from analysis.statistics.swap_test import DRAWN, EXACT, swap_test
from tests.benchmarks.spread import held, rejected, rejected_by_brown_forsythe, simulate

Array = NDArray[np.float64]


def study(runs: int, languages: int = 1, *, seed: int = 0, **options: Any) -> tuple[Array, Array]:
    """Scores of ours and theirs, runs × languages."""
    ours, theirs = simulate(np.random.default_rng(seed), 1, runs, languages, **options)
    return ours[0], theirs[0]


def log_ratio(ours: Array, theirs: Array) -> float:
    """Mean over languages of the log std ratio."""
    return float(np.mean([math.log(np.std(a, ddof=1) / np.std(b, ddof=1)) for a, b in zip(ours.T, theirs.T, strict=True)]))


def weighted(ours: Array, theirs: Array, weights: Array) -> float:
    """The same of a distribution with so much weight on each run."""
    variances = [np.cov(scores.T, aweights=weights, ddof=0).reshape(scores.shape[1], -1).diagonal() for scores in (ours, theirs)]
    return float((np.log(variances[0]) - np.log(variances[1])).mean() / 2)


def infinitesimal(ours: Array, theirs: Array) -> float:
    """Standard error by the infinitesimal jackknife: numerical derivatives of the log ratio towards every run."""
    runs, step = len(ours), 1e-5
    even = np.full(runs, 1 / runs)
    towards = [
        (weighted(ours, theirs, even + step * (at - even)) - weighted(ours, theirs, even - step * (at - even))) / (2 * step)
        for at in np.eye(runs)
    ]
    return math.sqrt(np.sum(np.square(towards))) / runs


# Ratios


@pytest.mark.parametrize(("runs", "languages"), [(2, 1), (3, 2), (4, 1), (7, 14), (8, 1), (30, 5)])
def test_the_ratio_is_the_geometric_mean_of_std_ratios(runs: int, languages: int) -> None:
    ours, theirs = study(runs, languages, ratio=0.6)
    found = std_ratio(ours, theirs)
    for ddof in (0, 1):
        assert found.value == pytest.approx(stats.gmean(np.std(ours, axis=0, ddof=ddof) / np.std(theirs, axis=0, ddof=ddof)))
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
    pseudo = [runs * whole - (runs - 1) * log_ratio(np.delete(ours, i, axis=0), np.delete(theirs, i, axis=0)) for i in range(runs)]
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


# The swap test


def swapped(ours: Array, theirs: Array) -> float:
    """Exact p, by making every swap."""
    a, b = ours - ours.mean(axis=0), theirs - theirs.mean(axis=0)
    extreme = []
    for swap in itertools.product([False, True], repeat=len(a)):
        rows = np.array(swap)[:, None]
        extreme.append(abs(log_ratio(np.where(rows, b, a), np.where(rows, a, b))) >= abs(log_ratio(a, b)) - 1e-9)
    return float(np.mean(extreme))


@pytest.mark.parametrize(("runs", "languages"), [(3, 1), (5, 3), (6, 1), (8, 2), (10, 1)])
def test_p_is_that_of_all_swaps(runs: int, languages: int) -> None:
    for seed, ratio in ((0, 1.0), (1, 0.6)):
        ours, theirs = study(runs, languages, seed=seed, pairing=0.5, ratio=ratio)
        found = swap_test(ours, theirs)
        assert found.exact
        assert found.p == pytest.approx(swapped(ours, theirs))
        assert found.statistic == pytest.approx(log_ratio(ours, theirs))


def test_swaps_drawn_at_random_estimate_the_p_of_all() -> None:
    runs = EXACT + 1
    for seed in range(2):
        ours, theirs = study(runs, seed=seed, ratio=0.6)
        found, expected = swap_test(ours, theirs), swapped(ours, theirs)
        assert not found.exact
        assert found.least_p == 1 / (1 + DRAWN)
        assert abs(found.p - expected) < 4 * math.sqrt(expected * (1 - expected) / DRAWN) + found.least_p


def test_scores_that_swaps_make_the_same() -> None:
    """Swaps after which a method's scores are all the same, by integers: farther off than any ratio or, where both are, at 0."""
    ties = 0
    for seed in (*range(100), 665):  # in the last rounding would count for a distance
        ours, theirs = np.random.default_rng(seed).integers(3, size=(2, 4 + seed % 2, 2 + seed % 2))
        a, b = (len(scores) * scores - scores.sum(axis=0) for scores in (ours, theirs))
        if not (a.any(axis=0).all() and b.any(axis=0).all()):
            continue
        ratios = []
        for swap in itertools.product([False, True], repeat=len(a)):
            rows, total = np.array(swap)[:, None], 0.0
            x, y = (len(a) * (each**2).sum(axis=0) - each.sum(axis=0) ** 2 for each in (np.where(rows, b, a), np.where(rows, a, b)))
            for one, other in zip(x.tolist(), y.tolist(), strict=True):
                ties += not (one and other)
                total += math.log(one / other) if one and other else 1e6 * ((one > 0) - (other > 0))
            ratios.append(abs(total))
        expected = np.mean(np.array(ratios) >= ratios[0] - 1e-9)
        assert swap_test(0.7 * ours + 61.3, 0.7 * theirs + 61.3).p == pytest.approx(expected)
    assert ties >= 20


def test_the_statistic_keeps_its_digits_where_one_method_hardly_varies() -> None:
    ours, theirs = study(10, 2)
    assert swap_test(1e-7 * ours, theirs).statistic == pytest.approx(log_ratio(1e-7 * ours, theirs), rel=1e-6)


def test_of_one_language_it_is_nearly_pitman_and_morgans() -> None:
    """Their correlation of sums and differences, permuted. Its order of swaps is another only as centring the swapped scores changes it."""
    ours, theirs = (scores[:, :, 0] for scores in simulate(np.random.default_rng(0), 30, 9, pairing=0.5, ratio=0.7))
    signs = np.array([*itertools.product([-1, 1], repeat=9)])
    found, permuted = [], []
    for a, b in zip(ours, theirs, strict=True):
        total, difference = a + b - (a + b).mean(), a - b - (a - b).mean()
        r = np.corrcoef(total, difference)[0, 1]
        test = swap_test(a, b)
        variances = np.var(total, ddof=1) + np.var(difference, ddof=1)
        assert math.tanh(test.statistic) == pytest.approx(2 * np.cov(total, difference)[0, 1] / variances)
        moved = signs * difference
        after = (moved @ total) / np.sqrt((total**2).sum() * ((moved - moved.mean(axis=1, keepdims=True)) ** 2).sum(axis=1))
        permuted.append((np.abs(after) >= abs(r) - 1e-9).mean())
        found.append(test.p)
    assert np.ptp(permuted) > 0.5
    assert np.abs(np.array(found) - permuted).mean() < 0.02
    assert stats.spearmanr(found, permuted).statistic > 0.99


@pytest.mark.parametrize("runs", [3, 5, 6, 8, 20])
def test_the_least_p_is_reached_and_not_passed(runs: int) -> None:
    random = np.random.default_rng(runs)
    ours, theirs = random.normal(size=runs), 1000 * random.normal(size=runs)
    found = swap_test(ours, theirs)
    assert found.p == pytest.approx(found.least_p)
    assert (found.least_p > 0.05) == (runs <= 5)


# Brown and Forsythe's test


@pytest.mark.parametrize(("runs", "languages"), [(3, 2), (8, 1), (25, 14)])
def test_brown_forsythe_is_scipys_and_statsmodels(runs: int, languages: int) -> None:
    ours, theirs = study(runs, languages, pairing=0.3, ratio=0.5)
    found = brown_forsythe(ours, theirs)
    expected = [stats.levene(a, b, center="median") for a, b in zip(ours.T, theirs.T, strict=True)]
    np.testing.assert_allclose([one.statistic for one in found], [one.statistic for one in expected])
    np.testing.assert_allclose([one.p for one in found], [one.pvalue for one in expected])
    np.testing.assert_allclose([one.holm for one in found], multipletests([one.pvalue for one in expected], method="holm")[1])


def test_languages_without_a_test_are_not_corrected_for() -> None:
    ours, theirs = study(6, 4, ratio=0.3)
    ours[:, 1] = theirs[:, 1] = 0.1 + 0.2
    ours[:, 2], theirs[:, 2] = [50, 50, 50, 60, 60, 60], [20, 20, 20, 50, 50, 50]
    found = brown_forsythe(ours, theirs)
    assert [one.reason for one in found] == ["", "all runs have the same score", "in both methods all runs are as far from the median", ""]
    assert all(math.isnan(found[i].p) and math.isnan(found[i].holm) and math.isnan(found[i].statistic) for i in (1, 2))
    assert [found[0].holm, found[3].holm] == pytest.approx([*multipletests([found[0].p, found[3].p], method="holm")[1]])


def test_distances_of_one_mean_have_a_p_of_1() -> None:
    """Not one spoilt by rounding, which takes an F of 0 below it and would leave no p to any language."""
    ours, theirs = np.array([[0, 0, 0, 1], [0, 1, 2, 9]]).T * 0.1, np.array([[1, 0, 1, 1], [3, 4, 5, 6]]).T * 0.1
    other = stats.levene(ours[:, 1], theirs[:, 1], center="median").pvalue
    for rows in itertools.islice(itertools.permutations(range(4)), 6):
        found = brown_forsythe(ours[[*rows]], theirs)
        assert (found[0].statistic, found[0].p, found[0].holm) == pytest.approx((0, 1, 1))
        assert (found[1].p, found[1].holm) == pytest.approx((other, 2 * other))


# What all of them leave unchanged

RUNS, SHIFT = st.sampled_from([3, 4, 5, 7, 8, 9, 13]), st.floats(-50, 50)


@settings(max_examples=6, deadline=None)
@given(RUNS, st.integers(1, 4), st.tuples(SHIFT, SHIFT), st.floats(0.1, 9), st.floats(0, 0.9), st.integers(0, 99))
def test_shifts_scales_orders_and_which_method_is_ours(
    runs: int, languages: int, shifts: tuple[float, float], scale: float, pairing: float, seed: int
) -> None:
    ours, theirs = study(runs, languages, seed=seed, pairing=pairing, ratio=0.5)
    ratio, test, each = std_ratio(ours, theirs), swap_test(ours, theirs), brown_forsythe(ours, theirs)

    moved = scale * ours + shifts[0], scale * theirs + shifts[1]
    again = std_ratio(*moved)
    assert (again.value, again.low, again.high) == pytest.approx((ratio.value, ratio.low, ratio.high), rel=1e-6, nan_ok=True)
    assert (again.way, again.reason) == (ratio.way, ratio.reason)
    assert swap_test(*moved).p == test.p
    assert [one.p for one in brown_forsythe(*moved)] == pytest.approx([one.p for one in each], rel=1e-6)

    inverse = std_ratio(theirs, ours)
    assert (inverse.value, inverse.low, inverse.high) == pytest.approx((1 / ratio.value, 1 / ratio.high, 1 / ratio.low), nan_ok=True)
    opposite = swap_test(theirs, ours)
    assert (opposite.statistic, opposite.p) == pytest.approx((-test.statistic, test.p))
    assert [one.holm for one in brown_forsythe(theirs, ours)] == pytest.approx([one.holm for one in each])

    order = np.random.default_rng(seed).permutation(runs)
    mixed = std_ratio(ours[order], theirs[order])
    assert mixed.value == pytest.approx(ratio.value)
    if ratio.way == "jackknife":
        assert (mixed.low, mixed.high) == pytest.approx((ratio.low, ratio.high))
    if test.exact:
        assert swap_test(ours[order], theirs[order]).p == pytest.approx(test.p)

    swap = np.random.default_rng(seed).permutation(languages)
    assert swap_test(ours[:, swap], theirs[:, swap]).p == test.p
    assert std_ratio(ours[:, swap], theirs[:, swap]).low == pytest.approx(ratio.low, nan_ok=True)


def test_languages_that_are_one_count_once() -> None:
    ours, theirs = study(9, ratio=0.5)
    many = np.repeat(ours, 6, axis=1), np.repeat(theirs, 6, axis=1)
    one, six = std_ratio(ours, theirs), std_ratio(*many)
    assert (six.value, six.low, six.high) == pytest.approx((one.value, one.low, one.high))
    assert swap_test(*many).p == swap_test(ours, theirs).p
    assert detectable_ratio(*many).ratio == detectable_ratio(ours, theirs).ratio


# Where there is too little


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 11), st.integers(1, 3), st.integers(1, 4), st.integers(0, 999))
def test_nothing_is_nan_without_a_reason(runs: int, languages: int, values: int, seed: int) -> None:
    """Scores of a few values, so that methods, and resamples of them, are often all the same."""
    ours, theirs = np.random.default_rng(seed).integers(values, size=(2, runs, languages)) * 0.1
    ratio, test, each = std_ratio(ours, theirs), swap_test(ours, theirs), brown_forsythe(ours, theirs)
    if math.isnan(ratio.value) or math.isnan(ratio.low):
        assert ratio.reason
        assert (ratio.way, math.isnan(ratio.low), math.isnan(ratio.high)) == ("", True, True)
    else:
        assert not ratio.reason
        assert 1e-40 < ratio.low <= ratio.value <= ratio.high < 1e40
    assert math.isnan(test.p) == math.isnan(test.statistic) == bool(test.reason)
    assert test.reason or test.least_p <= test.p <= 1
    for one in each:
        assert math.isnan(one.p) == math.isnan(one.holm) == math.isnan(one.statistic) == bool(one.reason)
        assert one.reason or 0 <= one.p <= one.holm <= 1


def test_too_few_runs() -> None:
    ours, theirs = study(6, 2)
    for runs in (0, 1):
        found = std_ratio(ours[:runs], theirs[:runs])
        assert math.isnan(found.value)
        assert found.reason == "there are fewer than 2 runs"
    for runs in (2, 3):
        found = std_ratio(ours[:runs], theirs[:runs])
        assert math.isfinite(found.value)
        assert found.reason == "there are fewer than 4 runs"
    for runs in range(3):
        assert swap_test(ours[:runs], theirs[:runs]).reason == "there are fewer than 3 runs"
        assert detectable_ratio(ours[:runs], theirs[:runs]).reason == "there are fewer than 3 runs"
        assert [one.reason for one in brown_forsythe(ours[:runs], theirs[:runs])] == ["there are fewer than 3 runs"] * 2
        assert brown_forsythe_ratio(runs).reason
    for runs in (3, 4, 5):
        assert f"with {runs} runs no p is below" in detectable_ratio(ours[:runs], theirs[:runs]).reason
        assert swap_test(ours[:runs], theirs[:runs]).least_p == 2 ** (1 - runs)
    assert math.isnan(detectable_difference([1.0]))


def test_scores_that_do_not_vary() -> None:
    ours, theirs = study(9, 2)
    ours[:, 1] = 0.1 + 0.2
    for found in (std_ratio(ours, theirs), swap_test(ours, theirs), detectable_ratio(ours, theirs)):
        assert found.reason == "all runs of a method have the same score"
    found = std_ratio(theirs, 3 * theirs - 20)
    assert found.value == pytest.approx(1 / 3)
    assert "the same" in found.reason
    assert "without one of the runs" in std_ratio([1.0, 1, 1, 1, 2], [1.0, 2, 4, 3, 5]).reason
    # Without its one other score a resample of ours does not vary: so are a third of them.
    assert "resamples do not vary" in std_ratio([1.0] * 8 + [2], [1.0, 2, 4, 3, 5, 9, 7, 3, 0]).reason
    # Half of the runs with one score and half with another: such resamples are of a std without an error.
    assert "resamples do not vary" in std_ratio([0.0, 0, 0, 10, 0, 10, 10, 0], [10.0, 0, 10, 0, 0, 10, 10, 10]).reason


@pytest.mark.parametrize("statistic", [std_ratio, swap_test, brown_forsythe, detectable_ratio])
def test_scores_that_do_not_fit_are_refused(statistic: Any) -> None:
    ours, theirs = study(9, 2)
    for other in (theirs[:8], theirs[:, :1], theirs[:, 0], theirs[None]):
        with pytest.raises(ValueError, match="the same of both"):
            statistic(ours, other)
    with pytest.raises(ValueError, match="the same of both"):
        statistic(ours[:, :0], theirs[:, :0])
    for wrong in (math.nan, math.inf):
        theirs[3, 1] = wrong
        with pytest.raises(ValueError, match="scores are finite"):
            statistic(ours, theirs)


# Simulated truth

STUDIES = 400


def error(share: float, studies: int = STUDIES) -> float:
    """Two standard errors of a share of studies."""
    return 2 * math.sqrt(share * (1 - share) / studies)


@pytest.mark.parametrize("runs", [5, 20])
@pytest.mark.parametrize(("languages", "pairing", "ratio"), [(1, 0.0, 0.5), (14, 0.7, 1.0)])
def test_intervals_hold_the_truth_as_often_as_they_say(runs: int, languages: int, pairing: float, ratio: float) -> None:
    both = simulate(np.random.default_rng(runs), STUDIES, runs, languages, ratio=ratio, pairing=pairing)
    assert 0.93 - error(0.93) <= held(*both, ratio) <= 0.97 + error(0.97)


@pytest.mark.parametrize(("runs", "studies"), [(5, 100), (8, 1000), (20, 300)])
@pytest.mark.parametrize(("languages", "pairing", "effects"), [(1, 0.0, 0.0), (14, 0.7, 2.0)])
def test_size_is_the_nominal(runs: int, studies: int, languages: int, pairing: float, effects: float) -> None:
    both = simulate(np.random.default_rng(runs + 1), studies, runs, languages, pairing=pairing, settings=effects)
    found = rejected(*both)
    if runs == 5:
        assert found == 0
    else:
        assert 0.04 - error(0.04, studies) <= found <= 0.055 + error(0.055, studies)
    assert rejected_by_brown_forsythe(*both) <= 0.055 + error(0.055, studies)


@pytest.mark.parametrize(("runs", "languages", "pairing"), [(8, 14, 0.7), (20, 1, 0.0), (SIMULATED + 10, 14, 0.3)])
def test_the_ratio_said_to_be_detectable_is(runs: int, languages: int, pairing: float) -> None:
    random, told, studies = np.random.default_rng(1), 9, 200
    said = [detectable_ratio(*both) for both in zip(*simulate(random, told, runs, languages, pairing=pairing), strict=True)]
    ratio = float(stats.gmean([one.ratio for one in said]))
    assert 0 < ratio < 1
    # The ratios' own error adds to that of the share: they follow the correlations observed.
    assert 0.8 - error(0.8, studies) - 0.05 <= rejected(*simulate(random, studies, runs, languages, pairing=pairing, ratio=ratio)) <= 0.9


def test_what_is_detectable_is_not_of_the_ratio_observed_and_less_of_more_runs() -> None:
    for runs in (8, 60):
        ours, theirs = study(runs, 3)
        assert detectable_ratio(0.2 * ours, theirs).ratio == pytest.approx(detectable_ratio(ours, theirs).ratio)
    ratios = [detectable_ratio(*study(runs, 14, pairing=0.5)).ratio for runs in (6, 10, 30, 100, 1000)]
    assert ratios == sorted(ratios)
    assert detectable_ratio(*study(300, 14, pairing=0.9)).ratio > detectable_ratio(*study(300, 14)).ratio


def test_of_many_runs_languages_that_do_not_move_together_count_as_so_many() -> None:
    ours, theirs = np.random.default_rng(0).normal(size=(2, 900, 4))
    logs = [math.log(detectable_ratio(ours[:, :languages], theirs[:, :languages]).ratio) for languages in (1, 4)]
    # Of one language the log of the std ratio has a standard error of 1/√n.
    assert logs == pytest.approx([-(1.96 + 0.842) / 30, -(1.96 + 0.842) / 60], rel=0.02)


def test_brown_forsythe_finds_the_ratio_it_is_said_to() -> None:
    for runs in (10, 30):
        both = simulate(np.random.default_rng(2), 1000, runs, ratio=brown_forsythe_ratio(runs).ratio)
        assert rejected_by_brown_forsythe(*both) == pytest.approx(0.8, abs=0.04 + error(0.8, 1000))
    assert 1 > brown_forsythe_ratio(1200).ratio > brown_forsythe_ratio(300).ratio > brown_forsythe_ratio(30).ratio
    assert "not even a ratio" in brown_forsythe_ratio(3).reason


@pytest.mark.parametrize("runs", [5, 20, 100])
def test_the_detectable_difference_is_statsmodels(runs: int) -> None:
    differences = np.random.default_rng(runs).normal(size=runs)
    effect = TTestPower().solve_power(nobs=runs, alpha=0.05, power=0.8)
    # The sum of two of Student's quantiles stands for that of the noncentral t.
    assert detectable_difference(differences) == pytest.approx(effect * differences.std(ddof=1), rel=0.1 if runs == 5 else 0.01)
    assert detectable_difference(differences + 7) == pytest.approx(detectable_difference(differences))


# Runs of one setting together


def test_groups_are_swapped_whole() -> None:
    random = np.random.default_rng(8)
    a, b = random.normal(0, 1, (12, 3)), random.normal(0, 2, (12, 3))
    groups = np.array([0, 0, 1, 1, 1, 2, 3, 3, 4, 4, 5, 5])
    found, observed = [], np.log(a.std(axis=0) / b.std(axis=0)).mean()
    for picked in itertools.product((False, True), repeat=6):
        swapped = np.array(picked)[groups][:, None]
        one, other = np.where(swapped, b - b.mean(axis=0), a - a.mean(axis=0)), np.where(swapped, a - a.mean(axis=0), b - b.mean(axis=0))
        found.append(np.log(one.std(axis=0) / other.std(axis=0)).mean())
    test = swap_test(a, b, groups)
    assert test.p == pytest.approx(np.mean(np.abs(found) >= abs(observed) - 1e-9))
    assert test.least_p == 2.0**-5
    assert swap_test(a, b, np.arange(12)) == swap_test(a, b)


def test_groups_are_left_out_and_drawn_whole() -> None:
    random = np.random.default_rng(9)
    groups = np.array([0, 0, 1, 1, 1, 2, 2, 3, 3, 4])
    a, b = random.normal(0, 1, (10, 2)), random.normal(0, 2, (10, 2))

    def log(kept: NDArray[np.bool_]) -> float:
        return float(np.log(a[kept].std(axis=0) / b[kept].std(axis=0)).mean())

    left = np.array([log(groups != group) for group in range(5)])
    half = stats.t.ppf(0.975, 4) * math.sqrt(4 * left.var())
    ratio = std_ratio(a, b, groups)
    assert (math.log(ratio.low), math.log(ratio.high)) == pytest.approx((log(groups >= 0) - half, log(groups >= 0) + half))
    assert std_ratio(a, b, np.arange(10)) == std_ratio(a, b)
    assert std_ratio(a, b, groups % 3).reason == "there are fewer than 4 settings"
    with pytest.raises(ValueError, match="groups are"):
        std_ratio(a, b, groups[:4])


def test_drawn_anew_settings_are_covered_by_whole_settings_alone() -> None:
    """Ten settings with five seeds each, half of the variance each method's own at a setting."""
    random, groups = np.random.default_rng(10), np.repeat(np.arange(10), 5)
    hits = []
    for _ in range(200):
        a, b = random.normal(size=(2, 10))[:, groups] + random.normal(size=(2, 50))
        ratios = [std_ratio(a, b, by) for by in (None, groups)]
        hits.append([ratio.low <= 1 <= ratio.high for ratio in ratios] + [swap_test(a, b, groups).p <= 0.05])
    by_run, by_setting, size = np.mean(hits, axis=0)
    assert by_setting >= 0.95 - 3 * math.sqrt(0.05 * 0.95 / 200)
    assert by_run < by_setting
    assert size <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 200)
