"""The swap test against all swaps."""

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from analysis.statistics.swap_test import DRAWN, EXACT, swap_test
from tests.benchmarks.spread import simulate
from tests.helpers.paired_scores import Array, log_ratio, study


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
    """Swaps after which a method's scores are all the same, by integers: farther off than any ratio or, where both are,
    at 0."""
    ties = 0
    for seed in (*range(100), 665):  # in the last rounding would count for a distance
        ours, theirs = np.random.default_rng(seed).integers(3, size=(2, 4 + seed % 2, 2 + seed % 2))
        a, b = (len(scores) * scores - scores.sum(axis=0) for scores in (ours, theirs))
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
    """Their correlation of sums and differences, permuted. Its order of swaps is another only as centring the swapped
    scores changes it."""
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
        after = (moved @ total) / np.sqrt(
            (total**2).sum() * ((moved - moved.mean(axis=1, keepdims=True)) ** 2).sum(axis=1)
        )
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
