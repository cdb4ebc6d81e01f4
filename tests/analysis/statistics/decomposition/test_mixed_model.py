"""REML against ANOVA."""

import itertools
import math

import numpy as np
import pytest

from analysis.statistics.decomposition import mixed_model
from analysis.statistics.decomposition.mixed_model import MAX_LEVELS, MAX_RUNS, decompose, reml
from analysis.statistics.decomposition.variance import SEED, components
from tests.benchmarks.variance import TRUTH, Grid, of_sparse
from tests.helpers.grids import scores, tidy


@pytest.mark.parametrize(("replicates", "seed"), list(itertools.product([1, 2], range(4))))
def test_reml_is_anova_on_full_grids_without_negative_estimates(replicates: int, seed: int) -> None:
    values = scores(1, 7, 6, replicates, seed=seed)
    exact = components(values)
    assert (exact.variance > 0).all()
    table = tidy(values)
    found = reml(table["setting"], table["seed"], table["score"])
    assert found.names == exact.names
    assert found.way == "reml"
    np.testing.assert_allclose(found.variance, exact.variance, rtol=2e-3)
    shuffled = table.sample(frac=1, random_state=seed)
    again = reml(shuffled["setting"], shuffled["seed"], shuffled["score"] * 10 - 500)
    np.testing.assert_allclose(again.variance, 100 * found.variance, rtol=2e-3)


def test_reml_puts_a_component_at_0_where_anova_is_negative() -> None:
    met = 0
    for seed in range(12):
        values = Grid(6, 5).scores(1, np.random.default_rng(seed), {**TRUTH, SEED: 0.0})
        exact = components(values)
        table = tidy(values)
        found = reml(table["setting"], table["seed"], table["score"])
        assert found.reason == ""
        if exact.variance[1, 0] < 0:
            met += 1
            # Then seeds are no factor, and the rest is the one-way ANOVA of settings.
            one_way = components(values.reshape(1, 6, 1, 5))
            assert found.variance[1, 0] == pytest.approx(0, abs=1e-3)
            np.testing.assert_allclose(found.variance[[0, 2], 0], one_way.variance[:, 0], rtol=0.02)
    assert met >= 3


def test_reml_is_about_right_where_runs_are_lost() -> None:
    found, without = of_sparse(Grid(8, 6, 2), 60)
    assert without == 0
    for one in found:
        assert abs(one.mean - one.truth) < 4 * one.error, one


def test_languages_are_decomposed_as_their_runs_allow() -> None:
    values = scores(4, 5, 4)
    values[1, 2, 3] = math.nan  # a run lost
    values[2, 4] = math.nan  # a setting lost: the rest is a full grid
    table = tidy(values)
    found = decompose(table)
    assert list(found) == ["l00", "l01", "l02", "l03"]
    assert [one.way for one in found.values()] == ["anova", "reml", "anova", "anova"]
    np.testing.assert_allclose(found["l03"].variance, components(values[3:]).variance)
    np.testing.assert_allclose(found["l02"].variance, components(values[2:3, :4]).variance)
    assert (found["l02"].settings, found["l02"].runs) == (4, 16)
    assert found["l01"].runs == 19
    assert found["l01"].names == found["l00"].names
    assert found["l01"].low.shape == (0, 1)
    assert decompose(table[:0]) == {}


@pytest.mark.parametrize(("seed", "shape"), [(6, (8, 5)), (3, (3, 3)), (26, (4, 5))])
def test_other_optimisers_are_tried_where_the_first_do_not_converge(
    monkeypatch: pytest.MonkeyPatch, seed: int, shape: tuple[int, int]
) -> None:
    random = np.random.default_rng(seed)
    values = (
        60 + random.normal(0, 3, (shape[0], 1)) + random.normal(0, 3, (1, shape[1])) + random.normal(0, 0.01, shape)
    )
    at = np.nonzero(random.random(shape) < 0.8)
    with monkeypatch.context() as patched:
        patched.setattr(mixed_model, "PATIENT", ())
        assert "did not converge" in reml(*at, values[at]).reason
    found = reml(*at, values[at])
    assert not found.reason
    assert found.shares[2, 0] < 1e-3  # there is next to no noise


def test_where_there_is_no_mixed_model(monkeypatch: pytest.MonkeyPatch) -> None:
    # Every run has its own setting and seed.
    found = reml(range(6), range(6), np.arange(6.0))
    assert found.names == ()
    assert "do not separate" in found.reason
    assert "do not separate" in reml([], [], []).reason
    assert "do not separate" in reml([0, 0, 1], [0, 1, 0], [1.0, 2.0, 4.0]).reason
    runs = np.arange(MAX_RUNS + 1)
    assert f"more than {MAX_RUNS} runs" in reml(runs % 30, runs // 30, runs).reason
    runs = np.arange(MAX_LEVELS)
    assert (
        f"more than {MAX_LEVELS} settings" in reml(np.r_[runs, 0, 1], np.r_[runs % 2, 1, 0], np.r_[runs, 3, 4]).reason
    )
    same = reml([0, 0, 1, 1, 2], [0, 1, 0, 1, 0], [0.3, 0.1 + 0.2, 0.3, 0.3, 0.3])
    assert not same.reason
    assert not same.variance.any()
    monkeypatch.setattr(mixed_model, "OPTIMISERS", ("lbfgs",))
    monkeypatch.setattr(mixed_model, "PATIENT", ())
    reasons = []
    for seed in range(12):
        table = tidy(Grid(6, 5).scores(1, np.random.default_rng(seed), {**TRUTH, SEED: 0.0})).iloc[1:]
        reasons.append(reml(table["setting"], table["seed"], table["score"]).reason)
    assert "the mixed model's fit did not converge" in reasons
