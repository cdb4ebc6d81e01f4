"""Runs of equal source score, robustness profiles and expected best scores: against brute force, scipy and known truth.

``python -m tests.benchmarks.run_intervals`` simulates more of the latter.
"""

import itertools
import math
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from scipy import stats

from analysis.statistics import run_bootstrap
from analysis.statistics.equal_source import EqualSource, Spread, _complete_spreads, equal_source
from analysis.statistics.expected_best import expected_best, selected
from analysis.statistics.profiles import interquartile_mean, profile
from analysis.statistics.run_bootstrap import PLENTY, RESAMPLES, counts, percentiles, resamples_of

Array = NDArray[np.float64]

POINTS = st.integers(0, 1000).map(lambda x: x / 10)
"""Scores to a tenth of a point: ties are common."""


def scores(*shape: int) -> st.SearchStrategy[Array]:
    return arrays(np.float64, shape, elements=POINTS)


RUNS = st.integers(2, 9)
TABLES = RUNS.flatmap(lambda runs: scores(runs, 4))
"""Runs × a source and three targets."""


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fewer resamples, where intervals are not looked at."""
    monkeypatch.setattr(run_bootstrap, "RESAMPLES", 40)


def made(runs: int, languages: int = 3, seed: int = 0) -> tuple[Array, Array]:
    """Source scores, and target scores of which a part follows them."""
    random = np.random.default_rng(seed)
    source = 85 + random.normal(size=runs)
    return source, 60 + 0.5 * (source - 85)[:, None] + random.normal(0, 2, (runs, languages))


def everything(found: EqualSource) -> list[Spread]:
    return [found.source, found.zero_shot.spread, *(target.spread for target in found.targets)]


# The bootstrap over runs


def test_counts_are_of_whole_resamples_and_do_not_depend_on_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = np.concatenate(list(counts(7, 500)))
    assert whole.shape == (500, 7)
    assert (whole.sum(axis=1) == 7).all()
    drawn = np.random.default_rng(run_bootstrap.SEED).integers(7, size=(500, 7))
    assert (whole == (drawn[:, :, None] == np.arange(7)).sum(axis=1)).all()
    monkeypatch.setattr(run_bootstrap, "BLOCK", 100)
    for width in (1, 3, 1000):
        blocks = list(counts(7, 500, width))
        assert len(blocks) == math.ceil(500 / max(1, 100 // (7 * width)))
        assert (np.concatenate(blocks) == whole).all()


def test_there_are_fewer_resamples_of_many_runs() -> None:
    assert [resamples_of(runs) for runs in (4, PLENTY, 2 * PLENTY, 10**7)] == [RESAMPLES, RESAMPLES, RESAMPLES // 2, 400]


# Runs of equal source score


def pairs_by_hand(source: Array, column: Array, within: float) -> Iterator[tuple[int, int]]:
    for i, j in itertools.combinations(range(len(source)), 2):
        if abs(source[i] - source[j]) <= within + 1e-9 and not math.isnan(column[i] + column[j]):
            yield i, j


@pytest.mark.usefixtures("few")
@settings(max_examples=100, deadline=None)
@given(TABLES, st.sampled_from([0.0, 0.1, 1.0, 10.0, math.inf]), st.data())
def test_the_spread_is_over_all_pairs(table: Array, within: float, data: st.DataObject) -> None:
    source, targets = table[:, 0], table[:, 1:].copy()
    targets[data.draw(arrays(np.bool_, targets.shape, elements=st.booleans()))] = np.nan
    found = equal_source(source, targets, within)
    columns = np.column_stack([source, targets.mean(axis=1), targets])
    for spread, column in zip(everything(found), columns.T, strict=True):
        pairs = list(pairs_by_hand(source, column, within))
        assert spread.pairs == len(pairs)
        assert spread.n == len({run for pair in pairs for run in pair})
        assert math.isnan(spread.value) == math.isnan(spread.largest) == (not pairs)
        assert bool(spread.reason) == math.isnan(spread.low) == math.isnan(spread.high)
        assert spread.reason or (spread.n >= 4 and spread.low <= spread.value <= spread.high)
        if pairs:
            differences = [column[i] - column[j] for i, j in pairs]
            assert spread.value == pytest.approx(math.sqrt(np.mean(np.square(differences)) / 2), abs=1e-5)
            assert spread.largest == pytest.approx(np.abs(differences).max(), abs=1e-9)
            assert spread.value <= spread.largest + 1e-9


@pytest.mark.usefixtures("few")
@settings(max_examples=50, deadline=None)
@given(TABLES, st.randoms(use_true_random=False))
def test_without_a_window_it_is_the_sample_std_in_any_order(table: Array, random: object) -> None:
    source, targets = table[:, 0], table[:, 1:]
    found = equal_source(source, targets, math.inf)
    columns = np.column_stack([source, targets.mean(axis=1), targets])
    assert [spread.value for spread in everything(found)] == pytest.approx(columns.std(axis=0, ddof=1), abs=1e-5)
    assert [spread.largest for spread in everything(found)] == pytest.approx(np.ptp(columns, axis=0))
    assert all(spread.pairs == len(source) * (len(source) - 1) / 2 for spread in everything(found))
    order = list(range(len(source)))
    random.shuffle(order)  # type: ignore[attr-defined]
    again = equal_source(source[order], targets[order], 1.0)
    for one, other in zip(everything(again), everything(equal_source(source, targets, 1.0)), strict=True):
        assert (one.pairs, one.n, one.reason) == (other.pairs, other.n, other.reason)
        assert (one.value, one.largest) == pytest.approx((other.value, other.largest), abs=1e-5, nan_ok=True)


def test_resampled_spreads_are_those_of_the_resamples() -> None:
    """The interval against one over explicit resamples, in which pairs of a run with itself are left out."""
    source, targets = made(9, 1)
    spread = equal_source(source, targets, 0.5, interval="bootstrap").targets[0].spread
    expected, undefined = [], 0
    random = np.random.default_rng(run_bootstrap.SEED)
    order = np.argsort(source)
    for drawn in random.integers(9, size=(RESAMPLES, 9)):
        runs = order[drawn]
        squares = [
            (targets[i, 0] - targets[j, 0]) ** 2 for i, j in itertools.combinations(runs, 2) if i != j and abs(source[i] - source[j]) <= 0.5
        ]
        undefined += not squares
        expected += [math.sqrt(np.mean(squares) / 2)] if squares else []
    assert spread.undefined == undefined
    assert (spread.low, spread.high) == pytest.approx(np.quantile(expected, [0.025, 0.975]), abs=1e-6)


@pytest.mark.parametrize("within", [0.3, 1.0, math.inf])
def test_the_jackknife_leaves_out_a_run_at_a_time(within: float) -> None:
    source, targets = made(12, 2)
    source[0] = 70  # in no pair unless the window is infinite
    paired = (np.abs(source[:, None] - source) <= within).sum(axis=1) > 1
    for i, against in enumerate(equal_source(source, targets, within).targets):
        spread, logs = against.spread, []
        for run in range(12):
            without = equal_source(np.delete(source, run), np.delete(targets, run, axis=0), within).targets[i].spread.value
            logs += [2 * math.log(without)] if paired[run] else []
        assert spread.n == len(logs) == paired.sum()
        error = math.sqrt((len(logs) - 1) * np.var(logs, ddof=0))
        room = stats.t.ppf(0.975, len(logs) - 1) * error / 2
        assert (spread.low, spread.high) == pytest.approx((spread.value * math.exp(-room), spread.value * math.exp(room)))


def test_without_one_run_no_spread_or_no_pair_may_be_left() -> None:
    alone = equal_source([80, 80.1, 80.2, 80.3], [[50.0], [50.0], [50.0], [60.0]]).targets[0].spread
    star = equal_source([80, 81, 81, 82, 90], np.arange(5.0)[:, None] ** 2, 1.0).targets[0].spread
    assert alone.reason == "without one of the runs no spread is left"
    assert (star.pairs, star.n, star.reason) == (5, 4, "")
    assert equal_source([80, 80.1, 80.2, 80.3], [[50.0], [50.0], [50.0], [60.0]], interval="bootstrap").targets[0].spread.low == 0


def test_correlations_with_the_source_are_scipys() -> None:
    source, targets = made(30)
    targets[3, 1] = targets[4, 2] = source[5] = np.nan
    found = equal_source(source, targets)
    for against, column in zip([found.zero_shot, *found.targets], [targets.mean(axis=1), *targets.T], strict=True):
        expected = stats.spearmanr(source, column, nan_policy="omit")
        assert against.correlation.value == pytest.approx(expected.statistic)
        assert against.correlation.low < expected.statistic < against.correlation.high
    assert [against.correlation.n for against in (found.zero_shot, *found.targets)] == [27, 29, 28, 28]
    assert found.zero_shot.correlation.reason == ""


def test_what_is_undefined_has_a_reason() -> None:
    def reasons(source: list[float], within: float = 1.0) -> tuple[str, str]:
        against = equal_source(source, np.arange(len(source))[:, None] ** 2.0, within).targets[0]
        assert math.isnan(against.spread.low)
        return against.correlation.reason, against.spread.reason

    assert reasons([]) == reasons([80]) == ("there are fewer than 3 runs", "there are fewer than 2 runs")
    assert reasons([80, 85, 90, 95]) == ("", "no two runs have source scores within 1 of each other")
    assert reasons([80, 80, 80])[0] == "one of the two is the same for all runs"
    assert reasons([80, 80.5, 81, 90]) == ("", "fewer than 4 runs are in a pair")
    nothing = equal_source([80, 81, 82], np.full((3, 2), np.nan))
    assert nothing.targets[0].spread.reason == nothing.zero_shot.spread.reason == "there are fewer than 2 runs"
    assert equal_source([80, 81], np.empty((2, 0))).zero_shot.spread.n == 0


def test_a_difference_of_the_window_is_within_it_and_equal_scores_have_no_spread() -> None:
    found = equal_source([0.3, 0.2, 0.1, 0.0], np.full((4, 1), 0.1 + 0.2), 0.1)
    spread = found.targets[0].spread
    assert spread.pairs == 3
    assert (spread.value, spread.largest, spread.reason) == (0, 0, "the scores are the same in all pairs")
    assert math.isnan(spread.low)


@pytest.mark.parametrize(
    ("source", "targets", "within", "message"),
    [
        ([1.0, 2.0], [[1.0]], 1, "source scores are"),
        ([1.0], [1.0], 1, "source scores are"),
        ([math.inf], [[1.0]], 1, "finite"),
        ([1.0], [[1.0]], -1, "within is -1"),
        ([1.0], [[1.0]], math.nan, "within is nan"),
    ],
)
def test_what_no_spread_is_made_of(source: list[float], targets: list[object], within: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        equal_source(source, targets, within)  # type: ignore[arg-type]


def test_many_runs_take_neither_gigabytes_nor_minutes() -> None:
    source, targets = made(3000, 4)
    found = equal_source(source, targets, math.inf)
    assert found.zero_shot.spread.value == pytest.approx(targets.mean(axis=1).std(ddof=1), rel=1e-9)
    assert found.zero_shot.spread.pairs == 3000 * 2999 // 2


def coverage(held: list[bool]) -> float:
    """The share of simulated studies whose interval holds the truth."""
    return float(np.mean(held))


def test_the_spreads_interval_holds_the_truth_as_often_as_it_says() -> None:
    """95 % by the jackknife, at 5 runs too; the bootstrap's is too short there. 1.7 % is two standard errors of 95 % of 600 studies."""
    random = np.random.default_rng(0)
    near = stats.truncnorm(-1 / math.sqrt(2), 1 / math.sqrt(2), scale=math.sqrt(2))  # of two source scores within a point of each other
    truth = {math.inf: math.sqrt(5), 1.0: math.sqrt(4 + near.var() / 2)}
    for runs, least in ((5, 0.91), (20, 0.92), (50, 0.93)):
        held: dict[float, list[bool]] = {within: [] for within in truth}
        for _ in range(600):
            source = random.normal(85, 1, runs)
            column = source[:, None] + random.normal(0, 2, (runs, 1))
            for within, expected in truth.items():
                spread = _complete_spreads(source, column, within, "jackknife")[0]
                held[within] += [] if spread.reason else [spread.low <= expected <= spread.high]
        assert all(least - 0.01 <= coverage(found) <= 0.975 for found in held.values()), (runs, {k: coverage(v) for k, v in held.items()})
    studies = random.normal(0, 2, (300, 5, 1))
    spreads = [_complete_spreads(np.zeros(5), study, 1.0, "bootstrap")[0] for study in studies]
    assert 0.68 <= coverage([spread.low <= 2 <= spread.high for spread in spreads]) <= 0.85


# Profiles and interquartile means


@pytest.mark.usefixtures("few")
@settings(max_examples=100, deadline=None)
@given(TABLES, st.lists(POINTS, min_size=1, max_size=8), st.data())
def test_a_profile_is_the_share_above_and_never_rises(table: Array, thresholds: list[float], data: st.DataObject) -> None:
    levels = np.sort(thresholds)
    for given_scores in (table[:, 0], table):
        found = profile(given_scores, levels)
        assert found.share == pytest.approx([(given_scores > level).mean() for level in levels])
        assert (np.diff(found.share) <= 0).all()
        assert found.n == len(table)
        if len(table) < 4:
            assert found.reason
            assert not found.low.size
        else:
            assert (np.diff(found.low) <= 0).all()
            assert (found.low <= found.high).all()
    order = data.draw(st.permutations(range(len(table))))
    assert (profile(table[order], levels).share == found.share).all()


@pytest.mark.usefixtures("few")
@settings(max_examples=100, deadline=None)
@given(RUNS.flatmap(lambda runs: scores(runs + 5, 3)))
def test_an_interquartile_mean_is_scipys_trimmed_mean(table: Array) -> None:
    for given_scores in (table[:, 0], table):
        found = interquartile_mean(given_scores)
        assert found.value == pytest.approx(stats.trim_mean(given_scores.ravel(), 0.25))
        assert found.low <= found.high
    assert interquartile_mean(table[::-1]).value == pytest.approx(found.value)


def test_resampled_cells_are_those_of_whole_runs() -> None:
    _, targets = made(9)
    targets[2, 1] = np.nan
    drawn = np.random.default_rng(run_bootstrap.SEED).integers(9, size=(RESAMPLES, 9))
    resampled = [cells[~np.isnan(cells)] for cells in targets[drawn].reshape(RESAMPLES, -1)]
    found = interquartile_mean(targets)
    assert (found.low, found.high) == pytest.approx(tuple(percentiles([stats.trim_mean(cells, 0.25) for cells in resampled])))
    levels = [58.0, 60.0, 62.0]
    band = profile(targets, levels)
    expected = percentiles([[(cells > level).mean() for level in levels] for cells in resampled])
    assert np.concatenate([band.low, band.high]) == pytest.approx(np.concatenate(expected))


def test_the_interval_of_an_interquartile_mean_is_scipys_but_for_chance() -> None:
    zero_shot = made(40)[1].mean(axis=1)
    found = interquartile_mean(zero_shot)
    theirs = stats.bootstrap(
        (zero_shot,), lambda x, axis: stats.trim_mean(x, 0.25, axis=axis), method="percentile", rng=np.random.default_rng(1)
    ).confidence_interval
    room = 0.08 * (theirs.high - theirs.low)
    assert found.low == pytest.approx(theirs.low, abs=room)
    assert found.high == pytest.approx(theirs.high, abs=room)


def test_intervals_of_profiles_and_interquartile_means_hold_the_truth_as_often_as_they_say() -> None:
    """95 % from 20 runs; of 5 fewer. 1.7 % is two standard errors of 95 % of 600 studies."""
    random = np.random.default_rng(0)
    for runs, at_least, at_most in ((5, 0.85, 0.92), (20, 0.925, 0.975), (50, 0.93, 0.97)):
        studies = random.normal(60, 2, (600, runs))
        means = [interquartile_mean(study) for study in studies]
        assert at_least <= coverage([mean.low <= 60 <= mean.high for mean in means]) <= at_most
        if runs > 5:
            bands = [profile(study, [60.0]) for study in studies]
            assert 0.93 <= coverage([bool(band.low[0] <= 0.5 <= band.high[0]) for band in bands]) <= 0.98


def test_few_runs_have_a_reason_and_runs_without_scores_are_none() -> None:
    assert (profile([], [1.0]).reason, profile([], [1.0]).share.size) == ("there are no runs", 0)
    assert interquartile_mean([math.nan]).reason == "there are no runs"
    three = interquartile_mean([1.0, math.nan, 2.0, 6.0])
    assert (three.value, three.n, three.reason) == (3.0, 3, "there are fewer than 4 runs")
    assert math.isnan(three.low)
    cells = profile([[1.0, math.nan], [3.0, 5.0], [math.nan, math.nan]], [2.0])
    assert (cells.share.tolist(), cells.n) == ([pytest.approx(2 / 3)], 2)
    for wrong in (lambda: profile([1.0], [math.nan]), lambda: profile([1.0], [[1.0]]), lambda: interquartile_mean([math.inf])):
        with pytest.raises(ValueError, match="finite"):
            wrong()
    with pytest.raises(ValueError, match="runs × languages"):
        interquartile_mean(np.ones((2, 2, 2)))


# Expected best


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
@settings(max_examples=60, deadline=None)
@given(st.integers(1, 5).flatmap(lambda runs: st.tuples(arrays(np.float64, runs, elements=st.integers(0, 4)), scores(runs))), st.booleans())
def test_expected_scores_are_means_over_all_draws(pair: tuple[Array, Array], replacement: bool) -> None:
    by, chosen = pair
    tries = range(1, len(by) + 1)
    found = expected_best(by, chosen, replacement=replacement)
    for curve, one, other in ((found.dev, by, by), (found.zero_shot, by, chosen), (found.oracle, chosen, chosen)):
        assert curve.tries.tolist() == [*tries]
        assert curve.value == pytest.approx([by_hand(one, other, n, replacement) for n in tries])


@pytest.mark.usefixtures("few")
@settings(max_examples=100, deadline=None)
@given(TABLES, st.booleans(), st.data())
def test_the_best_grows_with_n_and_bounds_what_selection_on_the_source_finds(table: Array, replacement: bool, data: st.DataObject) -> None:
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
    """By order statistics without weights; tries 1, 2 and 5."""
    runs = len(dev)
    found = []
    for n in (1, 2, 5):
        chance = lambda k, n=n: (k / runs) ** n if replacement else math.comb(k, n) / math.comb(runs, n)  # noqa: E731
        levels = np.unique(dev)
        found.append(sum((chance((dev <= x).sum()) - chance((dev < x).sum())) * zero_shot[dev == x].mean() for x in levels))
    return np.array(found)


def test_expected_bests_are_unbiased_without_replacement_and_too_low_with() -> None:
    studies = np.random.default_rng(0).normal(size=(400, 20))
    expected = {n: stats.norm.expect(lambda x, n=n: n * x * stats.norm.cdf(x) ** (n - 1)) for n in (1, 5, 20)}
    for replacement, bias in ((False, (0, 0, 0)), (True, (0, -0.069, -0.213))):
        curves = [selected(study, study, [*expected], replacement=replacement) for study in studies]
        values = np.array([curve.value for curve in curves])
        room = 3 * values.std(axis=0, ddof=1) / 20
        assert (np.abs(values.mean(axis=0) - [*expected.values()] - bias) < room).all()
        # The band holds the mean as it says, and the best of as many tries as runs hardly half the time.
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
    with pytest.raises(ValueError, match="both scores are"):
        selected([1.0], [1.0, 2.0])
    with pytest.raises(ValueError, match="finite"):
        selected([math.inf], [1.0])
