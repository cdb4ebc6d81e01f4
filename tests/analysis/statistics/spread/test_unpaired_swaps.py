"""The unpaired permutation test against scipy's, and its size."""

import math

import numpy as np
import pytest
from scipy import stats

from analysis.statistics.spread.unpaired_swaps import DRAWN, MIN_RUNS, unpaired_swap_test


@pytest.mark.parametrize("ratio", [1.0, 0.4])
def test_p_is_that_of_all_permutations(ratio: float) -> None:
    random = np.random.default_rng(4)
    ours, theirs = ratio * random.normal(size=(6, 2)) + 60, random.normal(size=(5, 2)) + 50
    a, b = (scores - np.median(scores, axis=0) for scores in (ours, theirs))

    def mean_log_ratio(x: np.ndarray, y: np.ndarray) -> float:
        """The mean log ratio of the runs with these row numbers."""
        both = np.concatenate([a, b])
        return float(np.log(both[x].std(axis=0, ddof=1) / both[y].std(axis=0, ddof=1)).mean())

    exact = stats.permutation_test(
        (np.arange(6), np.arange(6, 11)), mean_log_ratio, n_resamples=np.inf, alternative="two-sided", vectorized=False
    )
    found = unpaired_swap_test(ours, theirs)
    assert found.statistic == pytest.approx(exact.statistic)
    extreme = (np.abs(exact.null_distribution) >= abs(exact.statistic) - 1e-9).mean()
    assert abs(found.p - extreme) < 4 * math.sqrt(extreme * (1 - extreme) / DRAWN) + 1 / DRAWN


def test_its_size_holds_where_runs_collapse() -> None:
    random = np.random.default_rng(0)
    studies = 150
    found = 0
    for _ in range(studies):
        ours, theirs = (random.normal(60, 2, (10, 3)) - 50 * (random.random((10, 1)) < 0.1) for _ in range(2))
        found += unpaired_swap_test(ours, theirs).p <= 0.05
    assert found / studies < 0.05 + 3 * math.sqrt(0.05 * 0.95 / studies)


def test_few_or_constant_runs_have_a_reason() -> None:
    few = unpaired_swap_test(np.ones((MIN_RUNS - 1, 2)), np.random.default_rng(0).normal(size=(9, 2)))
    assert math.isnan(few.p)
    assert "fewer than" in few.reason
    constant = unpaired_swap_test(np.ones((8, 2)), np.random.default_rng(0).normal(size=(9, 2)))
    assert constant.reason == "all runs of a method have the same score"
    for bad in (np.ones((8, 3)), np.full((8, 2), np.nan)):
        with pytest.raises(ValueError, match="scores must be"):
            unpaired_swap_test(bad, np.ones((8, 2)))
