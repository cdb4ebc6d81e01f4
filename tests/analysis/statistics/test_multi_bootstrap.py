"""The multi-bootstrap against scipy's, against a loop, and on simulated truth."""

import math
import time
from typing import Any

import numpy as np
import pytest
from scipy import stats

from analysis.results import prediction_counts as counting
from analysis.results.prediction_counts import ACCURACY, F1
from analysis.statistics.multi_bootstrap import (
    MIN_FOR_P,
    TRUSTED_EXAMPLES,
    TRUSTED_RUNS,
    difference,
    zero_shot_difference,
)
from tests.benchmarks.variance import Population, coverage, of_multi_bootstrap


def sample(
    runs: int = 12, examples: int = 80, languages: int = 1, seed: int = 0, **options: Any
) -> tuple[Any, Any, Population]:
    population = Population(runs, examples, languages=languages, **options)
    return *population.sample(np.random.default_rng(seed)), population


def near(found: Any, low: float, high: float) -> None:
    """Check that the interval equals ``low`` to ``high`` up to chance.

    A quantile's standard error is √(p(1 − p)/n) over the density there. At these n it is at most 2 % of the width.
    """
    assert found.low == pytest.approx(low, abs=0.08 * (high - low))
    assert found.high == pytest.approx(high, abs=0.08 * (high - low))


@pytest.mark.parametrize("metric", [ACCURACY, F1])
def test_the_difference_is_that_of_the_mean_scores(metric: counting.Metric) -> None:
    one, other, _ = sample(languages=3, metric=metric)
    found = zero_shot_difference(one, other, metric)
    by_hand = [np.mean([np.mean(metric.score(each[code].sum(axis=1))) for code in each]) for each in (one, other)]
    assert found.difference == pytest.approx(by_hand[0] - by_hand[1])
    assert (found.runs, found.examples, found.reason) == (12, 240, "")
    assert found.low < found.difference < found.high


@pytest.mark.parametrize("metric", [ACCURACY, F1])
def test_of_runs_that_are_all_alike_it_is_scipys_bootstrap_of_examples(metric: counting.Metric) -> None:
    one, other, _ = sample(runs=1, metric=metric)
    pair = [np.repeat(each["0"], 4, axis=0) for each in (one, other)]

    def statistic(*columns: Any, axis: int) -> Any:
        totals = np.stack([column.sum(axis=axis) for column in columns], axis=-1)
        half = totals.shape[-1] // 2
        return metric.score(totals[..., :half]) - metric.score(totals[..., half:])

    columns = np.concatenate([one["0"][0], other["0"][0]], axis=1).T
    expected = stats.bootstrap(
        columns, statistic, paired=True, n_resamples=9999, method="percentile", rng=np.random.default_rng(1)
    )
    near(difference(pair[0], pair[1], metric, resamples=9999), *expected.confidence_interval)


def test_of_examples_that_are_all_alike_it_is_scipys_bootstrap_of_runs() -> None:
    random = np.random.default_rng(0)
    right = random.integers(20, 40, size=(2, 15))
    pair = [np.repeat(np.stack([rights, np.full(15, 50)], axis=-1)[:, None], 6, axis=1) for rights in right]
    gaps = 2.0 * (right[0] - right[1])
    expected = stats.bootstrap((gaps,), np.mean, n_resamples=9999, method="percentile", rng=np.random.default_rng(1))
    near(difference(pair[0], pair[1], ACCURACY, resamples=9999), *expected.confidence_interval)


def test_of_both_it_is_the_bootstrap_written_as_a_loop() -> None:
    one, other, _ = sample(runs=20, examples=25, languages=2, metric=F1, ours=0.6)
    random, resampled = np.random.default_rng(5), []
    for _ in range(4000):
        runs = random.integers(20, size=20)
        gaps = []
        for code in one:
            examples = random.integers(25, size=25)
            totals = [each[code][runs][:, examples].sum(axis=1) for each in (one, other)]
            gaps.append(np.mean(F1.score(totals[0]) - F1.score(totals[1])))
        resampled.append(np.mean(gaps))
    low, high = np.quantile(resampled, [0.025, 0.975])
    found = zero_shot_difference(one, other, F1, resamples=9999)
    near(found, low, high)
    expected = 2 * min(np.mean(np.array(resampled) <= 0), np.mean(np.array(resampled) >= 0))
    assert found.p == pytest.approx(expected, abs=0.05)


def widths(ours: Any, theirs: Any) -> tuple[float, float]:
    """Widths of the interval of one language, and of two copies of that language."""
    one = difference(ours, theirs, ACCURACY)
    two = zero_shot_difference({"de": ours, "hi": ours}, {"de": theirs, "hi": theirs}, ACCURACY)
    return one.high - one.low, two.high - two.low


def test_examples_are_drawn_for_each_language_by_itself_and_runs_for_all() -> None:
    one, other, _ = sample(runs=1)
    alone, two = widths(np.repeat(one["0"], 2, axis=0), np.repeat(other["0"], 2, axis=0))
    assert two == pytest.approx(alone / math.sqrt(2), rel=0.08)
    one, other, _ = sample(runs=9)
    alone, two = widths(*(np.repeat(each["0"].sum(axis=1, keepdims=True), 2, axis=1) for each in (one, other)))
    assert two == pytest.approx(alone)


def test_swapped_methods_and_languages_in_another_order() -> None:
    one, other, _ = sample(runs=20, languages=3)
    found, swapped = zero_shot_difference(one, other, ACCURACY), zero_shot_difference(other, one, ACCURACY)
    assert (swapped.difference, swapped.low, swapped.high) == pytest.approx(
        (-found.difference, -found.high, -found.low)
    )
    assert swapped.p == found.p
    backwards = {code: one[code] for code in reversed(one)}
    again = zero_shot_difference(backwards, other, ACCURACY)
    assert (again.low, again.high, again.p) == (found.low, found.high, found.p)
    assert zero_shot_difference(one, one, ACCURACY).p == 1


@pytest.mark.parametrize("seed", range(8))
def test_p_is_small_where_the_interval_leaves_out_0(seed: int) -> None:
    one, other, _ = sample(runs=20, seed=seed, ours=0.75)
    found = difference(one["0"], other["0"], ACCURACY)
    assert (found.p < 0.05) == (found.low > 0 or found.high < 0)
    assert 0 < found.p <= 1


def test_too_little_for_an_interval_and_what_does_not_fit() -> None:
    one, other, _ = sample(runs=1)
    found = difference(one["0"], other["0"], ACCURACY)
    assert math.isfinite(found.difference)
    assert math.isnan(found.low)
    assert "fewer than 2 paired runs" in found.reason
    one, other, _ = sample(runs=3, examples=1)
    assert "test examples" in difference(one["0"], other["0"], ACCURACY).reason
    assert "no paired runs" in difference(one["0"][:0], other["0"][:0], ACCURACY).reason
    assert "no paired runs" in zero_shot_difference({}, {}, ACCURACY).reason
    one, other, _ = sample(runs=3)
    with pytest.raises(ValueError, match="the same runs and examples"):
        difference(one["0"], other["0"][:2], ACCURACY)
    with pytest.raises(ValueError, match="the same languages"):
        zero_shot_difference(one, {"1": other["0"]}, ACCURACY)
    found = difference(one["0"], other["0"], ACCURACY)
    narrow, no_p, wide = found.warnings
    assert "too narrow" in narrow
    assert "no bootstrap p" in no_p
    assert "too wide" in wide
    one, other, _ = sample(runs=TRUSTED_RUNS, examples=TRUSTED_EXAMPLES)
    assert not difference(one["0"], other["0"], ACCURACY).warnings


def test_few_runs_have_an_interval_and_no_p() -> None:
    """With two or three runs the bootstrap's p is below 0.05 far too often."""
    for runs in (2, MIN_FOR_P - 1, MIN_FOR_P):
        one, other, _ = sample(runs=runs)
        found = difference(one["0"], other["0"], ACCURACY)
        assert found.low <= found.difference <= found.high
        assert math.isnan(found.p) is (runs < MIN_FOR_P)


def test_a_studys_size_takes_less_than_a_second() -> None:
    one, other, _ = sample(runs=24, examples=100, languages=12, metric=F1)
    start = time.perf_counter()
    zero_shot_difference(one, other, F1)
    assert time.perf_counter() - start < 1


@pytest.mark.parametrize(
    "population",
    [
        Population(TRUSTED_RUNS, TRUSTED_EXAMPLES // 3, languages=3),
        Population(TRUSTED_RUNS, TRUSTED_EXAMPLES, metric=F1, ours=0.6),
    ],
    ids=["accuracy", "f1"],
)
def test_intervals_cover_the_truth_as_often_as_they_say(population: Population) -> None:
    found = of_multi_bootstrap(population, samples=500, resamples=500)
    # 95 ± 2 %, and two standard errors of 500 samples.
    assert 0.93 - 0.02 <= coverage(found, population.truth) <= 0.97 + 0.02
    means = np.array([one.difference for one in found])
    assert abs(means.mean() - population.truth) < 4 * means.std(ddof=1) / math.sqrt(len(means))
