"""The swap test against all swaps."""

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from analysis.statistics.spread.swap_test import swap_test
from analysis.statistics.spread.swaps import DRAWN, EXACT
from tests.benchmarks.simulated_pairs import simulate
from tests.helpers.paired_scores import log_ratio, study, swapped


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
    """Swaps after which all scores of a method are equal, computed with integers.

    They count as farther off than any ratio, or as 0 if both methods' scores are equal.
    """
    ties = 0
    for seed in (*range(100), 665):  # in the last seed rounding would count as a distance
        ours, theirs = np.random.default_rng(seed).integers(3, size=(2, 4 + seed % 2, 2 + seed % 2))
        a, b = ((2 * scores - 2 * np.median(scores, axis=0)).astype(int) for scores in (ours, theirs))
        if not (a.any(axis=0).all() and b.any(axis=0).all()):
            continue
        ratios = []
        for swap in itertools.product([False, True], repeat=len(a)):
            rows, total = np.array(swap)[:, None], 0.0
            x, y = (
                len(a) * (each**2).sum(axis=0) - each.sum(axis=0) ** 2
                for each in (np.where(rows, b, a), np.where(rows, a, b))
            )
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
    """The reference permutes Pitman and Morgan's correlation of sums and differences.

    The two tests order the swaps differently only because centring the swapped scores changes their variance.
    """
    ours, theirs = (scores[:, :, 0] for scores in simulate(np.random.default_rng(0), 30, 9, pairing=0.5, ratio=0.7))
    signs = np.array([*itertools.product([-1, 1], repeat=9)])
    found, permuted = [], []
    for ours_, theirs_ in zip(ours, theirs, strict=True):
        a, b = ours_ - np.median(ours_), theirs_ - np.median(theirs_)
        total, difference = a + b - (a + b).mean(), a - b
        r = np.corrcoef(total, difference)[0, 1]
        test = swap_test(a, b)
        variances = np.var(total, ddof=1) + np.var(difference, ddof=1)
        assert math.tanh(test.statistic) == pytest.approx(2 * np.cov(total, difference)[0, 1] / variances)
        moved = signs * difference
        after = (moved @ total) / np.sqrt(
            (total**2).sum() * ((moved - moved.mean(axis=1, keepdims=True)) ** 2).sum(axis=1)
        )
        permuted.append((np.abs(after) >= abs(r) - 1e-9).mean())
        found.append(test.p)
    assert np.ptp(permuted) > 0.5
    assert np.abs(np.array(found) - permuted).mean() < 0.02
    assert stats.spearmanr(found, permuted).statistic > 0.98


@pytest.mark.parametrize("runs", [8, 10, 15, 20])
def test_one_collapsed_run_is_no_difference(runs: int) -> None:
    """Centring by the mean would shift the other runs of its method, and make such a study the most extreme."""
    ours, theirs = simulate(np.random.default_rng(runs), 200, runs, 3, pairing=0.5)
    ours[:, 0] -= 50
    assert np.mean([swap_test(a, b).p <= 0.05 for a, b in zip(ours, theirs, strict=True)]) <= 0.06


@pytest.mark.parametrize("runs", [3, 5, 6, 7, 8, 20])
def test_the_least_p_is_reached_and_not_passed(runs: int) -> None:
    ours, theirs = study(runs, 14, seed=runs, pairing=0.3)
    found = swap_test(ours, 1000 * theirs)
    # With three runs, one is the median in most languages of a method, and its swap changes little.
    assert found.p in (found.least_p, *([2 * found.least_p] if runs == 3 else []))
    assert (found.least_p > 0.05) == (runs <= 5)


def test_in_one_language_an_odd_number_of_runs_gives_at_least_about_twice_the_least_p() -> None:
    """The median run of each method is the centre itself, so its swap hardly brings the methods closer."""
    times = {}
    for runs in (6, 7):
        found = [swap_test(ours, 1000 * theirs) for ours, theirs in (study(runs, seed=seed) for seed in range(40))]
        times[runs] = np.median([one.p / one.least_p for one in found])
    assert times == {6: 1, 7: 2}
