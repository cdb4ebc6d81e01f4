"""Variance components against statsmodels and on simulated truth."""

import math
import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.formula.api import ols
from statsmodels.stats.anova import anova_lm

from analysis.statistics.decomposition.variance import INTERACTION, NOISE, SEED, SETTING, components, grid
from tests.benchmarks.variance import TRUTH, Grid, of_components
from tests.helpers.examples import examples
from tests.helpers.grids import scores, tidy

MIXED = f"{INTERACTION} + {NOISE}"


@pytest.mark.parametrize("replicates", [1, 3])
def test_mean_squares_are_statsmodels(replicates: int) -> None:
    values = scores(1, 5, 4, replicates)
    table = tidy(values)
    formula = "score ~ C(setting) + C(seed)" + (" + C(setting):C(seed)" if replicates > 1 else "")
    anova = anova_lm(ols(formula, table).fit())
    squares = anova["sum_sq"] / anova["df"]
    setting, seed, residual = squares["C(setting)"], squares["C(seed)"], squares["Residual"]
    found = components(values)
    if replicates > 1:
        both = squares["C(setting):C(seed)"]
        expected = [(setting - both) / (4 * 3), (seed - both) / (5 * 3), (both - residual) / 3, residual]
        assert found.names == (SETTING, SEED, INTERACTION, NOISE)
    else:
        expected = [(setting - residual) / 4, (seed - residual) / 5, residual]
        assert found.names == (SETTING, SEED, MIXED)
    np.testing.assert_allclose(found.variance[:, 0], expected, rtol=1e-9)
    assert (found.settings, found.seeds, found.runs, found.way, found.reason) == (5, 4, 20 * replicates, "anova", "")


@pytest.mark.parametrize(("shape", "axes"), [((3, 6, 1), (1,)), ((3, 1, 6), (2,)), ((3, 1, 1, 6), (3,))])
def test_of_one_setting_or_seed_it_is_the_plain_variance_with_its_interval(
    shape: tuple[int, ...], axes: tuple[int, ...]
) -> None:
    values = 60 + np.random.default_rng(0).normal(size=shape)
    found = components(values)
    name = {1: f"{SETTING} + {MIXED}", 2: f"{SEED} + {MIXED}", 3: NOISE}[axes[0]]
    assert found.names == (name,)
    variance = values.var(axis=axes[0], ddof=1).ravel()
    np.testing.assert_allclose(found.variance[0], variance)
    np.testing.assert_allclose(found.low[0], 5 * variance / stats.chi2.ppf(0.975, 5))
    np.testing.assert_allclose(found.high[0], 5 * variance / stats.chi2.ppf(0.025, 5))
    assert ("one seed" in found.note) == (axes[0] in (1, 3))
    assert ("one setting" in found.note) == (axes[0] in (2, 3))
    assert (f"{NOISE} cannot be separated" in found.note) == (axes[0] != 3)


@pytest.mark.parametrize("replicates", [1, 2])
def test_intervals_leave_out_0_where_the_f_test_rejects(replicates: int) -> None:
    values = Grid(4, 5, replicates).scores(
        400, np.random.default_rng(0), {SETTING: 0.1, SEED: 0.0, INTERACTION: 0.0, NOISE: 0.5}
    )
    found = components(values)
    means = values.mean(axis=3)
    settings_, seeds = means.mean(axis=2), means.mean(axis=1)
    rest = means - settings_[:, :, None] - seeds[:, None, :] + means.mean(axis=(1, 2), keepdims=True)
    both = np.square(rest).sum(axis=(1, 2)) / 12
    ratios = [(5 * settings_.var(axis=1, ddof=1) / both, 3, 12), (4 * seeds.var(axis=1, ddof=1) / both, 4, 12)]
    if replicates > 1:
        ratios.append((both / (values.var(axis=3, ddof=1).mean(axis=(1, 2)) / replicates), 12, 20))
    for i, (ratio, above, below) in enumerate(ratios):
        rejected, low = stats.f.sf(ratio, above, below) < 0.025, stats.f.cdf(ratio, above, below) < 0.025
        assert 0 < rejected.sum() < 400 - low.sum() < 400
        np.testing.assert_array_equal(found.low[i] > 0, rejected)
        np.testing.assert_array_equal(found.high[i] > 0, ~low)


def test_shares_of_two_components_have_the_exact_interval() -> None:
    """The settings are rerun several times. The expected interval follows from F of the two mean squares.

    Source: Searle, Casella & McCulloch, 1992, Table 3.4.
    """
    values = scores(40, 6, 1, 3)
    found = components(values)
    assert found.names == (f"{SETTING} + {INTERACTION}", NOISE)
    between = 3 * values[:, :, 0].mean(axis=2).var(axis=1, ddof=1)
    ratio = between / values[:, :, 0].var(axis=2, ddof=1).mean(axis=1)
    for low, tail in ((True, 0.025), (False, 0.975)):
        over = np.maximum(ratio / stats.f.isf(tail, 5, 12) - 1, 0)
        share = over / (over + 3)
        np.testing.assert_allclose((found.share_low if low else found.share_high)[0], share, atol=0.02)
        np.testing.assert_allclose((found.share_high if low else found.share_low)[1], 1 - share, atol=0.02)
    assert (found.share_low <= found.shares).all()
    assert (found.shares <= found.share_high).all()
    assert components(scores(2, 5, 1)).share_low.shape == (0, 2)  # the share of a single component is 1
    assert np.isnan(components(np.ones((1, 3, 3))).share_low).all()  # nothing varies


@pytest.mark.parametrize("shape", [Grid(5, 4), Grid(4, 5, 3, reruns=1)], ids=str)
def test_intervals_of_shares_cover(shape: Grid) -> None:
    found = components(shape.scores(1500, np.random.default_rng(5)))
    for name, low, high in zip(found.names, found.share_low, found.share_high, strict=True):
        truth = sum(TRUTH[part] for part in name.split(" + ")) / sum(TRUTH.values())
        assert 0.93 <= np.mean((low <= truth) & (truth <= high)) <= 0.99, name


def test_names_say_what_cannot_be_told_apart() -> None:
    assert components(scores(1, 4, 1, 2)).names == (f"{SETTING} + {INTERACTION}", NOISE)
    assert components(scores(1, 1, 4, 2)).names == (f"{SEED} + {INTERACTION}", NOISE)
    assert components(scores(1, 4, 3, 2)).note == ""
    assert "run twice" in components(scores(1, 4, 3, 1)).note


@settings(max_examples=examples(60), deadline=None)
@given(
    st.integers(1, 5), st.integers(1, 5), st.integers(1, 3), st.floats(-30, 30), st.floats(0.1, 9), st.integers(0, 99)
)
def test_shifts_change_nothing_and_scales_only_the_scale(
    a: int, b: int, n: int, shift: float, scale: float, seed: int
) -> None:
    values = scores(2, a, b, n, seed=seed)
    one, other = components(values), components(scale * values + shift)
    assert one.names == other.names
    assert bool(one.reason) == (a * b * n == 1)
    if one.names:
        top = np.abs(one.variance).max()
        np.testing.assert_allclose(other.variance, scale**2 * one.variance, atol=1e-8 * scale**2 * top)
        assert (one.low <= np.maximum(one.variance, 0)).all()
        assert (one.high >= one.variance).all()
        assert (one.low >= 0).all()
        np.testing.assert_allclose(one.shares.sum(axis=0), 1)
        assert (one.shares >= 0).all()
        np.testing.assert_allclose(one.shares[one.variance <= 0], 0)
        order = np.random.default_rng(seed).permutation(a)
        np.testing.assert_allclose(components(values[:, order]).variance, one.variance, atol=1e-9 * top)


def test_scores_that_are_all_the_same_vary_by_nothing() -> None:
    for value in (0.0, 0.1 + 0.2, 61.7):
        found = components(np.full((2, 3, 3, 2), value))
        assert not found.variance.any()
        assert not found.shares.any()
        assert not found.high.any()


def test_grids_that_are_not_full_have_a_reason() -> None:
    values = scores(2, 3, 4)
    values[:, 1, 2] = math.nan
    found = components(values)
    assert found.names == ()
    assert found.reason == "1 of 12 pairs of setting and seed have no score"
    assert "fewer than two runs" in components(np.ones((1, 1, 1))).reason
    values = scores(2, 3, 4)
    values[0, 1, 2] = math.nan
    with pytest.raises(ValueError, match="same runs in all languages"):
        components(values)
    with pytest.raises(ValueError, match="not of shape"):
        components(np.ones((3, 3)))


@pytest.mark.parametrize(
    "shape",
    [Grid(5, 4), Grid(5, 4, 2), Grid(4, 5, 3, reruns=1), Grid(6, 1, 2), Grid(4, 3, 2, effects="skewed")],
    ids=lambda shape: f"{shape}, {shape.effects}",
)
def test_estimates_are_unbiased_and_intervals_cover(shape: Grid) -> None:
    found = of_components(shape, 4000, seed=3)
    assert len(found) >= 2
    for one in found:
        assert abs(one.mean - one.truth) < 4 * one.error, one
        assert one.error < 0.05 * sum(TRUTH.values())
        if shape.effects == "normal":
            assert 0.93 <= one.coverage <= 0.97, one


def test_a_plain_frame_and_its_grid() -> None:
    values = scores(3, 4, 5, 2)
    table = tidy(values).sample(frac=1, random_state=0)
    found, languages = grid(table)
    assert languages == ["l00", "l01", "l02"]
    assert found.shape == values.shape
    np.testing.assert_allclose(np.sort(found), np.sort(values))
    found, languages = grid(table[table["language"] == "l01"].drop(columns=["language", "replicate"]))
    assert languages == [""]
    np.testing.assert_allclose(components(found).variance, components(values[1:2]).variance)
    with pytest.raises(ValueError, match="several scores of one run"):
        grid(pd.concat([table, table[:1]]))


def test_many_languages_take_less_than_a_second() -> None:
    values = scores(40, 100, 50)
    start = time.perf_counter()
    components(values)
    assert time.perf_counter() - start < 1
