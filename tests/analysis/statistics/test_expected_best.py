"""Expected best scores against means over all draws."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from analysis.statistics import run_bootstrap
from analysis.statistics.expected_best import expected_best, selected
from analysis.statistics.run_bootstrap import RESAMPLES, percentiles
from tests.helpers.examples import examples
from tests.helpers.score_arrays import TABLES, Array, made, scores


def by_hand(by: Array, chosen: Array, tries: int, replacement: bool) -> float:
    """The mean over all draws of the mean score of the tried runs that tie for the best."""
    runs = range(len(by))
    draws = itertools.product(runs, repeat=tries) if replacement else itertools.combinations(runs, tries)
    expected = []
    for draw in draws:
        best = {run for run in draw if by[run] == by[list(draw)].max()}
        expected.append(np.mean([chosen[run] for run in best]))
    return float(np.mean(expected))


@pytest.mark.usefixtures("few")
@settings(max_examples=examples(60), deadline=None)
@given(
    st.integers(1, 5).flatmap(
        lambda runs: st.tuples(arrays(np.float64, runs, elements=st.integers(0, 4)), scores(runs))
    ),
    st.booleans(),
)
def test_expected_scores_are_means_over_all_draws(pair: tuple[Array, Array], replacement: bool) -> None:
    by, chosen = pair
    tries = range(1, len(by) + 1)
    found = expected_best(by, chosen, replacement=replacement)
    for curve, one, other in ((found.dev, by, by), (found.zero_shot, by, chosen), (found.oracle, chosen, chosen)):
        assert curve.tries.tolist() == [*tries]
        assert curve.value == pytest.approx([by_hand(one, other, n, replacement) for n in tries])


@pytest.mark.usefixtures("few")
@settings(max_examples=examples(100), deadline=None)
@given(TABLES, st.booleans(), st.data())
def test_the_best_grows_with_n_and_bounds_what_selection_on_the_source_finds(
    table: Array, replacement: bool, data: st.DataObject
) -> None:
    dev, zero_shot = table[:, 0], table[:, 1]
    found = expected_best(dev, zero_shot, replacement=replacement)
    for curve in (found.dev, found.oracle):
        assert (np.diff(curve.value) >= -1e-9).all()
    assert (found.zero_shot.value <= found.oracle.value + 1e-9).all()
    assert found.zero_shot.value[0] == pytest.approx(zero_shot.mean())
    if not replacement:
        assert found.dev.value[-1] == pytest.approx(dev.max())
        assert found.zero_shot.value[-1] == pytest.approx(zero_shot[dev == dev.max()].mean())
        assert (selected(dev, dev, replacement=True).value <= found.dev.value + 1e-9).all()
    order = data.draw(st.permutations(range(len(table))))
    again = expected_best(dev[order], zero_shot[order], replacement=replacement)
    assert again.zero_shot.value == pytest.approx(found.zero_shot.value)


@pytest.mark.parametrize("replacement", [False, True])
def test_resampled_curves_are_those_of_the_resamples(replacement: bool) -> None:
    random = np.random.default_rng(3)
    dev, zero_shot = np.round(random.normal(80, 1, 8)), random.normal(60, 2, 8)
    found = selected(dev, zero_shot, [1, 2, 5], replacement=replacement)
    drawn = np.random.default_rng(run_bootstrap.SEED).integers(8, size=(RESAMPLES, 8))
    low, high = percentiles([_value(dev[runs], zero_shot[runs], replacement) for runs in drawn])
    assert found.low == pytest.approx(low)
    assert found.high == pytest.approx(high)


def _value(dev: Array, zero_shot: Array, replacement: bool) -> Array:
    """Expected scores by order statistics without weights, for 1, 2 and 5 tries."""
    runs = len(dev)
    found = []
    for n in (1, 2, 5):
        chance = lambda k, n=n: (k / runs) ** n if replacement else math.comb(k, n) / math.comb(runs, n)  # noqa: E731
        levels = np.unique(dev)
        found.append(
            sum((chance((dev <= x).sum()) - chance((dev < x).sum())) * zero_shot[dev == x].mean() for x in levels)
        )
    return np.array(found)


@pytest.mark.usefixtures("thousand")
def test_expected_bests_are_unbiased_without_replacement_and_too_low_with() -> None:
    studies = np.random.default_rng(0).normal(size=(400, 20))
    expected = {n: stats.norm.expect(lambda x, n=n: n * x * stats.norm.cdf(x) ** (n - 1)) for n in (1, 5, 20)}
    for replacement, bias in ((False, (0, 0, 0)), (True, (0, -0.069, -0.213))):
        curves = [selected(study, study, [*expected], replacement=replacement) for study in studies]
        values = np.array([curve.value for curve in curves])
        room = 3 * values.std(axis=0, ddof=1) / 20
        assert (np.abs(values.mean(axis=0) - [*expected.values()] - bias) < room).all()
        # The band covers the mean as promised. With as many tries as runs it covers the best hardly half the time.
        held = [(curve.low <= [*expected.values()]) & ([*expected.values()] <= curve.high) for curve in curves]
        assert 0.89 <= np.mean(held, axis=0)[0] <= 0.96
        assert 0.35 <= np.mean(held, axis=0)[2] <= 0.55


def test_many_runs_have_a_curve() -> None:
    dev, targets = made(5000, 1)
    zero_shot = targets[:, 0]
    for replacement in (False, True):
        curve = expected_best(dev, zero_shot, replacement=replacement).dev
        assert (curve.tries[0], curve.tries[-1]) == (1, 5000)
        assert len(curve.tries) <= 200
        assert np.isfinite([curve.value, curve.low, curve.high]).all()
        ten = selected(dev, dev, [10], replacement=replacement).value[0]
        assert ten == pytest.approx(85 + stats.norm.expect(lambda x: 10 * x * stats.norm.cdf(x) ** 9), abs=0.06)
    assert selected(dev, dev, [5000]).value[0] == pytest.approx(dev.max(), abs=1e-9)


def test_what_no_curve_is_made_of() -> None:
    empty = expected_best([math.nan], [1.0])
    assert empty.oracle.reason == "there are no runs"
    assert not empty.oracle.value.size
    three = selected([1.0, 2.0, 3.0, math.nan], [4.0, 5.0, 6.0, 7.0])
    assert (three.n, three.reason, three.low.size) == (3, "there are fewer than 4 runs", 0)
    for tries in ([0], [4], [1.5], [[1]]):
        with pytest.raises(ValueError, match="whole numbers from 1 to the number of runs, 3"):
            selected([1.0, 2.0, 3.0], [1.0, 2.0, 3.0], tries)
    with pytest.raises(ValueError, match="both scores must have the shape"):
        selected([1.0], [1.0, 2.0])
    with pytest.raises(ValueError, match="finite"):
        selected([math.inf], [1.0])
