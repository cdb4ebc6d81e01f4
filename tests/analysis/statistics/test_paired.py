"""Paired tests against scipy's."""

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from analysis.statistics.paired import FLIPS, paired_tests, sign_flips, t_test, wilcoxon


@pytest.mark.parametrize("count", [2, 3, 8, 13, 25])
def test_paired_tests_are_scipys(count: int) -> None:
    random = np.random.default_rng(count)
    one = 60 + random.normal(size=count)
    other = one - 0.5 + random.normal(size=count)
    t, ranks, flips = paired_tests(one, other)
    expected = stats.ttest_rel(one, other)
    assert (t.statistic, t.p, t.least_p, t.n) == pytest.approx((expected.statistic, expected.pvalue, 0, count))
    expected = stats.wilcoxon(one, other)
    assert (ranks.statistic, ranks.p) == pytest.approx((expected.statistic, expected.pvalue))
    assert ranks.least_p == pytest.approx(2 / 2**count)
    expected = stats.permutation_test(
        (one, other),
        lambda x, y, axis: (x - y).mean(axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=FLIPS,
        rng=np.random.default_rng(7),
    )
    exact = 2**count <= FLIPS
    assert flips.statistic == pytest.approx(expected.statistic)
    assert flips.p == pytest.approx(expected.pvalue, abs=1e-12 if exact else 0.03)
    assert flips.least_p == pytest.approx(2 / 2**count if exact else 2 / (FLIPS + 1))


def test_sign_flips_by_hand() -> None:
    differences = np.array([0.3, 1.2, -0.4, 2.0, 0.9, 0.9])
    signs = np.array(list(itertools.product([-1, 1], repeat=6)))
    means = signs @ differences / 6
    found = sign_flips(differences, np.zeros(6))
    assert found.p == pytest.approx(np.mean(np.abs(means) >= abs(differences.mean()) - 1e-12))
    assert sign_flips(np.zeros(4), np.zeros(4)).p == 1


def test_pairs_without_a_score_are_left_out() -> None:
    one, other = np.array([1.0, 2.5, math.nan, 3.0, 7.0]), np.array([0.5, 1.0, 2.0, math.nan, 4.0])
    for test in (t_test, wilcoxon, sign_flips):
        assert test(one, other) == test(one[[0, 1, 4]], other[[0, 1, 4]])
    with pytest.raises(ValueError, match="one shape"):
        t_test(one, other[:3])


def test_where_there_is_no_paired_test() -> None:
    for found in paired_tests([1.0], [2.0]):
        assert math.isnan(found.p)
        assert "fewer than 2 pairs" in found.reason
    base = np.array([60.1, 55.3, 70.9])
    same, ranks, flips = paired_tests(base + 0.1, base)  # the same but for rounding
    assert "the same" in same.reason
    assert not ranks.reason
    assert flips.p == flips.least_p == 0.25
    nothing, ranks, flips = paired_tests(base, base)
    assert nothing.reason
    assert "all differences are 0" in ranks.reason
    assert flips.p == 1
