"""Paired proportions against statsmodels, brute force and published intervals."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.special import gammaln
from statsmodels.stats.contingency_tables import mcnemar

from analysis.statistics.paired_proportions import (
    PairedProportions,
    paired_proportions,
    pairs_needed,
    settings_flips,
)
from tests.helpers.examples import examples

BOOLS = st.lists(st.tuples(st.booleans(), st.booleans()), max_size=12)


def of_cells(both: int, only_ours: int, only_theirs: int, neither: int) -> PairedProportions:
    cells = [(True, True)] * both + [(True, False)] * only_ours
    cells += [(False, True)] * only_theirs + [(False, False)] * neither
    ours, theirs = np.array(cells, dtype=bool).reshape(-1, 2).T
    return paired_proportions(ours, theirs)


@pytest.mark.parametrize(
    ("cells", "low", "high"),
    [
        ((36, 12, 2, 0), 0.0569, 0.3404),  # Newcombe (1998), Statistics in Medicine 17:2635-2650, Table III
        ((59, 6, 16, 80), -0.1186, -0.0046),  # Cavo and others (2012), in Fagerland and others (2017), Chapter 8
        ((1, 1, 7, 12), -0.507, -0.026),  # Bentur and others (2009), in Fagerland and others (2014)
    ],
)
def test_the_interval_is_that_of_published_tables(cells: tuple[int, int, int, int], low: float, high: float) -> None:
    found = of_cells(*cells)
    digits = 5e-4 if abs(low) == 0.507 else 5e-5
    assert (found.low, found.high) == pytest.approx((low, high), abs=digits)


def test_the_cells_and_their_shares() -> None:
    found = of_cells(3, 2, 5, 10)
    assert (found.both, found.only_ours, found.only_theirs, found.neither) == (3, 2, 5, 10)
    assert (found.runs, found.discordant) == (20, 7)
    assert (found.ours.count, found.theirs.count, found.ours.runs) == (5, 8, 20)
    assert found.difference == pytest.approx(-0.15)


@settings(max_examples=examples(300), deadline=None)
@given(BOOLS.filter(bool))
def test_properties_of_every_table(pairs: list[tuple[bool, bool]]) -> None:
    ours, theirs = np.array(pairs, dtype=bool).T
    found, swapped = paired_proportions(ours, theirs), paired_proportions(theirs, ours)
    assert -1 <= found.low <= found.difference <= found.high <= 1
    assert (swapped.low, swapped.high) == pytest.approx((-found.high, -found.low), abs=1e-12)
    table = [[found.both, found.only_ours], [found.only_theirs, found.neither]]
    assert found.p == pytest.approx(mcnemar(table, exact=True).pvalue if found.discordant else 1.0, abs=1e-12)
    assert found.least_p <= found.p + 1e-12
    assert found.least_p == pytest.approx(min(1.0, 2.0 ** (1 - len(pairs))))


def test_no_pairs() -> None:
    found = paired_proportions([], [])
    assert (found.low, found.high, found.p, found.least_p) == (-1, 1, 1, 1)
    assert np.isnan(found.difference)


@pytest.mark.parametrize(
    ("ours", "theirs", "reason"),
    [([True], [True, False], "same shape"), ([[True]], [[True]], "same shape"), ([0.5], [1.0], "must be boolean")],
)
def test_other_input_is_refused(ours: object, theirs: object, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        paired_proportions(ours, theirs)  # type: ignore[arg-type]


def tables(runs: int) -> NDArray[np.int64]:
    """All tables of ``runs`` pairs (tables × 4)."""
    counts = itertools.product(range(runs + 1), repeat=3)
    return np.array([(*some, runs - sum(some)) for some in counts if sum(some) <= runs])


def shares(ours: float, theirs: float, correlation: float) -> NDArray[np.float64]:
    both = ours * theirs + correlation * (ours * (1 - ours) * theirs * (1 - theirs)) ** 0.5
    return np.array([both, ours - both, theirs - both, 1 - ours - theirs + both])


@pytest.mark.parametrize(
    ("runs", "size", "least", "most", "mean"), [(8, 0.003, 0.934, 1, 0.977), (15, 0.018, 0.947, 1, 0.971)]
)
def test_coverage_and_size_are_as_the_docstring_says(
    runs: int, size: float, least: float, most: float, mean: float
) -> None:
    """Computed from all tables and their probabilities, without simulation."""
    cells = tables(runs)
    found = [of_cells(*row) for row in cells.tolist()]
    low, high, p = (np.array([getattr(one, name) for one in found]) for name in ("low", "high", "p"))
    ways = gammaln(runs + 1) - gammaln(cells + 1).sum(axis=1)
    coverage, wrong = [], []
    chances = (0.05, 0.1, 0.2, 0.3, 0.4, 0.6)
    for (ours, theirs), correlation in itertools.product(
        itertools.combinations_with_replacement(chances, 2), (0, 0.3, 0.6)
    ):
        each = shares(ours, theirs, correlation)
        if each.min() < 0:
            continue
        weights = np.exp(ways + cells @ np.log(each))
        assert weights.sum() == pytest.approx(1)
        coverage.append(weights[(low <= ours - theirs + 1e-9) & (high >= ours - theirs - 1e-9)].sum())
        if ours == theirs:
            wrong.append(weights[p <= 0.05].sum())
    assert (min(coverage), max(coverage), np.mean(coverage)) == pytest.approx((least, most, mean), abs=2e-3)
    assert max(wrong) == pytest.approx(size, abs=1e-3)


@settings(max_examples=examples(200), deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(0, 6)), min_size=1, max_size=14))
def test_flips_of_settings_are_those_of_brute_force(runs: list[tuple[bool, bool, int]]) -> None:
    ours, theirs, names = (np.array(column) for column in zip(*runs, strict=True))
    found = settings_flips(ours, theirs, names)
    each = {str(name): int(ours[names == name].sum() - theirs[names == name].sum()) for name in names.tolist()}
    assert found.differences == each
    sums = [sum(map(int.__mul__, signs, each.values())) for signs in itertools.product([1, -1], repeat=len(each))]
    assert found.p == pytest.approx(np.mean([abs(total) >= abs(sum(each.values())) for total in sums]), abs=1e-12)
    assert found.least_p <= found.p + 1e-12
    assert found.settings == len(each)


def test_with_one_pair_a_setting_flips_are_mcnemars_test() -> None:
    random = np.random.default_rng(0)
    for runs in (3, 10, 40):
        ours, theirs = random.random((2, runs)) < [[0.5], [0.2]]
        by_setting = settings_flips(ours, theirs, np.arange(runs))
        by_run = paired_proportions(ours, theirs)
        assert by_setting.p == pytest.approx(by_run.p, abs=1e-12)
        assert by_setting.least_p == by_run.least_p


def test_a_setting_counts_once_however_many_seeds_it_has() -> None:
    ours, names = np.repeat([True] * 5, 4), np.repeat(["a", "b", "c", "d", "e"], 4)
    found = settings_flips(ours, ~ours, names)
    assert found.differences == dict.fromkeys("abcde", 4)
    assert found.p == found.least_p == 0.0625
    assert paired_proportions(ours, ~ours).p < 1e-5


def test_flips_of_hundreds_of_settings_are_exact_and_quick() -> None:
    random = np.random.default_rng(1)
    ours, theirs = random.random((2, 1500)) < [[0.3], [0.25]]
    found = settings_flips(ours, theirs, np.repeat(np.arange(500), 3))
    differences = np.array([*found.differences.values()])
    drawn = random.choice([-1, 1], size=(20_000, 500)) @ differences
    assert found.p == pytest.approx((np.abs(drawn) >= abs(differences.sum())).mean(), abs=0.01)


def test_every_run_needs_its_setting() -> None:
    with pytest.raises(ValueError, match="one per run"):
        settings_flips([True, False], [True, True], ["a"])


@pytest.mark.parametrize(("factor", "pairs"), [(1, 6), (2, 7), (3, 7), (4, 8), (7, 9), (100, 12)])
def test_pairs_needed(factor: int, pairs: int) -> None:
    assert pairs_needed(factor) == pairs
    assert factor * of_cells(0, pairs, 0, 9).p <= 0.05 < factor * of_cells(0, pairs - 1, 0, 9).p


def test_a_correction_never_lowers_p() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        pairs_needed(0)
