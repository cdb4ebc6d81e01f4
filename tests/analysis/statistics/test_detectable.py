"""Minimum detectable ratios and differences."""

import math

import numpy as np
import pytest

from analysis.statistics.minimum_detectable import minimum_detectable_ratio
from tests.helpers.paired_scores import study


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
    # Of one language the log of the std ratio has a standard error of 1/√n.
    assert logs == pytest.approx([-(1.96 + 0.842) / 30, -(1.96 + 0.842) / 60], rel=0.02)
