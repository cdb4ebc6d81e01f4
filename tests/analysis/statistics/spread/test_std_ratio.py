"""Ratios of standard deviations against values by hand, and their intervals against all swaps."""

import math

import numpy as np
import pytest
from scipy import stats

from analysis.statistics.spread.std_ratio import PART, StdRatio, equivalent_stds, std_ratio, std_ratios
from analysis.statistics.spread.swap_test import swap_test
from tests.helpers.paired_scores import Array, study, swapped


@pytest.mark.parametrize(("runs", "languages"), [(2, 1), (3, 2), (4, 1), (7, 14), (8, 1), (30, 5)])
def test_the_ratio_is_the_geometric_mean_of_std_ratios(runs: int, languages: int) -> None:
    ours, theirs = study(runs, languages, ratio=0.6)
    found = std_ratio(ours, theirs)
    for ddof in (0, 1):
        assert found.value == pytest.approx(
            stats.gmean(np.std(ours, axis=0, ddof=ddof) / np.std(theirs, axis=0, ddof=ddof))
        )
    assert found.runs == runs
    assert found.reason == (f"{runs} runs are too few to exclude any ratio" if runs < 6 else "")


def test_a_ratio_by_hand() -> None:
    # The stds are √2 and 2√2, and 3 and 1. The ratios are a half and three, with the geometric mean √1.5.
    found = std_ratio([[1, 0], [3, 6]], [[2, 5], [6, 7]])
    assert found.value == pytest.approx(math.sqrt(0.5 * 3))
    assert std_ratio([1.0, 3.0], [2.0, 6.0]).value == pytest.approx(0.5)


def ends(ours: Array, theirs: Array, ratio: StdRatio) -> list[tuple[float, float]]:
    """Exact p just inside and just outside each end."""
    found = []
    for end, outward in ((ratio.low, -1), (ratio.high, 1)):
        room = 1.1 * PART * abs(math.log(end / ratio.value))
        inside, outside = (swapped(ours / (end * math.exp(outward * far)), theirs) for far in (-room, room))
        found.append((inside, outside))
    return found


@pytest.mark.parametrize(("runs", "languages", "level"), [(6, 2, 0.05), (8, 1, 0.05), (8, 3, 0.1), (10, 2, 0.05)])
@pytest.mark.parametrize("ratio", [1.0, 0.4])
def test_the_interval_ends_where_all_swaps_begin_to_reject(
    runs: int, languages: int, level: float, ratio: float
) -> None:
    ours, theirs = study(runs, languages, seed=runs, pairing=0.5, ratio=ratio)
    found = std_ratio(ours, theirs, level=level)
    assert found.low < found.value < found.high
    for inside, outside in ends(ours, theirs, found):
        assert outside <= level < inside


@pytest.mark.parametrize("runs", [20, 40])
def test_of_swaps_drawn_at_random_it_ends_where_the_test_begins_to_reject(runs: int) -> None:
    ours, theirs = study(runs, 3, seed=runs, pairing=0.5, ratio=0.7)
    found = std_ratio(ours, theirs)
    for end, outward in ((found.low, -1), (found.high, 1)):
        room = 1.1 * PART * abs(math.log(end / found.value))
        inside, outside = (swap_test(ours / (end * math.exp(outward * far)), theirs).p for far in (-room, room))
        assert outside <= 0.05 < inside


@pytest.mark.parametrize(("runs", "languages"), [(6, 1), (7, 3), (9, 1), (12, 2), (14, 1)])
def test_the_interval_holds_1_where_the_test_finds_no_difference(runs: int, languages: int) -> None:
    verdicts = []
    for seed in range(25):
        ours, theirs = study(runs, languages, seed=seed, pairing=0.3, ratio=0.5)
        found, test = std_ratio(ours, theirs), swap_test(ours, theirs)
        if found.reason:
            assert "exclude no ratio" in found.reason
        else:
            verdicts.append(test.p <= 0.05)
            assert verdicts[-1] == (not found.low <= 1 <= found.high)
    assert runs == 6 or set(verdicts) == {True, False}


def test_it_holds_1_where_the_test_is_at_the_edge() -> None:
    """Scores are scaled so that 1 lies within rounding of an end."""
    ours, theirs = study(12, 2, ratio=0.5)
    first = std_ratio(ours, theirs)
    for end in (first.low, first.high):
        for nudge in np.linspace(-0.01, 0.01, 9):
            moved = ours / (end * math.exp(nudge))
            found = std_ratio(moved, theirs)
            assert (swap_test(moved, theirs).p <= 0.05) == (not found.low <= 1 <= found.high)


def test_ratios_of_every_language_are_those_of_each_alone() -> None:
    ours, theirs = study(9, 4, pairing=0.5, ratio=0.6)
    ours[:, 2] = 50
    for i, found in enumerate(std_ratios(ours, theirs)):
        alone = std_ratio(ours[:, i], theirs[:, i])
        assert (found.value, found.runs, found.reason) == (pytest.approx(alone.value, nan_ok=True), 9, alone.reason)
        # Each search ends within ``PART`` of the distance.
        for end, other in ((found.low, alone.low), (found.high, alone.high)):
            far = abs(math.log(alone.high / alone.low))
            assert np.log([end]) == pytest.approx(np.log([other]), abs=PART * far, nan_ok=True)
    assert [one.reason for one in std_ratios(ours[:1], theirs[:1])] == ["there are fewer than 2 runs"] * 4
    few = std_ratios(ours[:5], theirs[:5])
    assert "too few" in few[0].reason
    assert few[2].reason == "all runs of a method have the same score"


@pytest.mark.parametrize("bound", [1.3, 1.8, 2.5])
def test_stds_are_equivalent_where_the_90_percent_interval_lies_within_the_bounds(bound: float) -> None:
    bounds, seen = (1 / bound, bound), set()
    for seed in range(25):
        ours, theirs = study(10, 2, seed=seed, pairing=0.7)
        found = std_ratio(ours, theirs, level=0.1)
        inside = not found.reason and bounds[0] < found.low and found.high < bounds[1]
        near = any(abs(math.log(end / at)) < 0.01 for end, at in zip((found.low, found.high), bounds, strict=True))
        if not near:
            assert equivalent_stds(ours, theirs, bounds=bounds) == inside
            seen.add(inside)
    assert seen == ({False} if bound == 1.3 else {True, False})


def test_stds_are_not_equivalent_outside_of_the_bounds_or_without_an_interval() -> None:
    ours, theirs = study(10, 2, pairing=0.7)
    assert not equivalent_stds(10 * ours, theirs, bounds=(0.2, 5))
    assert equivalent_stds(10 * ours, theirs, bounds=(2, 50))
    assert not equivalent_stds(ours[:4], theirs[:4], bounds=(0.01, 100))
    assert not equivalent_stds(ours[:1], theirs[:1], bounds=(0.01, 100))
    assert not equivalent_stds(0 * ours, theirs, bounds=(0.01, 100))
    groups = np.arange(10) // 2
    assert equivalent_stds(ours, theirs, groups, bounds=(0.01, 100)) == (
        max(swapped(ours / end, theirs, groups) for end in (0.01, 100)) <= 0.1
    )


def test_an_interval_that_is_open_on_a_side_is_none() -> None:
    # In the first two runs both methods are at their medians. Their swaps change nothing, so no p is below 4/32.
    ours, theirs = np.array([[0.0, 0, 0, 0, 1, -2], [0, 0, -1, 1, 3, 0]])
    found = std_ratio(ours, theirs)
    assert found.reason == "these runs exclude no ratio on one side"
    assert (math.isnan(found.low), math.isnan(found.high)) == (True, True)
    assert found.value == pytest.approx(ours.std() / theirs.std())
    assert min(swapped(ours[:, None] / factor, theirs[:, None]) for factor in (1e-7, 1, 1e7)) >= 4 / 32
