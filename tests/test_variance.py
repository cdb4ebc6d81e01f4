"""Variance components against statsmodels and on simulated truth, REML against ANOVA, importances against statsmodels' ANOVA."""

import itertools
import logging
import math
import time
from typing import Any

import numpy as np
import optuna
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.formula.api import ols
from statsmodels.stats.anova import anova_lm

from analysis.statistics import mixed_model
from analysis.statistics.importance import LEAST_SETTINGS, OTHER, importances
from analysis.statistics.mixed_model import MOST_LEVELS, MOST_RUNS, decompose, reml
from analysis.statistics.variance import INTERACTION, NOISE, SEED, SETTING, components, grid
from tests.benchmarks.variance import TRUTH, Grid, of_components, of_sparse

MIXED = f"{INTERACTION} + {NOISE}"


def scores(languages: int, settings: int, seeds: int, replicates: int = 1, *, seed: int = 0) -> Any:
    """Languages × settings × seeds × replicates, where settings vary most."""
    return Grid(settings, seeds, replicates).scores(languages, np.random.default_rng(seed))


def tidy(values: Any) -> pd.DataFrame:
    """A row a run × language."""
    language, setting, seed, replicate = (at.ravel() for at in np.indices(values.shape))
    columns = {"language": [f"l{i:02}" for i in language], "setting": [f"s{i}" for i in setting], "seed": seed, "replicate": replicate}
    return pd.DataFrame({**columns, "score": values.ravel()})


# ANOVA


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
def test_of_one_setting_or_seed_it_is_the_plain_variance_with_its_interval(shape: tuple[int, ...], axes: tuple[int, ...]) -> None:
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
    assert (f"{NOISE} cannot be told" in found.note) == (axes[0] != 3)


@pytest.mark.parametrize("replicates", [1, 2])
def test_intervals_leave_out_0_where_the_f_test_rejects(replicates: int) -> None:
    values = Grid(4, 5, replicates).scores(400, np.random.default_rng(0), {SETTING: 0.1, SEED: 0.0, INTERACTION: 0.0, NOISE: 0.5})
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
    """Of settings run several times: what F of the two mean squares says of their share (Searle, Casella & McCulloch, 1992, Table 3.4)."""
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
    assert components(scores(2, 5, 1)).share_low.shape == (0, 2)  # the share of a single component is all
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


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 5), st.integers(1, 5), st.integers(1, 3), st.floats(-30, 30), st.floats(0.1, 9), st.integers(0, 99))
def test_shifts_change_nothing_and_scales_only_the_scale(a: int, b: int, n: int, shift: float, scale: float, seed: int) -> None:
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


# REML


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
    values[2, 4] = math.nan  # a setting lost: what is left is a full grid
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
    values = 60 + random.normal(0, 3, (shape[0], 1)) + random.normal(0, 3, (1, shape[1])) + random.normal(0, 0.01, shape)
    at = np.nonzero(random.random(shape) < 0.8)
    with monkeypatch.context() as patched:
        patched.setattr(mixed_model, "PATIENT", ())
        assert "did not converge" in reml(*at, values[at]).reason
    found = reml(*at, values[at])
    assert not found.reason
    assert found.shares[2, 0] < 1e-3  # there is next to no noise


def test_where_there_is_no_mixed_model(monkeypatch: pytest.MonkeyPatch) -> None:
    # Every run has a setting and a seed of its own.
    found = reml(range(6), range(6), np.arange(6.0))
    assert found.names == ()
    assert "do not tell" in found.reason
    assert "do not tell" in reml([], [], []).reason
    assert "do not tell" in reml([0, 0, 1], [0, 1, 0], [1.0, 2.0, 4.0]).reason
    runs = np.arange(MOST_RUNS + 1)
    assert f"more than {MOST_RUNS} runs" in reml(runs % 30, runs // 30, runs).reason
    runs = np.arange(MOST_LEVELS)
    assert f"more than {MOST_LEVELS} settings" in reml(np.r_[runs, 0, 1], np.r_[runs % 2, 1, 0], np.r_[runs, 3, 4]).reason
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


# Importances


def factorial(**levels: list[Any]) -> tuple[pd.DataFrame, "pd.Series[float]"]:
    table = pd.DataFrame(list(itertools.product(*levels.values())), columns=list(levels))
    table.index = pd.Index([f"s{i}" for i in range(len(table))])
    random = np.random.default_rng(0)
    effects = sum(random.normal(size=len(set(table[name])))[pd.factorize(table[name])[0]] * 3 for name in levels)
    return table, pd.Series(60 + effects + random.normal(size=len(table)), table.index)


GRID: dict[str, list[Any]] = {"learning_rate": [1e-5, 3e-5, 1e-4], "epochs": [1, 3, 10, 20], "freeze": [False, True]}


@pytest.mark.filterwarnings("ignore:divide by zero:RuntimeWarning")  # statsmodels: nothing is left for a residual
def test_shares_on_a_full_grid_are_statsmodels_sums_of_squares() -> None:
    table, means = factorial(**GRID)
    found = importances(table.assign(batch_size=32).sample(frac=1, random_state=1), means)
    data = table.assign(score=means)
    anova = anova_lm(ols("score ~ C(learning_rate) * C(epochs) * C(freeze)", data).fit())["sum_sq"]
    expected = {tuple(part[2:-1] for part in term.split(":")): square / anova.sum() for term, square in anova.items() if "C(" in str(term)}
    assert set(found.shares) == set(expected)
    assert found.shares == pytest.approx(expected)
    assert sum(found.shares.values()) == pytest.approx(1)
    assert (found.way, found.settings, found.aliased, found.reason) == ("anova", 24, (), "")


def test_hyperparameters_that_move_together_are_one() -> None:
    table, means = factorial(**GRID)
    found = importances(table.assign(warmup=table["epochs"] * 10, name=table["epochs"].astype(str)), means)
    assert found.aliased == (("epochs", "warmup", "name"),)
    plain = importances(table, means)
    assert found.shares == pytest.approx(
        {tuple("epochs + warmup + name" if name == "epochs" else name for name in term): share for term, share in plain.shares.items()}
    )
    # One that another determines, but not the other way about, is not the same.
    assert importances(table.assign(long=table["epochs"] > 5), means).aliased == ()


def test_random_hyperparameters_move_together_only_in_order() -> None:
    random = np.random.default_rng(0)
    table = pd.DataFrame(random.random((20, 2)), columns=["learning_rate", "dropout"])
    table["decay"], table["batches"] = 1e-3 / table["learning_rate"], np.square(table["dropout"])
    assert importances(table, table["dropout"]).aliased == (("learning_rate", "decay"), ("dropout", "batches"))


def test_one_hyperparameter_carries_all() -> None:
    table, means = factorial(learning_rate=[1e-5, 1e-4, 1e-3])
    assert importances(table, means).shares == {("learning_rate",): pytest.approx(1)}


def test_fanova_finds_what_matters_and_is_the_same_each_time() -> None:
    random = np.random.default_rng(0)
    table = pd.DataFrame(
        {
            "learning_rate": 10 ** random.uniform(-6, -3, size=60),
            "epochs": random.integers(1, 6, size=60),
            "schedule": random.choice(["linear", "constant"], size=60),
            "warmup": [None if draw < 0.3 else draw for draw in random.random(60)],
        }
    )
    means = 60 + 4 * np.log10(table["learning_rate"]) + (table["schedule"] == "linear")
    found = importances(table, means)
    assert (found.way, found.reason) == ("fanova", "")
    assert set(found.shares) == {("learning_rate",), ("epochs",), ("schedule",), ("warmup",), OTHER}
    assert sum(found.shares.values()) == pytest.approx(1)
    assert found.shares[("learning_rate",)] > 0.8
    assert found == importances(table, means)
    assert all(type(share) is float for share in found.shares.values())


def test_the_scale_of_a_hyperparameter_does_not_matter() -> None:
    random = np.random.default_rng(0)
    rate = 10 ** random.uniform(-6, -2, size=80)
    table = pd.DataFrame({"learning_rate": rate, "dropout": random.uniform(0, 1, size=80)})
    # On a plain scale 1e-6 to 1e-4 are a hundredth of the range, and this would hardly count.
    means = 60 + 6 * (table["learning_rate"] > 1e-4) + 2 * table["dropout"]
    found = importances(table, means).shares
    assert found[("learning_rate",)] > 0.8
    assert importances(table.assign(learning_rate=np.log(rate)), means).shares == found


def test_many_settings_take_seconds() -> None:
    random = np.random.default_rng(0)
    table = pd.DataFrame({f"h{i}": random.random(100) for i in range(6)}).assign(kind=random.choice(list("abcdefghijkl"), size=100))
    start = time.perf_counter()
    assert importances(table, 60 + table["h0"] + 2 * (table["kind"] < "g")).way == "fanova"
    assert time.perf_counter() - start < 20


def test_a_grid_with_a_hole_agrees_with_the_full_one() -> None:
    table, means = factorial(learning_rate=[1e-5, 3e-5, 1e-4, 3e-4], epochs=[1, 2, 3, 4, 5, 6])
    exact, found = importances(table, means), importances(table, means[1:])
    assert (exact.way, found.way, found.settings) == ("anova", "fanova", 23)
    assert max(exact.shares, key=lambda term: exact.shares[term]) == max(found.shares, key=lambda term: found.shares[term])


def test_where_there_are_no_importances() -> None:
    table, means = factorial(learning_rate=[1e-5, 3e-5, 1e-4], epochs=[1, 2, 3])
    assert f"fewer than {LEAST_SETTINGS} settings" in importances(table, means[1:]).reason
    assert "same mean" in importances(table, means * 0 + 0.3).reason
    assert "do not differ" in importances(table.assign(learning_rate=1, epochs=1), means).reason
    assert "one setting" in importances(table[:1], means[:1]).reason
    assert "no settings" in importances(table[:0], means[:0]).reason
    assert importances(table, means.where(means.index != "s0")).settings == 8


def test_optuna_is_quiet_and_its_logging_left_as_it_was(capsys: pytest.CaptureFixture[str]) -> None:
    table, means = factorial(**GRID)
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.INFO)
    try:
        assert importances(table, means[1:]).way == "fanova"
        assert optuna.logging.get_verbosity() == optuna.logging.INFO
    finally:
        optuna.logging.set_verbosity(before)
    assert capsys.readouterr() == ("", "")
    assert logging.getLogger().level == logging.WARNING
