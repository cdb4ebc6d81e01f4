"""Std ratios and their tests on simulated truth."""

from typing import Any

import numpy as np
import pytest
from scipy import stats

from analysis.statistics.spread.minimum_detectable import SIMULATED, minimum_detectable_ratio
from tests.benchmarks.simulated_pairs import held, rejected, rejected_by_brown_forsythe, simulate
from tests.helpers.paired_scores import STUDIES, error


@pytest.mark.parametrize(("runs", "studies"), [(8, STUDIES), (20, 150)])
@pytest.mark.parametrize(("languages", "pairing", "ratio"), [(1, 0.0, 0.5), (14, 0.7, 0.7)])
def test_intervals_hold_the_truth_as_often_as_they_say(
    runs: int, studies: int, languages: int, pairing: float, ratio: float
) -> None:
    both = simulate(np.random.default_rng(runs), studies, runs, languages, ratio=ratio, pairing=pairing)
    assert 0.94 - error(0.94, studies) <= held(*both, ratio) <= 0.98 + error(0.98, studies)


@pytest.mark.parametrize(("runs", "studies"), [(5, 100), (8, 1000), (20, 300)])
@pytest.mark.parametrize(("languages", "pairing", "effects"), [(1, 0.0, 0.0), (14, 0.7, 2.0)])
def test_size_is_the_nominal(runs: int, studies: int, languages: int, pairing: float, effects: float) -> None:
    both = simulate(np.random.default_rng(runs + 1), studies, runs, languages, pairing=pairing, settings=effects)
    found = rejected(*both)
    if runs == 5:
        assert found == 0
    else:
        assert 0.03 - error(0.03, studies) <= found <= 0.055 + error(0.055, studies)
        assert rejected_by_brown_forsythe(*both) <= 0.055 + error(0.055, studies)


@pytest.mark.parametrize(
    "world",
    [
        {"kinds": ("lognormal", "lognormal")},
        {"kinds": ("t5", "t5")},
        {"collapse": 0.05},
        {"collapse": 0.1},
        {"collapse": 0.2},
        {"collapse": 0.4},
    ],
    ids=str,
)
@pytest.mark.parametrize("runs", [8, 15])
def test_size_is_no_more_where_runs_collapse_or_scores_are_skewed(runs: int, world: dict[str, Any]) -> None:
    both = simulate(np.random.default_rng(runs), STUDIES, runs, 3, pairing=0.5, **world)
    assert rejected(*both) <= 0.055 + error(0.055)


@pytest.mark.parametrize(("runs", "languages", "pairing"), [(8, 14, 0.7), (20, 1, 0.0), (SIMULATED + 10, 14, 0.3)])
def test_the_ratio_said_to_be_detectable_is(runs: int, languages: int, pairing: float) -> None:
    random, told, studies = np.random.default_rng(1), 25, 200
    said = [
        minimum_detectable_ratio(*both)
        for both in zip(*simulate(random, told, runs, languages, pairing=pairing), strict=True)
    ]
    ratio = float(stats.gmean([one.ratio for one in said]))
    assert 0 < ratio < 1
    # The ratios follow the observed correlations, so their own error adds to the share's.
    assert (
        0.8 - error(0.8, studies) - 0.05
        <= rejected(*simulate(random, studies, runs, languages, pairing=pairing, ratio=ratio))
        <= 0.9
    )
