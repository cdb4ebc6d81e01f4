"""Runs of equal source score against all pairs, scipy and known truth."""

import itertools
import math
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from analysis.statistics import run_bootstrap
from analysis.statistics.equal_source import EqualSource, Spread, _complete_spreads, equal_source
from analysis.statistics.run_bootstrap import RESAMPLES
from tests.helpers.examples import examples
from tests.helpers.score_arrays import TABLES, Array, coverage, made


def everything(found: EqualSource) -> list[Spread]:
    return [found.source, found.zero_shot.spread, *(target.spread for target in found.targets)]


def pairs_by_hand(source: Array, column: Array, within: float) -> Iterator[tuple[int, int]]:
    for i, j in itertools.combinations(range(len(source)), 2):
        if abs(source[i] - source[j]) <= within + 1e-9 and not math.isnan(column[i] + column[j]):
            yield i, j


@pytest.mark.usefixtures("few")
@settings(max_examples=examples(100), deadline=None)
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
@settings(max_examples=examples(50), deadline=None)
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
    """The interval against an interval over explicit resamples, without pairs of a run with itself."""
    source, targets = made(9, 1)
    spread = equal_source(source, targets, 0.5, interval="bootstrap").targets[0].spread
    expected, undefined = [], 0
    random = np.random.default_rng(run_bootstrap.SEED)
    order = np.argsort(source)
    for drawn in random.integers(9, size=(RESAMPLES, 9)):
        runs = order[drawn]
        squares = [
            (targets[i, 0] - targets[j, 0]) ** 2
            for i, j in itertools.combinations(runs, 2)
            if i != j and abs(source[i] - source[j]) <= 0.5
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
            without = (
                equal_source(np.delete(source, run), np.delete(targets, run, axis=0), within).targets[i].spread.value
            )
            logs += [2 * math.log(without)] if paired[run] else []
        assert spread.n == len(logs) == paired.sum()
        error = math.sqrt((len(logs) - 1) * np.var(logs, ddof=0))
        room = stats.t.ppf(0.975, len(logs) - 1) * error / 2
        assert (spread.low, spread.high) == pytest.approx(
            (spread.value * math.exp(-room), spread.value * math.exp(room))
        )


def test_without_one_run_no_spread_or_no_pair_may_be_left() -> None:
    alone = equal_source([80, 80.1, 80.2, 80.3], [[50.0], [50.0], [50.0], [60.0]]).targets[0].spread
    star = equal_source([80, 81, 81, 82, 90], np.arange(5.0)[:, None] ** 2, 1.0).targets[0].spread
    assert alone.reason == "without one of the runs there is no spread"
    assert (star.pairs, star.n, star.reason) == (5, 4, "")
    assert (
        equal_source([80, 80.1, 80.2, 80.3], [[50.0], [50.0], [50.0], [60.0]], interval="bootstrap")
        .targets[0]
        .spread.low
        == 0
    )


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
    assert reasons([80, 80, 80])[0] == "one of the two is constant over all runs"
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
        ([1.0, 2.0], [[1.0]], 1, "source scores must be"),
        ([1.0], [1.0], 1, "source scores must be"),
        ([math.inf], [[1.0]], 1, "finite"),
        ([1.0], [[1.0]], -1, "within must be .* not -1"),
        ([1.0], [[1.0]], math.nan, "within must be .* not nan"),
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


def test_the_spreads_interval_holds_the_truth_as_often_as_it_says() -> None:
    """The jackknife covers 95 %, at 5 runs too; the bootstrap's interval is too short there.

    1.7 % is two standard errors of 95 % of 600 studies.
    """
    random = np.random.default_rng(0)
    # distribution of the difference of two source scores within a point of each other
    near = stats.truncnorm(-1 / math.sqrt(2), 1 / math.sqrt(2), scale=math.sqrt(2))
    truth = {math.inf: math.sqrt(5), 1.0: math.sqrt(4 + near.var() / 2)}
    for runs, least in ((5, 0.91), (20, 0.92), (50, 0.93)):
        held: dict[float, list[bool]] = {within: [] for within in truth}
        for _ in range(600):
            source = random.normal(85, 1, runs)
            column = source[:, None] + random.normal(0, 2, (runs, 1))
            for within, expected in truth.items():
                spread = _complete_spreads(source, column, within, "jackknife")[0]
                held[within] += [] if spread.reason else [spread.low <= expected <= spread.high]
        assert all(least - 0.01 <= coverage(found) <= 0.975 for found in held.values()), (
            runs,
            {k: coverage(v) for k, v in held.items()},
        )
    studies = random.normal(0, 2, (300, 5, 1))
    spreads = [_complete_spreads(np.zeros(5), study, 1.0, "bootstrap")[0] for study in studies]
    assert 0.68 <= coverage([spread.low <= 2 <= spread.high for spread in spreads]) <= 0.85
