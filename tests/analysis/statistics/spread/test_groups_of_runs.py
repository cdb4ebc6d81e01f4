"""Runs of one setting are swapped together."""

import math

import numpy as np
import pytest

from analysis.statistics.spread.std_ratio import std_ratio
from analysis.statistics.spread.swap_test import swap_test
from tests.helpers.paired_scores import Array, swapped

GROUPS = np.array([0, 0, 1, 1, 1, 2, 3, 3, 4, 4, 5, 5])


def scores(seed: int) -> tuple[Array, Array]:
    random = np.random.default_rng(seed)
    return random.normal(0, 1, (12, 3)), random.normal(0, 2, (12, 3))


def test_groups_are_swapped_whole() -> None:
    ours, theirs = scores(8)
    test = swap_test(ours, theirs, GROUPS)
    assert test.p == pytest.approx(swapped(ours, theirs, GROUPS))
    assert (test.least_p, test.runs, test.exact) == (2.0**-5, 12, True)
    assert swap_test(ours, theirs, np.arange(12)) == swap_test(ours, theirs)
    few = swap_test(ours, theirs, GROUPS % 2)
    assert (few.reason, math.isnan(few.p)) == ("there are fewer than 3 settings", True)


@pytest.mark.parametrize("seed", range(3))
def test_the_interval_is_of_ratios_that_swaps_of_whole_groups_do_not_reject(seed: int) -> None:
    ours, theirs = scores(seed)
    ratio = std_ratio(ours, theirs, GROUPS)
    if not ratio.reason:
        for end, outward in ((ratio.low, -1), (ratio.high, 1)):
            room = 0.01 * abs(math.log(end / ratio.value))
            inside, outside = (swapped(ours / (end * math.exp(outward * far)), theirs, GROUPS) for far in (-room, room))
            assert outside <= 0.05 < inside


def test_of_few_groups_there_is_a_ratio_and_no_interval() -> None:
    ours, theirs = scores(9)
    assert std_ratio(ours, theirs, np.arange(12)) == std_ratio(ours, theirs)
    few = std_ratio(ours, theirs, GROUPS % 5)
    assert (few.value, few.reason) == (
        std_ratio(ours, theirs).value,
        "5 settings are too few to exclude any ratio",
    )
    assert math.isnan(few.low)
    assert math.isnan(few.high)
    with pytest.raises(ValueError, match="groups must have the shape"):
        std_ratio(ours, theirs, GROUPS[:4])


def test_drawn_anew_settings_are_covered_by_whole_settings_alone() -> None:
    """Ten settings with five seeds each. Half of the variance is each method's own effect at a setting."""
    random, groups = np.random.default_rng(10), np.repeat(np.arange(10), 5)
    hits = []
    for _ in range(200):
        a, b = random.normal(size=(2, 10))[:, groups] + random.normal(size=(2, 50))
        ratios = [std_ratio(a, b, by) for by in (None, groups)]
        hits.append([ratio.low <= 1 <= ratio.high for ratio in ratios] + [swap_test(a, b, groups).p <= 0.05])
    by_run, by_setting, size = np.mean(hits, axis=0)
    assert by_setting >= 0.95 - 3 * math.sqrt(0.05 * 0.95 / 200)
    assert by_run < by_setting
    assert size <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 200)
