"""Levels of planned looks against published tables, multivariate normal probabilities and simulation."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from analysis.statistics.looks import chance_of_a_finding, equal, level, levels, repeated_p, spent
from tests.benchmarks.looks import size
from tests.helpers.examples import examples

# Bounds on |z| for two-sided 5 %, from D. M. Reboussin, D. L. DeMets, K. Kim & K. K. G. Lan, 2000, Computations for
# group sequential boundaries using the Lan-DeMets spending function method, Controlled Clinical Trials 21:190-207.
PUBLISHED = {
    1: [1.9600],
    2: [2.9626, 1.9686],
    3: [3.7103, 2.5114, 1.9930],
    4: [4.3326, 2.9631, 2.3590, 2.0141],
    5: [4.8769, 3.3569, 2.6803, 2.2898, 2.0310],
}
# P. Armitage, C. K. McPherson & B. C. Rowe, 1969, table 2.
REPEATED = {1: 0.050, 2: 0.083, 3: 0.107, 4: 0.126, 5: 0.142, 10: 0.193, 20: 0.248}


@pytest.mark.parametrize("looks", PUBLISHED)
def test_levels_are_those_of_published_bounds(looks: int) -> None:
    assert stats.norm.isf(levels(equal(looks)) / 2) == pytest.approx(PUBLISHED[looks], abs=2e-4)
    assert [level(look, looks) for look in range(1, looks + 1)] == pytest.approx(list(levels(equal(looks))))


@pytest.mark.parametrize("looks", REPEATED)
def test_looks_at_5_percent_find_as_often_as_published(looks: int) -> None:
    assert chance_of_a_finding(equal(looks), [0.05] * looks) == pytest.approx(REPEATED[looks], abs=6e-4)


@pytest.mark.parametrize("fractions", [(0.3, 0.45, 1.0), (0.5, 0.55, 0.8), (1 / 3, 2 / 3)])
def test_looks_spend_what_they_may(fractions: tuple[float, ...]) -> None:
    """The chance of no finding is the probability of a multivariate normal distribution in a box."""
    found = levels(fractions, 0.2)
    bounds = stats.norm.isf(found / 2)
    correlation = [[math.sqrt(min(s, t) / max(s, t)) for s in fractions] for t in fractions]
    inside = stats.multivariate_normal.cdf(
        bounds, cov=correlation, lower_limit=-bounds, rng=np.random.default_rng(0), abseps=1e-5
    )
    assert 1 - inside == pytest.approx(spent(fractions[-1], 0.2), abs=1e-4)
    assert chance_of_a_finding(fractions, found) == pytest.approx(spent(fractions[-1], 0.2), abs=1e-8)


def test_many_looks_spend_5_percent() -> None:
    for looks in (10, 20, 40):
        assert chance_of_a_finding(equal(looks), levels(equal(looks))) == pytest.approx(0.05, abs=1e-6)


@given(st.floats(1e-9, 1), st.integers(1, 6), st.data())
@settings(max_examples=examples(200), deadline=None)
def test_a_repeated_p_is_a_finding_exactly_where_p_is_one(p: float, looks: int, data: st.DataObject) -> None:
    fractions = equal(looks)[: data.draw(st.integers(1, looks))]
    repeated = repeated_p(p, fractions)
    assert p * (1 - 1e-9) <= repeated <= 1
    for alpha in (0.01, 0.05, 0.2):
        if not math.isclose(repeated, alpha, rel_tol=1e-4):
            assert (repeated <= alpha) == (p <= levels(fractions, alpha)[-1])


def test_edges_of_p() -> None:
    for fractions in (equal(1), equal(3), equal(3)[:1]):
        assert math.isnan(repeated_p(math.nan, fractions))
        assert 0 <= repeated_p(0.0, fractions) < 1e-4
        assert repeated_p(1.0, fractions) == 1
    assert repeated_p(0.03, equal(1)) == 0.03


@pytest.mark.parametrize("fractions", [(), (0.0, 1.0), (0.5, 0.5), (0.5, 0.4), (0.5, 1.1)])
def test_fractions_rise_to_at_most_1(fractions: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="rise"):
        levels(fractions)


def test_other_values_are_refused() -> None:
    with pytest.raises(ValueError, match="alpha"):
        levels((1.0,), 0.0)
    with pytest.raises(ValueError, match="at least 1"):
        equal(0)
    for look in (0, 3):
        with pytest.raises(ValueError, match="look must be from 1 to 2"):
            level(look, 2)
    with pytest.raises(ValueError, match="looks need 2 levels"):
        chance_of_a_finding((0.5, 1.0), (0.05,))


@pytest.mark.parametrize(("runs", "looks"), [(12, 2), (30, 3), (30, 5)])
def test_simulated_studies_find_what_is_not_there_in_5_percent(runs: int, looks: int) -> None:
    """This also holds with a look after each run. Three standard errors are 0.006."""
    found = size(runs, looks, 12_000, seed=looks)
    assert found.planned == pytest.approx(0.05, abs=0.006)
    assert found.held == found.planned
    assert found.at_5 > 0.07
    assert found.every_run_at_5 > 0.18
