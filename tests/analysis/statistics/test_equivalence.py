"""Equivalence tests against statsmodels'."""

import math

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.weightstats import DescrStatsW

from analysis.statistics.equivalence import mean_equivalence, ratio_equivalence


@pytest.mark.parametrize(("runs", "shift", "bounds"), [(5, 0.0, (-1, 1)), (12, 0.6, (-1, 1)), (30, -0.9, (-2, 0.5))])
def test_two_one_sided_tests_are_statsmodels(runs: int, shift: float, bounds: tuple[float, float]) -> None:
    values = np.random.default_rng(runs).normal(shift, 1, runs)
    described = DescrStatsW(values)
    found = mean_equivalence(values.mean(), values.std(ddof=1) / math.sqrt(runs), runs - 1, *bounds)
    assert found.p == pytest.approx(described.ttost_mean(*bounds)[0])
    assert (found.low, found.high) == pytest.approx(described.tconfint_mean(alpha=0.1))


@pytest.mark.parametrize("estimate", np.linspace(-1.5, 1.5, 13))
def test_equivalent_is_a_90_per_cent_interval_inside(estimate: float) -> None:
    for size in (0.1, 0.4, 1.0):
        found = mean_equivalence(estimate, size, 7, -1, 1)
        assert found.equivalent == (found.low > -1 and found.high < 1) == (found.p < 0.05)


def test_a_ratio_is_tested_on_the_log_scale() -> None:
    found = ratio_equivalence(math.log(1.05), 0.05, 12, 0.8, 1.25)
    expected = mean_equivalence(math.log(1.05), 0.05, 12, math.log(0.8), math.log(1.25))
    assert (found.p, found.equivalent) == (expected.p, True)
    assert (found.low, found.high) == pytest.approx(1.05 * np.exp(np.array([-1, 1]) * stats.t.ppf(0.95, 12) * 0.05))
    assert ratio_equivalence(-math.log(1.05), 0.05, 12, 0.8, 1.25).p == pytest.approx(found.p)
    assert not ratio_equivalence(math.log(1.05), 0.05, 12, low=0.99, high=1.01).equivalent


def test_size_at_the_bound_is_the_nominal() -> None:
    random, runs = np.random.default_rng(0), 8
    studies = random.normal(1, 0.3, (4000, runs))
    found = [
        mean_equivalence(one.mean(), one.std(ddof=1) / math.sqrt(runs), runs - 1, -1, 1).equivalent for one in studies
    ]
    assert np.mean(found) == pytest.approx(0.05, abs=0.01)


def test_where_there_is_no_equivalence_test() -> None:
    for found in (mean_equivalence(0.1, math.nan, math.nan, -1, 1), ratio_equivalence(math.nan, 0.1, 3, 0.8, 1.25)):
        assert "no standard error" in found.reason
        assert math.isnan(found.p)
        assert not found.equivalent
    assert mean_equivalence(0.1, 0, 3, -1, 1).reason
    for wrong in ((1, -1), (1, 1)):
        with pytest.raises(ValueError, match="lower bound"):
            mean_equivalence(0, 1, 3, *wrong)
    with pytest.raises(ValueError, match="above 0"):
        ratio_equivalence(0, 1, 3, 0, 2)
    with pytest.raises(ValueError, match="standard error"):
        mean_equivalence(0, -1, 3, -1, 1)
