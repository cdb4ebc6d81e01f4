"""Importances against statsmodels' ANOVA."""

import itertools
import logging
import time
from typing import Any

import numpy as np
import optuna
import pandas as pd
import pytest
from statsmodels.formula.api import ols
from statsmodels.stats.anova import anova_lm

from analysis.statistics.decomposition.importance import MIN_SETTINGS, OTHER, importances


def factorial(**levels: list[Any]) -> tuple[pd.DataFrame, "pd.Series[float]"]:
    table = pd.DataFrame(list(itertools.product(*levels.values())), columns=list(levels))
    table.index = pd.Index([f"s{i}" for i in range(len(table))])
    random = np.random.default_rng(0)
    effects = sum(random.normal(size=len(set(table[name])))[pd.factorize(table[name])[0]] * 3 for name in levels)
    return table, pd.Series(60 + effects + random.normal(size=len(table)), table.index)


GRID: dict[str, list[Any]] = {"learning_rate": [1e-5, 3e-5, 1e-4], "epochs": [1, 3, 10, 20], "freeze": [False, True]}


@pytest.mark.filterwarnings("ignore:divide by zero:RuntimeWarning")  # statsmodels: there is no residual
def test_shares_on_a_full_grid_are_statsmodels_sums_of_squares() -> None:
    table, means = factorial(**GRID)
    found = importances(table.assign(batch_size=32).sample(frac=1, random_state=1), means)
    data = table.assign(score=means)
    anova = anova_lm(ols("score ~ C(learning_rate) * C(epochs) * C(freeze)", data).fit())["sum_sq"]
    expected = {
        tuple(part[2:-1] for part in term.split(":")): square / anova.sum()
        for term, square in anova.items()
        if "C(" in str(term)
    }
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
        {
            tuple("epochs + warmup + name" if name == "epochs" else name for name in term): share
            for term, share in plain.shares.items()
        }
    )
    # A hyperparameter that another determines, but not conversely, is no alias of it.
    assert importances(table.assign(long=table["epochs"] > 5), means).aliased == ()


def test_random_hyperparameters_move_together_only_in_order() -> None:
    random = np.random.default_rng(0)
    table = pd.DataFrame(random.random((20, 2)), columns=["learning_rate", "dropout"])
    table["decay"], table["batches"] = 1e-3 / table["learning_rate"], np.square(table["dropout"])
    assert importances(table, table["dropout"]).aliased == (("learning_rate", "decay"), ("dropout", "batches"))


def test_one_hyperparameter_alone_has_no_share() -> None:
    """Its share would be 100 %, whatever the scores."""
    values = pd.DataFrame({"learning_rate": [1e-5, 2e-5, 4e-5]})
    found = importances(values, pd.Series([1.0, 2.0, 5.0]))
    assert found.shares == {}
    assert found.reason == "one hyperparameter alone varies: its share would be 100 % of any variance"


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
    # On a linear scale 1e-6 to 1e-4 is a hundredth of the range, and the learning rate would hardly count.
    means = 60 + 6 * (table["learning_rate"] > 1e-4) + 2 * table["dropout"]
    found = importances(table, means).shares
    assert found[("learning_rate",)] > 0.8
    assert importances(table.assign(learning_rate=np.log(rate)), means).shares == found


def test_many_settings_take_seconds() -> None:
    random = np.random.default_rng(0)
    table = pd.DataFrame({f"h{i}": random.random(100) for i in range(6)}).assign(
        kind=random.choice(list("abcdefghijkl"), size=100)
    )
    start = time.perf_counter()
    assert importances(table, 60 + table["h0"] + 2 * (table["kind"] < "g")).way == "fanova"
    assert time.perf_counter() - start < 20


def test_a_grid_with_a_hole_agrees_with_the_full_one() -> None:
    table, means = factorial(learning_rate=[1e-5, 3e-5, 1e-4, 3e-4], epochs=[1, 2, 3, 4, 5, 6])
    exact, found = importances(table, means), importances(table, means[1:])
    assert (exact.way, found.way, found.settings) == ("anova", "fanova", 23)
    assert max(exact.shares, key=lambda term: exact.shares[term]) == max(
        found.shares, key=lambda term: found.shares[term]
    )


def test_where_there_are_no_importances() -> None:
    table, means = factorial(learning_rate=[1e-5, 3e-5, 1e-4], epochs=[1, 2, 3])
    assert f"fewer than {MIN_SETTINGS} settings" in importances(table, means[1:]).reason
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
