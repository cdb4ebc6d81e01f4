"""Brown and Forsythe's test against scipy and statsmodels."""

import itertools
import math

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from analysis.statistics.spread.brown_forsythe import MIN_RUNS, brown_forsythe
from tests.helpers.paired_scores import study


@pytest.mark.parametrize(("runs", "languages"), [(8, 2), (9, 1), (25, 14)])
def test_brown_forsythe_is_scipys_and_statsmodels(runs: int, languages: int) -> None:
    ours, theirs = study(runs, languages, pairing=0.3, ratio=0.5)
    found = brown_forsythe(ours, theirs)
    expected = [stats.levene(a, b, center="median") for a, b in zip(ours.T, theirs.T, strict=True)]
    np.testing.assert_allclose([one.statistic for one in found], [one.statistic for one in expected])
    np.testing.assert_allclose([one.p for one in found], [one.pvalue for one in expected])
    np.testing.assert_allclose(
        [one.holm for one in found], multipletests([one.pvalue for one in expected], method="holm")[1]
    )


def test_languages_without_a_test_are_not_corrected_for() -> None:
    ours, theirs = study(8, 4, ratio=0.3)
    ours[:, 1] = theirs[:, 1] = 0.1 + 0.2
    ours[:, 2], theirs[:, 2] = [50] * 4 + [60] * 4, [20] * 4 + [50] * 4
    found = brown_forsythe(ours, theirs)
    assert [one.reason for one in found] == [
        "",
        "all runs of each method have the same score",
        "all runs of each method are equally far from its median",
        "",
    ]
    assert all(math.isnan(found[i].p) and math.isnan(found[i].holm) and math.isnan(found[i].statistic) for i in (1, 2))
    assert [found[0].holm, found[3].holm] == pytest.approx([*multipletests([found[0].p, found[3].p], method="holm")[1]])


def test_distances_of_one_mean_have_a_p_of_1() -> None:
    """Rounding must not take an F of 0 below 0: then no language would get a p."""
    ours = np.array([[0, 0, 0, 1] * 2, [0, 1, 2, 9] * 2]).T * 0.1
    theirs = np.array([[1, 0, 1, 1] * 2, [3, 4, 5, 6] * 2]).T * 0.1
    other = stats.levene(ours[:, 1], theirs[:, 1], center="median").pvalue
    for rows in itertools.islice(itertools.permutations(range(8)), 6):
        found = brown_forsythe(ours[[*rows]], theirs)
        assert (found[0].statistic, found[0].p, found[0].holm) == pytest.approx((0, 1, 1))
        assert (found[1].p, found[1].holm) == pytest.approx((other, 2 * other))


def test_there_is_no_test_of_few_runs() -> None:
    """From 4 runs p can be below 0.0001 by chance."""
    for runs in range(MIN_RUNS):
        for one in brown_forsythe(*study(runs, 2)):
            assert (one.reason, math.isnan(one.p), math.isnan(one.holm)) == ("there are fewer than 8 runs", True, True)
