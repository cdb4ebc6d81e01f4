"""Scoped means against means of settings and seeds, matrix forms, and simulated truth."""

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from analysis.statistics.crossed_means import MANY, crossed_means
from tests.helpers.paired_scores import error

Array = NDArray[np.float64]


def grid(settings: int, seeds: int, seed: int = 0, own: bool = False) -> tuple[Array, NDArray[Any], NDArray[Any]]:
    """Differences (settings × seeds) and their labels."""
    setting, label = np.indices((settings, seeds))
    return np.random.default_rng(seed).normal(1, 2, (settings, seeds)), setting, label + own * 1000 * setting


def of(differences: Array, setting: Array, seed: Array) -> Any:
    return crossed_means(differences.ravel(), setting.ravel(), seed.ravel())


@pytest.mark.parametrize(("settings", "seeds"), [(4, 2), (5, 3), (10, 2), (3, 8)])
def test_crossed_variances_are_those_of_the_means(settings: int, seeds: int) -> None:
    differences, *labels = grid(settings, seeds)
    found = of(differences, *labels)
    by_setting = differences.mean(axis=1).var(ddof=1) / settings
    by_seed = differences.mean(axis=0).var(ddof=1) / seeds
    assert found.settings.error**2 == pytest.approx(by_setting + by_seed)
    within = differences - differences.mean(axis=1, keepdims=True)
    pooled = (within**2).sum() / (settings * (seeds - 1)) / differences.size
    assert found.seeds.error**2 == pytest.approx(pooled + by_seed)
    parts, least = [(by_setting, settings - 1), (by_seed, seeds - 1)], min(settings, seeds) - 1
    df = max(by_setting, by_seed) ** 2 / sum(part**2 / free for part, free in parts)
    assert found.settings.df == pytest.approx(min(max(df, least), 2 * least))
    for scope in (found.seeds, found.settings):
        told = stats.t(scope.df, differences.mean(), scope.error)
        assert (scope.low, scope.high) == pytest.approx(told.interval(0.95))
        assert scope.p == pytest.approx(2 * stats.t.sf(abs(differences.mean()) / scope.error, scope.df))
    assert (found.n, found.n_settings, found.n_seeds, found.crossed) == (settings * seeds, settings, seeds, True)


def test_one_seed_is_a_t_test_over_settings() -> None:
    differences, *labels = grid(6, 1)
    found = of(differences, *labels)
    expected = stats.ttest_1samp(differences[:, 0], 0)
    assert (found.settings.p, found.settings.df) == pytest.approx((expected.pvalue, 5))
    assert "one seed" in found.settings.note
    assert "one seed" in found.seeds.reason
    assert math.isnan(found.runs.low)
    assert found.runs.estimate == pytest.approx(differences.mean())


def test_seeds_of_their_own_are_pooled_within_settings() -> None:
    differences, *labels = grid(5, 3, own=True)
    found = of(differences, *labels)
    assert found.settings.p == pytest.approx(stats.ttest_1samp(differences.mean(axis=1), 0).pvalue)
    assert found.seeds.df == pytest.approx(10)
    assert found.seeds.error**2 == pytest.approx(differences.var(axis=1, ddof=1).mean() / 15)
    assert (found.n_seeds, found.crossed) == (15, False)
    one = of(*(part[:1] for part in (differences, *labels)))
    assert one.seeds.p == pytest.approx(stats.ttest_1samp(differences[0], 0).pvalue)
    assert "one setting" in one.settings.reason


def test_a_run_that_is_absent_and_one_that_is_twice_there_count_as_such() -> None:
    differences, setting, seed = grid(5, 3)
    kept = np.array([0, 1, 2, 3, 4, 6, 7, 8, 9, 10, 12, 14, 14])
    values = differences.ravel()[kept] + np.arange(len(kept)) / 50
    found = crossed_means(values, setting.ravel()[kept], seed.ravel()[kept])
    total = 0.0
    for labels in (setting.ravel()[kept], seed.ravel()[kept]):
        member = (labels[:, None] == np.unique(labels)).astype(float)
        centre = np.eye(len(kept)) - 1 / len(kept)
        sums = member.T @ (values - values.mean())
        # Unbiased if these clusters' effects, of variance 1, are all there is: the mean's variance over its expected
        # sums.
        unbiased = (member.sum(axis=0) ** 2).sum() / np.trace(member.T @ centre @ member @ member.T @ centre @ member)
        total += (sums**2).sum() / len(kept) ** 2 * unbiased
    assert found.settings.estimate == pytest.approx(values.mean())
    assert found.settings.error**2 == pytest.approx(total)
    with_nan = np.full(15, np.nan)
    with_nan[kept[:-1]] = differences.ravel()[kept[:-1]]
    assert crossed_means(with_nan, setting.ravel(), seed.ravel()) == crossed_means(
        differences.ravel()[kept[:-1]], setting.ravel()[kept[:-1]], seed.ravel()[kept[:-1]]
    )


def test_labels_are_names() -> None:
    differences, setting, seed = grid(4, 3)
    names = np.array(["d", "a", "c", "b"])[setting]
    found, other = of(differences, setting, seed), of(differences, names, seed * 7 + 3)
    for one, two in zip(found.scopes, other.scopes, strict=True):
        assert two.error == pytest.approx(one.error, nan_ok=True)


def test_many_clusters_count_as_equal() -> None:
    differences, *labels = grid(MANY + 1, 1)
    found = of(differences, *labels).settings
    assert (found.df, found.error) == pytest.approx((MANY, differences.std(ddof=1) / math.sqrt(MANY + 1)))


def test_where_a_scope_has_no_interval() -> None:
    assert all("no runs" in scope.reason for scope in crossed_means([], [], []).scopes)
    same = crossed_means([0.3, 0.1 + 0.2, 0.3, 0.3], [0, 0, 1, 1], [0, 1, 0, 1])
    assert "the same" in same.settings.reason
    assert "the same" in same.seeds.reason
    alone = crossed_means([1.0, 2.0, 3.0], [0, 1, 2], [0, 1, 0])
    assert "cannot be separated" in alone.seeds.reason
    assert not alone.settings.reason
    few = crossed_means([1.0, 2.0, 3.0, 5.0], [0, 0, 1, 2], [0, 1, 0, 1])
    assert "fewer than 3 comparisons" in few.seeds.reason
    with pytest.raises(ValueError, match="must have the shape"):
        crossed_means([1.0, 2.0], [1], [1, 2])
    with pytest.raises(ValueError, match="finite"):
        crossed_means([1.0, math.inf], [1, 2], [1, 2])


@pytest.mark.parametrize(("settings", "seeds"), [(4, 2), (5, 1), (5, 3), (10, 2)])
@pytest.mark.parametrize("world", ["normal", "effects", "collapse"])
def test_no_difference_is_found_in_at_most_six_per_cent(settings: int, seeds: int, world: str) -> None:
    random, studies = np.random.default_rng(settings * seeds), 250
    found = []
    for _ in range(studies):
        differences = random.normal(size=(settings, seeds))
        if world == "effects":
            # One seed says nothing about other seeds, so with one seed only settings have effects.
            differences += random.normal(size=(settings, 1)) + (seeds > 1) * random.normal(size=(1, seeds))
        elif world == "collapse":
            collapsed = random.random((2, settings, seeds)) < 0.1
            differences += 50.0 * (collapsed[0].astype(float) - collapsed[1])
        found.append(of(differences, *np.indices((settings, seeds))).settings.p <= 0.05)
    assert np.mean(found) <= 0.05 + error(0.05, studies)
