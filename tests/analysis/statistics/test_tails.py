"""Tails against brute force, order statistics and simulated truth."""

import math

import numpy as np
import pytest
from scipy import stats

from analysis.statistics import run_bootstrap
from analysis.statistics.tails import Figure, tails
from tests.helpers.paired_scores import error

NAMES = ("worst", "quantile", "worst_tenth", "iqr", "gini", "logit_std")


def measures(scores: np.ndarray) -> dict[str, float]:
    """All measures by definition; the worst tenth is right only for whole numbers of runs."""
    return {
        "worst": scores.min(),
        "quantile": np.quantile(scores, 0.1),
        "worst_tenth": np.sort(scores)[: len(scores) // 10].mean(),
        "iqr": stats.iqr(scores),
        "gini": np.abs(scores[:, None] - scores).sum() / len(scores) / (len(scores) - 1),
        "logit_std": np.log(scores / (100 - scores)).std(ddof=1),
    }


@pytest.mark.parametrize("runs", [10, 20, 40])
@pytest.mark.usefixtures("few")
def test_measures_are_their_definitions(runs: int) -> None:
    scores = np.random.default_rng(runs).uniform(20, 95, runs)
    found = tails(scores)
    assert {name: getattr(found, name).estimate for name in NAMES} == pytest.approx(measures(scores))
    assert found.n == runs
    assert tails([*scores, math.nan]) == found


def test_the_run_at_the_edge_counts_by_its_part() -> None:
    assert tails([50, 60, *[70] * 13]).worst_tenth.estimate == pytest.approx((50 + 60 / 2) / 1.5)
    assert tails([50, 60, 70]).worst_tenth.estimate == 50


def test_logits_are_kept_away_from_the_ends() -> None:
    found = tails([0, 100], resolution=2).logit_std.estimate
    assert found == pytest.approx(math.log(99) * math.sqrt(2))


@pytest.mark.usefixtures("few")
def test_intervals_begin_where_they_hold() -> None:
    scores = np.random.default_rng(0).normal(60, 2, 36)
    have = {
        runs: {name for name in NAMES if not getattr(tails(scores[:runs]), name).reason} for runs in (19, 20, 35, 36)
    }
    assert have == {
        19: set(),
        20: {"iqr"},
        35: {"iqr"},
        36: {"iqr", "worst_tenth", "gini", "logit_std", "quantile"},
    }
    assert tails(scores, np.arange(36) // 2).gini.reason.startswith("there are fewer than 36 settings")


def test_the_quantiles_interval_is_binomial() -> None:
    scores = np.random.default_rng(1).normal(60, 2, 50)
    found, ordered = tails(scores).quantile, np.sort(scores)
    low, high = (int(np.flatnonzero(ordered == end)[0]) + 1 for end in (found.low, found.high))
    # The quantile is above the low-th run if fewer than ``low`` runs are below it, and so on.
    assert stats.binom.cdf(low - 1, 50, 0.1) <= 0.025 < stats.binom.cdf(low, 50, 0.1)
    assert stats.binom.sf(high - 1, 50, 0.1) <= 0.025 < stats.binom.sf(high - 2, 50, 0.1)


@pytest.mark.parametrize("together", [False, True])
def test_the_bootstrap_is_the_one_written_as_a_loop(together: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_bootstrap, "RESAMPLES", 60)
    random = np.random.default_rng(2)
    groups = np.repeat(np.arange(36), random.integers(1, 3, 36)) if together else np.arange(36)
    scores = np.sort(random.normal(60, 2, len(groups)))  # the order in which units are numbered
    found = tails(scores, groups if together else None)
    iqrs, far = [], []

    def studentised(runs: np.ndarray, often: np.ndarray) -> tuple[float, float]:
        drawn = scores[runs]
        value = np.abs(drawn[:, None] - drawn).sum() / len(drawn) / (len(drawn) - 1)
        influence = 2 * (np.abs(scores[:, None] - drawn).sum(axis=1) / (len(drawn) - 1) - value)
        sums = np.array([influence[groups == unit].sum() for unit in range(36)])
        return math.log(value), math.sqrt((often * sums**2).sum()) / len(drawn) / value

    value, size = studentised(np.arange(len(scores)), np.ones(36))
    for block in run_bootstrap.counts(36, 60):
        for often in block:
            runs = np.concatenate(
                [np.flatnonzero(groups == unit) for unit in np.repeat(np.arange(36), often.astype(int))]
            )
            iqrs.append(stats.iqr(scores[runs]))
            one, spread = studentised(runs, often)
            far.append(abs(one - value) / spread)
    assert (found.iqr.low, found.iqr.high) == pytest.approx(np.quantile(iqrs, [0.025, 0.975]))
    half = size * np.quantile(far, 0.95, method="higher")
    assert (found.gini.low, found.gini.high) == pytest.approx((math.exp(value - half), math.exp(value + half)))


def test_intervals_hold_the_truth_where_a_tenth_collapses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_bootstrap, "RESAMPLES", 400)
    random, studies = np.random.default_rng(3), 150

    def draw(runs: int) -> np.ndarray:
        return np.asarray(random.normal(60, 2, runs) - 40 * (random.random(runs) < 0.1))

    many = np.sort(draw(200_000))
    # Gini in closed form, because 200,000 runs have too many pairs: each gap between neighbours times the pairs across
    # it.
    across = np.arange(1, len(many)) * (len(many) - np.arange(1, len(many)))
    gini = 2 * float((np.diff(many) * across).sum()) / len(many) / (len(many) - 1)
    truth = {name: value for name, value in measures(many[::100]).items() if name != "gini"} | {"gini": gini}
    truth |= {"worst_tenth": many[:20_000].mean(), "logit_std": np.log(many / (100 - many)).std()}
    found = [tails(draw(60)) for _ in range(studies)]
    for name in NAMES[1:]:
        intervals: list[Figure] = [getattr(one, name) for one in found]
        assert np.mean([one.low <= truth[name] <= one.high for one in intervals]) >= 0.93 - error(0.93, studies)


def test_where_there_are_no_tails() -> None:
    assert tails([]).worst.reason
    one = tails([50.0])
    assert (one.worst.estimate, one.quantile.estimate, one.worst_tenth.estimate) == (50, 50, 50)
    assert all("fewer than 2" in getattr(one, name).reason for name in NAMES[1:])
    same = tails([50.0] * 40)
    assert "the same score" in same.gini.reason
    assert (same.gini.estimate, same.iqr.high) == (0, 0)
    nearly = tails([50.0] * 39 + [51.0])
    assert "too often the same" in nearly.gini.reason
    for wrong, why in (([101.0], "0 to 100"), ([-1.0], "0 to 100"), ([[1.0]], "must have the shape")):
        with pytest.raises(ValueError, match=why):
            tails(wrong)
    for settings in ([0, 1], [0, 1, 1, 2]):
        with pytest.raises(ValueError, match="settings must have the shape of the scores"):
            tails([1.0, 2.0, 3.0], settings)
    with pytest.raises(ValueError, match="resolution"):
        tails([1.0], resolution=0)
