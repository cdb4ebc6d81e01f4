"""Robustness profiles and interquartile means against scipy and known truth."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from analysis.statistics import run_bootstrap
from analysis.statistics.profiles import interquartile_mean, profile
from analysis.statistics.run_bootstrap import percentiles
from tests.helpers.examples import examples
from tests.helpers.score_arrays import POINTS, RUNS, TABLES, Array, coverage, made, scores


@pytest.mark.usefixtures("few")
@settings(max_examples=examples(100), deadline=None)
@given(TABLES, st.lists(POINTS, min_size=1, max_size=8), st.data())
def test_a_profile_is_the_share_above_and_never_rises(
    table: Array, thresholds: list[float], data: st.DataObject
) -> None:
    levels = np.sort(thresholds)
    for given_scores in (table[:, 0], table):
        found = profile(given_scores, levels)
        assert found.share == pytest.approx([(given_scores > level).mean() for level in levels])
        assert (np.diff(found.share) <= 0).all()
        assert found.n == len(table)
        if len(table) < 4:
            assert found.reason
            assert not found.low.size
        else:
            assert (np.diff(found.low) <= 0).all()
            assert (found.low <= found.high).all()
    order = data.draw(st.permutations(range(len(table))))
    assert (profile(table[order], levels).share == found.share).all()


@pytest.mark.usefixtures("few")
@settings(max_examples=examples(100), deadline=None)
@given(RUNS.flatmap(lambda runs: scores(runs + 5, 3)))
def test_an_interquartile_mean_is_scipys_trimmed_mean(table: Array) -> None:
    for given_scores in (table[:, 0], table):
        found = interquartile_mean(given_scores)
        assert found.value == pytest.approx(stats.trim_mean(given_scores.ravel(), 0.25))
        assert found.low <= found.high
    assert interquartile_mean(table[::-1]).value == pytest.approx(found.value)


@pytest.mark.usefixtures("thousand")
def test_resampled_cells_are_those_of_whole_runs() -> None:
    _, targets = made(9)
    targets[2, 1] = np.nan
    drawn = np.random.default_rng(run_bootstrap.SEED).integers(9, size=(run_bootstrap.RESAMPLES, 9))
    resampled = [cells[~np.isnan(cells)] for cells in targets[drawn].reshape(run_bootstrap.RESAMPLES, -1)]
    found = interquartile_mean(targets)
    assert (found.low, found.high) == pytest.approx(
        tuple(percentiles([stats.trim_mean(cells, 0.25) for cells in resampled]))
    )
    levels = [58.0, 60.0, 62.0]
    band = profile(targets, levels)
    expected = percentiles([[(cells > level).mean() for level in levels] for cells in resampled])
    assert np.concatenate([band.low, band.high]) == pytest.approx(np.concatenate(expected))


def test_the_interval_of_an_interquartile_mean_is_scipys_but_for_chance() -> None:
    zero_shot = made(40)[1].mean(axis=1)
    found = interquartile_mean(zero_shot)
    theirs = stats.bootstrap(
        (zero_shot,),
        lambda x, axis: stats.trim_mean(x, 0.25, axis=axis),
        method="percentile",
        rng=np.random.default_rng(1),
    ).confidence_interval
    room = 0.08 * (theirs.high - theirs.low)
    assert found.low == pytest.approx(theirs.low, abs=room)
    assert found.high == pytest.approx(theirs.high, abs=room)


@pytest.mark.usefixtures("thousand")
def test_intervals_of_profiles_and_interquartile_means_hold_the_truth_as_often_as_they_say() -> None:
    """Coverage is 95 % from 20 runs and lower at 5. 1.7 % is two standard errors of 95 % of 600 studies."""
    random = np.random.default_rng(0)
    for runs, at_least, at_most in ((5, 0.85, 0.92), (20, 0.925, 0.975), (50, 0.93, 0.97)):
        studies = random.normal(60, 2, (600, runs))
        means = [interquartile_mean(study) for study in studies]
        assert at_least <= coverage([mean.low <= 60 <= mean.high for mean in means]) <= at_most
        if runs > 5:
            bands = [profile(study, [60.0]) for study in studies]
            assert 0.93 <= coverage([bool(band.low[0] <= 0.5 <= band.high[0]) for band in bands]) <= 0.98


def test_few_runs_have_a_reason_and_runs_without_scores_are_none() -> None:
    assert (profile([], [1.0]).reason, profile([], [1.0]).share.size) == ("there are no runs", 0)
    assert interquartile_mean([math.nan]).reason == "there are no runs"
    three = interquartile_mean([1.0, math.nan, 2.0, 6.0])
    assert (three.value, three.n, three.reason) == (3.0, 3, "there are fewer than 4 runs")
    assert math.isnan(three.low)
    cells = profile([[1.0, math.nan], [3.0, 5.0], [math.nan, math.nan]], [2.0])
    assert (cells.share.tolist(), cells.n) == ([pytest.approx(2 / 3)], 2)
    for wrong in (
        lambda: profile([1.0], [math.nan]),
        lambda: profile([1.0], [[1.0]]),
        lambda: interquartile_mean([math.inf]),
    ):
        with pytest.raises(ValueError, match="finite"):
            wrong()
    with pytest.raises(ValueError, match="runs × languages"):
        interquartile_mean(np.ones((2, 2, 2)))
