"""Crossed std ratios against a jackknife written as a loop."""

import math

import numpy as np
import pytest
from scipy import stats

from analysis.statistics.spread.crossed_ratio import crossed_ratio
from tests.helpers.paired_scores import log_ratio, study


def jackknife(ours: np.ndarray, theirs: np.ndarray, labels: np.ndarray) -> float:
    logs = [log_ratio(ours[labels != one], theirs[labels != one]) for one in np.unique(labels)]
    return (len(logs) - 1) * float(np.var(logs))


@pytest.mark.parametrize(("settings", "seeds", "languages"), [(5, 3, 1), (4, 6, 3)])
def test_the_variance_is_the_larger_jackknifes(settings: int, seeds: int, languages: int) -> None:
    ours, theirs = study(settings * seeds, languages, ratio=0.6, seed=settings)
    setting, seed = (codes.ravel() for codes in np.indices((settings, seeds)))
    found = crossed_ratio(ours, theirs, setting, seed)
    by_setting, by_seed = (jackknife(ours, theirs, labels) for labels in (setting, seed))
    assert found.settings.estimate == pytest.approx(log_ratio(ours, theirs))
    assert found.settings.error == pytest.approx(math.sqrt(max(by_setting, by_seed)))
    assert found.seeds.error == pytest.approx(math.sqrt(by_seed))
    assert (found.seeds.df, found.settings.df) == (seeds - 1, min(settings, seeds) - 1)
    kept = np.arange(len(ours)) != 4
    absent = crossed_ratio(ours[kept], theirs[kept], setting[kept], seed[kept])
    assert absent.seeds.error == pytest.approx(math.sqrt(jackknife(ours[kept], theirs[kept], seed[kept])))


@pytest.mark.parametrize("scope", ["seeds", "settings"])
def test_its_interval_and_p_are_students(scope: str) -> None:
    setting, seed = (codes.ravel() for codes in np.indices((5, 4)))
    found = getattr(crossed_ratio(*study(20, 2, ratio=0.5), setting, seed), scope)
    interval = stats.t.interval(0.95, found.df, found.estimate, found.error)
    assert (found.low, found.high) == pytest.approx(interval)
    assert found.p == pytest.approx(2 * stats.t.sf(abs(found.estimate) / found.error, found.df))


@pytest.mark.parametrize("seeds", [1, 2])
def test_without_crossed_seeds_there_is_an_estimate_and_a_reason(seeds: int) -> None:
    ours, theirs = study(10 * seeds, 2)
    setting, seed = (codes.ravel() for codes in np.indices((10, seeds)))
    found = crossed_ratio(ours, theirs, setting, seed + 100 * setting * (seeds > 1))
    for scope in (found.seeds, found.settings):
        assert scope.estimate == pytest.approx(log_ratio(ours, theirs))
        assert math.isnan(scope.low)
        assert scope.reason == ("there is one seed" if seeds == 1 else "seeds are not shared by settings")


def test_where_there_is_no_crossed_interval() -> None:
    ours, theirs = study(12, 1)
    setting, seed = np.arange(12) // 2, np.arange(12) % 2
    for scope in (found := crossed_ratio(ours, theirs, setting, seed)).seeds, found.settings:
        assert "there are 2 seeds" in scope.reason
        assert scope.estimate == pytest.approx(log_ratio(ours, theirs))
    two = crossed_ratio(ours, theirs, seed, setting)
    assert not two.seeds.reason
    assert "there are 2 settings" in two.settings.reason
    assert "the same score" in crossed_ratio(ours * 0, theirs, setting, seed).settings.reason
    assert "fewer than 2" in crossed_ratio([1.0], [2.0], [0], [0]).settings.reason
    one = np.where(np.arange(12) == 0, 5.0, 3.0)
    assert (
        "leaving out one of the seeds"
        in crossed_ratio(one, theirs[:, 0], np.arange(12) // 4, np.arange(12) % 4).seeds.reason
    )
    scaled = crossed_ratio(ours, ours * 2 + 1, np.arange(12) // 4, np.arange(12) % 4)
    assert "never changes" in scaled.settings.reason
    with pytest.raises(ValueError, match="must have the shape"):
        crossed_ratio(ours, theirs, setting, seed[:3])
