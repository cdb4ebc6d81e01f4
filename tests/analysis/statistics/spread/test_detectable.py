"""Minimum detectable ratios and differences."""

import math

import numpy as np
import pytest
from statsmodels.stats.power import TTestPower

from analysis.statistics.spread.brown_forsythe import MIN_RUNS
from analysis.statistics.spread.minimum_detectable import (
    minimum_detectable_by_brown_forsythe,
    minimum_detectable_difference,
    minimum_detectable_ratio,
)
from tests.benchmarks.simulated_pairs import rejected_by_brown_forsythe, simulate
from tests.helpers.paired_scores import error, study


def test_what_is_detectable_is_not_of_the_ratio_observed_and_less_of_more_runs() -> None:
    for runs in (8, 60):
        ours, theirs = study(runs, 3)
        assert minimum_detectable_ratio(0.2 * ours, theirs).ratio == pytest.approx(
            minimum_detectable_ratio(ours, theirs).ratio
        )
    ratios = [minimum_detectable_ratio(*study(runs, 14, pairing=0.5)).ratio for runs in (6, 10, 30, 100, 1000)]
    assert ratios == sorted(ratios)
    assert (
        minimum_detectable_ratio(*study(300, 14, pairing=0.9)).ratio > minimum_detectable_ratio(*study(300, 14)).ratio
    )


def test_of_many_runs_languages_that_do_not_move_together_count_as_so_many() -> None:
    ours, theirs = np.random.default_rng(0).normal(size=(2, 900, 4))
    logs = [
        math.log(minimum_detectable_ratio(ours[:, :languages], theirs[:, :languages]).ratio) for languages in (1, 4)
    ]
    # In one language the log of the std ratio has a standard error of 1/√n.
    assert logs == pytest.approx([-(1.96 + 0.842) / 30, -(1.96 + 0.842) / 60], rel=0.02)


def test_brown_forsythe_finds_the_ratio_it_is_said_to() -> None:
    for runs in (10, 30):
        both = simulate(np.random.default_rng(2), 1000, runs, ratio=minimum_detectable_by_brown_forsythe(runs).ratio)
        assert rejected_by_brown_forsythe(*both) == pytest.approx(0.8, abs=0.04 + error(0.8, 1000))
    ratios = [minimum_detectable_by_brown_forsythe(runs).ratio for runs in (MIN_RUNS, 30, 300, 1200)]
    assert ratios == sorted(ratios)
    assert 0 < ratios[0] < ratios[-1] < 1
    few = minimum_detectable_by_brown_forsythe(MIN_RUNS - 1)
    assert (math.isnan(few.ratio), few.reason) == (True, f"there are fewer than {MIN_RUNS} runs")


@pytest.mark.parametrize("runs", [5, 20, 100])
def test_the_detectable_difference_is_statsmodels(runs: int) -> None:
    effect = TTestPower().solve_power(nobs=runs, alpha=0.05, power=0.8)
    # The sum of two Student quantiles approximates a quantile of the noncentral t.
    assert minimum_detectable_difference(3 / math.sqrt(runs), runs - 1) == pytest.approx(
        3 * effect, rel=0.1 if runs == 5 else 0.01
    )
    assert math.isnan(minimum_detectable_difference(math.nan, math.nan))
