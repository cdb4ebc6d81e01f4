"""Proportions against statsmodels, scipy and published intervals."""

import math

import numpy as np
import pytest
from scipy.stats import barnard_exact, binom, fisher_exact
from statsmodels.stats.proportion import proportion_confint

from analysis.statistics.proportions import MANY, UnpairedProportions, proportion, unpaired_proportions


@pytest.mark.parametrize(
    ("count", "runs", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilsons_interval_is_that_of_newcombes_table(count: int, runs: int, low: float, high: float) -> None:
    """Newcombe (1998), Statistics in Medicine 17:857-872, Table I, method 3."""
    found = proportion(count, runs)
    assert found.value == count / runs
    assert (found.low, found.high) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize("runs", [1, 2, 8, 100])
def test_wilsons_interval_is_that_of_statsmodels_and_holds_the_share(runs: int) -> None:
    for count in range(runs + 1):
        found = proportion(count, runs)
        assert (found.low, found.high) == pytest.approx(proportion_confint(count, runs, method="wilson"), abs=1e-12)
        assert 0 <= found.low <= found.value <= found.high <= 1


def test_of_no_runs_nothing_is_known() -> None:
    found = proportion(0, 0)
    assert (found.low, found.high) == (0, 1)
    assert math.isnan(found.value)
    none = unpaired_proportions(0, 0, 3, 8)
    assert math.isnan(none.difference)
    assert (none.low, none.high, none.p, none.least_p) == (-1, 1, 1, 1)


@pytest.mark.parametrize(("count", "runs"), [(-1, 3), (4, 3), (1, 0)])
def test_an_impossible_count_is_refused(count: int, runs: int) -> None:
    with pytest.raises(ValueError, match="a count must be from 0"):
        proportion(count, runs)
    with pytest.raises(ValueError, match="a count must be from 0"):
        unpaired_proportions(0, 1, count, runs)


@pytest.mark.parametrize(
    ("counts", "low", "high"),
    [
        ((56, 70, 48, 80), 0.0524, 0.3339),
        ((9, 10, 3, 10), 0.1705, 0.8090),
        ((6, 7, 2, 7), 0.0582, 0.8062),
        ((5, 56, 0, 29), -0.0381, 0.1926),
        ((10, 10, 0, 20), 0.6791, 1.0),
        ((10, 10, 0, 10), 0.6075, 1.0),
    ],
)
def test_the_unpaired_interval_is_newcombes(counts: tuple[int, int, int, int], low: float, high: float) -> None:
    """Newcombe (1998), Statistics in Medicine 17:873-890, Table II, method 10."""
    found = unpaired_proportions(*counts)
    assert (found.low, found.high) == pytest.approx((low, high), abs=5e-5)


def grid(runs: int) -> list[list[UnpairedProportions]]:
    return [[unpaired_proportions(a, runs, b, runs) for b in range(runs + 1)] for a in range(runs + 1)]


def test_the_unpaired_test_keeps_its_size_and_finds_more_than_fishers() -> None:
    runs = 8
    found = grid(runs)
    p = np.array([[cell.p for cell in row] for row in found])
    fisher = np.array(
        [[fisher_exact([[a, b], [runs - a, runs - b]]).pvalue for b in range(runs + 1)] for a in range(runs + 1)]
    )
    assert (p <= fisher + 1e-9).all()
    assert p == pytest.approx(p.T, abs=1e-9)
    assert p.min() == pytest.approx(found[0][0].least_p, abs=1e-9)

    def share(ours: float, theirs: float) -> float:
        weights = np.outer(*(binom.pmf(range(runs + 1), runs, q) for q in (ours, theirs)))
        return float(weights[p <= 0.05].sum())

    assert max(share(q, q) for q in np.linspace(0.01, 0.99, 50)) <= 0.05
    assert share(0.05, 0.5) == pytest.approx(0.46, abs=0.01)


def test_the_unpaired_test_is_near_barnards() -> None:
    for a, b in ((1, 6), (0, 4), (3, 3)):
        assert unpaired_proportions(a, 12, b, 12).p == pytest.approx(
            barnard_exact([[a, b], [12 - a, 12 - b]]).pvalue, abs=0.02
        )


def test_many_runs_have_fishers_p() -> None:
    half = MANY // 2 + 1
    assert unpaired_proportions(20, half, 60, half).p == fisher_exact([[20, 60], [half - 20, half - 60]]).pvalue
