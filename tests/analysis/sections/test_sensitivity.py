"""The section on sensitivity, against statsmodels' least squares."""

import math

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from analysis.claims.answer import answer
from analysis.claims.claim import Quantity
from analysis.report import Chapter
from analysis.results.view import View
from analysis.sections import sensitivity
from tests.helpers.claim_rows import grid, normal
from tests.helpers.report_rows import cells, clean, noted, p_of, plain, table_of, view


def test_slopes_are_those_of_settings_means_without_collapsed_runs(
    written: list[Chapter], seen: View, raw: pd.DataFrame
) -> None:
    section = next(chapter.section for chapter in written if chapter.section.name == "sensitivity")
    table = table_of(section, "sensitivity")
    kept = raw[(raw["collapsed"] == "false") & (raw["language"] != "en")]
    runs = kept.groupby(["method", "learning_rate", "seed"])["score"].mean()
    for method in seen.results.methods:
        means = runs[method].groupby("learning_rate").mean()
        fit = sm.OLS(means.to_numpy(), sm.add_constant(np.log2(means.index.to_numpy()))).fit()
        row = cells(table, method, "learning_rate")
        assert row["per"] == "doubling"
        assert row["points"].value == pytest.approx(fit.params[1])
        low, high = fit.conf_int()[1]
        assert row["points"].low <= low + 1e-9
        assert row["points"].high >= high - 1e-9
        assert p_of(row["p"]) >= fit.pvalues[1] - 1e-9
    clean(section)


def test_differences_are_the_claims() -> None:
    seen = view(grid(normal(3, 5, 2, vanilla=1, a=1, b=1)))
    table, found = table_of(sensitivity.section(seen), "sensitivity-differences"), answer(seen)
    kinds = {Quantity.SENSITIVITY: "mean", Quantity.SPREAD_SENSITIVITY: "spread"}
    for quantity, kind in kinds.items():
        claims = found.of(quantity)
        assert [claim.method for claim in claims] == ["a", "b"]
        for claim in claims:
            row = cells(table, claim.method, "learning_rate", kind)
            assert row["slope − vanilla"].value == claim.estimate
            assert p_of(row["p, Holm"]) == claim.corrected
    assert len(table.rows) == 4


def test_two_hyperparameters_are_regressed_together() -> None:
    scores = normal(5, 7, 2, vanilla=1, a=1)
    steps = [100, 400, 200, 300, 100, 200, 400]
    rows = [{**row, "max_steps": steps[round(math.log2(row["learning_rate"] / 1e-5))]} for row in grid(scores)]
    table = table_of(sensitivity.section(view(rows)), "sensitivity")
    frame = sm.add_constant(np.column_stack([np.arange(7), steps]))
    fit = sm.OLS(scores["a"].mean(axis=(1, 2)), frame).fit()
    found = [cells(table, "a", name) for name in ("learning_rate", "max_steps")]
    assert [row["points"].value for row in found] == pytest.approx(fit.params[1:])
    assert [row["per"] for row in found] == ["doubling", "unit"]


def test_hyperparameters_that_go_together_are_said_to_be_regressed_alone() -> None:
    rows = [{**row, "max_steps": round(row["learning_rate"] * 1e8)} for row in grid(normal(5, 6, 1, vanilla=1, a=1))]
    steps = [{**row, "weight_decay": 0.01 * math.log2(row["learning_rate"] / 1e-5)} for row in rows]
    table = table_of(sensitivity.section(view(steps)), "sensitivity")
    assert {plain(row[1]) for row in table.rows} == {"learning_rate", "max_steps", "weight_decay"}
    assert "Regressed alone: the hyperparameters are collinear" in noted(table)


def test_what_is_no_number_has_no_slope() -> None:
    assert sensitivity.section(view(grid(normal(6, 2, 3, vanilla=1, a=1)))) is None
    named = [{"setting": f"s{row.pop('learning_rate')}", **row} for row in grid(normal(6, 4, 2, vanilla=1))]
    assert sensitivity.section(view(named)) is None
