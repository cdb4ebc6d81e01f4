"""Changes that leave the statistics of spread unchanged, and their reasons when data are too few."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.statistics.spread.brown_forsythe import brown_forsythe
from analysis.statistics.spread.minimum_detectable import (
    minimum_detectable_by_brown_forsythe,
    minimum_detectable_ratio,
)
from analysis.statistics.spread.std_ratio import std_ratio
from analysis.statistics.spread.swap_test import swap_test
from tests.helpers.examples import examples
from tests.helpers.paired_scores import study

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
    assert (again.value, again.low, again.high) == pytest.approx(
        (ratio.value, ratio.low, ratio.high), rel=1e-6, nan_ok=True
    )
    assert again.reason == ratio.reason
    assert swap_test(*moved).p == test.p
    assert [one.p for one in brown_forsythe(*moved)] == pytest.approx([one.p for one in each], nan_ok=True)

    inverse = std_ratio(theirs, ours)
    assert (inverse.value, inverse.low, inverse.high) == pytest.approx(
        (1 / ratio.value, 1 / ratio.high, 1 / ratio.low), nan_ok=True
    )
    opposite = swap_test(theirs, ours)
    assert (opposite.statistic, opposite.p) == pytest.approx((-test.statistic, test.p))
    assert [one.holm for one in brown_forsythe(theirs, ours)] == pytest.approx([one.holm for one in each], nan_ok=True)

    order = np.random.default_rng(seed).permutation(runs)
    mixed = std_ratio(ours[order], theirs[order])
    assert mixed.value == pytest.approx(ratio.value)
    if test.exact:
        assert (mixed.low, mixed.high) == pytest.approx((ratio.low, ratio.high), rel=1e-6, nan_ok=True)
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
    assert minimum_detectable_ratio(*many).ratio == minimum_detectable_ratio(ours, theirs).ratio


@settings(max_examples=examples(30), deadline=None)
@given(st.integers(0, 11), st.integers(1, 3), st.integers(1, 4), st.integers(0, 999))
def test_nothing_is_nan_without_a_reason(runs: int, languages: int, values: int, seed: int) -> None:
    """Scores take few values, so that methods, and resamples of them, often have equal scores."""
    ours, theirs = np.random.default_rng(seed).integers(values, size=(2, runs, languages)) * 0.1
    ratio, test, each = std_ratio(ours, theirs), swap_test(ours, theirs), brown_forsythe(ours, theirs)
    if math.isnan(ratio.value) or math.isnan(ratio.low):
        assert ratio.reason
        assert (math.isnan(ratio.low), math.isnan(ratio.high)) == (True, True)
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
    for runs in (2, 3, 4, 5):
        found = std_ratio(ours[:runs], theirs[:runs])
        assert math.isfinite(found.value)
        assert found.reason == f"{runs} runs are too few to exclude any ratio"
    for runs in range(3):
        assert swap_test(ours[:runs], theirs[:runs]).reason == "there are fewer than 3 runs"
        assert minimum_detectable_ratio(ours[:runs], theirs[:runs]).reason == "there are fewer than 3 runs"
        assert [one.reason for one in brown_forsythe(ours[:runs], theirs[:runs])] == ["there are fewer than 8 runs"] * 2
        assert minimum_detectable_by_brown_forsythe(runs).reason
    for runs in (3, 4, 5):
        assert f"with {runs} runs no p is below" in minimum_detectable_ratio(ours[:runs], theirs[:runs]).reason
        assert swap_test(ours[:runs], theirs[:runs]).least_p == 2 ** (1 - runs)


def test_scores_that_do_not_vary() -> None:
    ours, theirs = study(9, 2)
    ours[:, 1] = 0.1 + 0.2
    for found in (std_ratio(ours, theirs), swap_test(ours, theirs), minimum_detectable_ratio(ours, theirs)):
        assert found.reason == "all runs of a method have the same score"
    # If one method is a multiple of the other, every other ratio is excluded.
    found = std_ratio(theirs, 3 * theirs - 20)
    assert (found.low, found.value, found.high) == pytest.approx((1 / 3, 1 / 3, 1 / 3), rel=1e-3)


@pytest.mark.parametrize("statistic", [std_ratio, swap_test, brown_forsythe, minimum_detectable_ratio])
def test_scores_that_do_not_fit_are_refused(statistic: Any) -> None:
    ours, theirs = study(9, 2)
    for other in (theirs[:8], theirs[:, :1], theirs[:, 0], theirs[None]):
        with pytest.raises(ValueError, match="the same shape for both"):
            statistic(ours, other)
    with pytest.raises(ValueError, match="the same shape for both"):
        statistic(ours[:, :0], theirs[:, :0])
    for wrong in (math.nan, math.inf):
        theirs[3, 1] = wrong
        with pytest.raises(ValueError, match="all scores must be finite"):
            statistic(ours, theirs)
