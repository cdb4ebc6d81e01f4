"""Importances of hyperparameters in the section on variance."""

import itertools
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
import pytest

from analysis.rendering.cells import Percent
from analysis.results.view import View
from analysis.sections import variance
from tests.helpers.report_rows import Rows, cells, noted, run, table_of, view, words


def factorial(levels: Sequence[tuple[float, int]], seed: int = 0) -> tuple[Rows, dict[tuple[float, int], float]]:
    """Two seeds of vanilla at settings of learning rate and warmup, and the settings' mean scores in English."""
    random = np.random.default_rng(seed)
    rows: Rows = []
    means_: dict[tuple[float, int], float] = {}
    for rate, warmup in levels:
        english = [float(80 + 1e5 * rate + warmup / 100 + random.normal()) for _ in range(2)]
        means_[rate, warmup] = float(np.mean(english))
        for i, value in enumerate(english):
            rows += run(
                "vanilla",
                i,
                {"en": value, "de": value - 20 + float(random.normal())},
                learning_rate=rate,
                warmup_steps=warmup,
            )
    return rows, means_


def test_hyperparameters_on_a_full_grid_have_the_shares_of_an_anova() -> None:
    from statsmodels.formula.api import ols
    from statsmodels.stats.anova import anova_lm

    rows, mean = factorial([*itertools.product((1e-5, 2e-5), (0, 100, 500))])
    table = table_of(variance.section(view(rows)), "hyperparameters")
    frame = pd.DataFrame([{"a": str(rate), "b": str(warmup), "y": y} for (rate, warmup), y in mean.items()])
    # With one mean per cell, the interaction is the remainder.
    squares = anova_lm(ols("y ~ C(a) + C(b)", frame).fit())["sum_sq"]
    shares = dict(
        zip(("learning rate", "warmup steps", "learning rate × warmup steps"), squares / squares.sum(), strict=True)
    )
    for name, share in shares.items():
        assert cells(table, name)["vanilla, en"] == Percent(pytest.approx(100 * share))
    assert any("exact (ANOVA of a full grid)" in note for note in table.notes)


def test_hyperparameters_that_move_together_are_named() -> None:
    rows, _ = factorial([(1e-5, 0), (2e-5, 100), (3e-5, 500)])
    section = variance.section(view(rows))
    why = "learning_rate and warmup_steps change together, and nothing else varies"
    assert f"{why}: their share would be 100 % of any variance." in words(section)


def by_seed(levels: Sequence[tuple[float, int]], seeds: Callable[[int], Sequence[int]]) -> View:
    """Runs of vanilla whose score depends on learning rate and seed, but not on warmup. The seeds depend on warmup."""
    rows: Rows = []
    for rate, warmup in levels:
        for seed in seeds(warmup):
            value = 80 + 1e5 * rate + 5 * seed
            rows += run("vanilla", seed, {"en": value, "de": value - 20}, learning_rate=rate, warmup_steps=warmup)
    return view(rows)


def test_missing_seeds_are_no_hyperparameter() -> None:
    """With warmup, two seeds are missing. Warmup has no effect, and none is reported."""
    levels = [*itertools.product((1e-5, 2e-5, 3e-5), (0, 100))]
    table = table_of(variance.section(by_seed(levels, lambda warmup: range(2 if warmup else 4))), "hyperparameters")
    assert cells(table, "warmup steps")["vanilla, en"].percent == pytest.approx(0, abs=1e-9)
    assert cells(table, "learning rate")["vanilla, en"].percent == pytest.approx(100)
    assert "vanilla: over the 2 of 4 seeds that all of its settings have." in table.notes
    full = table_of(variance.section(by_seed(levels, lambda warmup: range(4))), "hyperparameters")
    assert "all of its settings have" not in noted(full)
    section = variance.section(by_seed(levels, lambda warmup: (2, 3) if warmup else (0, 1)))
    assert "hyperparameters" not in [table.name for table in section.tables]  # type: ignore[union-attr]
    why = "no seed has a complete run at every setting"
    assert f"The settings' part cannot be split by hyperparameter: {why}" in words(section)


def test_a_few_settings_that_are_no_full_grid_have_a_reason() -> None:
    section = variance.section(by_seed([(1e-5, 0), (2e-5, 0), (1e-5, 100)], lambda warmup: range(3)))
    assert "hyperparameters" not in [table.name for table in section.tables]  # type: ignore[union-attr]
    why = "there are fewer than 10 settings, and they are no full grid."
    assert f"The settings' part cannot be split by hyperparameter: {why}" in words(section)
