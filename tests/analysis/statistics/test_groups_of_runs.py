"""Runs of one setting are taken together."""

import itertools
import math

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from analysis.statistics.std_ratio import std_ratio
from analysis.statistics.swap_test import swap_test


def test_groups_are_swapped_whole() -> None:
    random = np.random.default_rng(8)
    a, b = random.normal(0, 1, (12, 3)), random.normal(0, 2, (12, 3))
    groups = np.array([0, 0, 1, 1, 1, 2, 3, 3, 4, 4, 5, 5])
    found, observed = [], np.log(a.std(axis=0) / b.std(axis=0)).mean()
    for picked in itertools.product((False, True), repeat=6):
        swapped = np.array(picked)[groups][:, None]
        one, other = (
            np.where(swapped, b - b.mean(axis=0), a - a.mean(axis=0)),
            np.where(swapped, a - a.mean(axis=0), b - b.mean(axis=0)),
        )
        found.append(np.log(one.std(axis=0) / other.std(axis=0)).mean())
    test = swap_test(a, b, groups)
    assert test.p == pytest.approx(np.mean(np.abs(found) >= abs(observed) - 1e-9))
    assert test.least_p == 2.0**-5
    assert swap_test(a, b, np.arange(12)) == swap_test(a, b)


def test_groups_are_left_out_and_drawn_whole() -> None:
    random = np.random.default_rng(9)
    groups = np.array([0, 0, 1, 1, 1, 2, 2, 3, 3, 4])
    a, b = random.normal(0, 1, (10, 2)), random.normal(0, 2, (10, 2))

    def log(kept: NDArray[np.bool_]) -> float:
        return float(np.log(a[kept].std(axis=0) / b[kept].std(axis=0)).mean())

    left = np.array([log(groups != group) for group in range(5)])
    half = stats.t.ppf(0.975, 4) * math.sqrt(4 * left.var())
    ratio = std_ratio(a, b, groups)
    assert (math.log(ratio.low), math.log(ratio.high)) == pytest.approx(
        (log(groups >= 0) - half, log(groups >= 0) + half)
    )
    assert std_ratio(a, b, np.arange(10)) == std_ratio(a, b)
    assert std_ratio(a, b, groups % 3).reason == "there are fewer than 4 settings"
    with pytest.raises(ValueError, match="groups are"):
        std_ratio(a, b, groups[:4])


def test_drawn_anew_settings_are_covered_by_whole_settings_alone() -> None:
    """Ten settings with five seeds each, half of the variance each method's own at a setting."""
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
