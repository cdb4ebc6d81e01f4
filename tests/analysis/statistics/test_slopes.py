"""Slopes against statsmodels' least squares."""

import math

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from analysis.statistics.slopes import slopes, spread_slopes
from tests.helpers.paired_scores import error


def draw(settings: int, seeds: int, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray, np.random.Generator]:
    random = np.random.default_rng(seed)
    table = pd.DataFrame(
        {
            "learning_rate": 2.0 ** random.uniform(-20, -12, settings),
            "epochs": random.integers(1, 10, settings),
            "warmup": random.uniform(0, 0.5, settings),
        }
    )
    setting = np.repeat(np.arange(settings), seeds)
    return table.iloc[setting].reset_index(drop=True), setting, random


def test_slopes_are_statsmodels_on_setting_means() -> None:
    table, setting, random = draw(12, 3)
    scores = 60 + 2 * np.log2(table["learning_rate"]) + random.normal(size=36)
    found = slopes(scores, table, setting)
    rows = table.assign(learning_rate=np.log2(table["learning_rate"]), score=scores).groupby(setting).mean()
    fit = sm.OLS(rows["score"], sm.add_constant(rows[list(table)])).fit()
    robust = fit.get_robustcov_results("HC2", use_t=True)
    larger = np.maximum(fit.bse.to_numpy(), robust.bse)[1:]
    assert found.settings == 12
    for slope, name, size in zip(found.slopes, table, larger, strict=True):
        assert (slope.name, slope.df, slope.note, slope.reason) == (name, 8, "", "")
        assert (slope.estimate, slope.error) == pytest.approx((fit.params[name], size))
    ordinary = found.slopes[int(np.argmax(np.isclose(larger, fit.bse.to_numpy()[1:])))]
    assert (ordinary.low, ordinary.high, ordinary.p) == pytest.approx(
        (*fit.conf_int().loc[ordinary.name], fit.pvalues[ordinary.name])
    )
    assert [slope.unit for slope in found.slopes] == ["doubling", "unit", "unit"]
    assert found.slopes[0].others == ("epochs", "warmup")


def test_a_slope_by_hand() -> None:
    table = pd.DataFrame({"learning_rate": [1e-5, 2e-5, 4e-5, 8e-5]})
    found = slopes([50, 53, 55, 59], table, list("abcd")).slopes[0]
    assert found.estimate == pytest.approx(2.9)  # at 0, 1, 2 and 3 doublings
    exact = slopes([50, 52, 54, 56], table, list("abcd")).slopes[0]
    assert exact.estimate == pytest.approx(2)
    assert "exactly" in exact.reason
    assert math.isnan(exact.low)
    unit = slopes([50, 53, 55, 59], table, list("abcd"), doublings=()).slopes[0]
    assert (unit.unit, unit.estimate) == (
        "unit",
        pytest.approx(np.polyfit(table["learning_rate"], [50, 53, 55, 59], 1)[0]),
    )


def test_hyperparameters_that_are_collinear_or_too_many_are_regressed_alone() -> None:
    table, setting, random = draw(6, 2)
    scores = random.normal(60, 1, 12)
    twice = slopes(scores, table.assign(steps=table["epochs"] * 100 + 3), setting)
    assert all("collinear" in slope.note and not slope.others for slope in twice.slopes)
    alone = slopes(scores, table[["epochs"]], setting).slopes[0]
    assert twice.slopes[1].estimate == pytest.approx(alone.estimate)
    assert alone.note == ""
    few = slopes(scores[:8], table[:8], setting[:8])
    assert all("too few for 3" in slope.note and slope.df == 2 for slope in few.slopes)


def test_what_has_no_slope_says_why() -> None:
    table, setting, random = draw(5, 1)
    odd = table.assign(
        freeze=[True, False] * 2 + [True], schedule="linear", batch=32, clip=[None, 1.0, 2.0, 3.0, 4.0], decay=np.inf
    )
    odd["learning_rate"] = [0, 1e-5, 1e-4, 1e-3, 1e-2]
    reasons = {slope.name: slope.reason for slope in slopes(random.normal(size=5), odd, setting).slopes}
    assert reasons == {
        "learning_rate": "values of 0 or less cannot be doubled",
        "epochs": "",
        "warmup": "",
        "freeze": "it is true or false",
        "schedule": "its values are names",
        "batch": "it does not vary",
        "clip": "some settings have no value",
        "decay": "some settings have an infinite value",
    }
    few = slopes([1.0, 2.0, math.nan], table[:3], setting[:3])
    assert "a slope needs 3" in few.slopes[0].reason
    assert few.settings == 2
    assert slopes([], table[:0], []).slopes[0].reason
    with pytest.raises(ValueError, match="differs within"):
        slopes([1.0, 2.0], table[:2], ["a", "a"])
    for rates in ([0.1, math.nan], [math.nan, 0.1]):
        with pytest.raises(ValueError, match="rate differs within"):
            slopes([1.0, 2.0], pd.DataFrame({"rate": rates}), ["a", "a"])
    with pytest.raises(ValueError, match="one per row"):
        slopes([1.0, 2.0], table, ["a", "a"])
    with pytest.raises(ValueError, match="must have the shape"):
        slopes([1.0], table, setting)


def test_the_slope_of_the_log_spread_is_statsmodels() -> None:
    table, setting, random = draw(9, 4)
    ours, theirs = random.normal(60, 2, (2, 36, 3))
    found = spread_slopes(ours, theirs, table[["learning_rate"]], setting).slopes[0]
    logs = [np.log(ours[setting == i].std(0) / theirs[setting == i].std(0)).mean() for i in range(9)]
    fit = sm.OLS(logs, sm.add_constant(np.log2(table["learning_rate"][::4].to_numpy()))).fit()
    assert found.estimate == pytest.approx(fit.params[1])
    assert found.error >= fit.bse[1] * (1 - 1e-9)
    # A setting with one seed, or with equal scores, has no std.
    ours[setting == 2] = 5
    kept = (setting != 2) & (np.arange(36) > 2)
    less = spread_slopes(ours[kept], theirs[kept], table[["learning_rate"]][kept], setting[kept])
    other = spread_slopes(ours[3:], theirs[3:], table[["learning_rate"]][3:], setting[3:])
    assert less.settings == other.settings == 7
    assert less.slopes == other.slopes
    with pytest.raises(ValueError, match="paired scores"):
        spread_slopes(ours, theirs[:5], table, setting)
    with pytest.raises(ValueError, match="finite"):
        spread_slopes(ours * np.nan, theirs, table, setting)


def test_no_slope_is_found_in_at_most_six_per_cent() -> None:
    studies, found = 150, []
    for seed in range(studies):
        table, setting, random = draw(6, 3, seed)
        spread = np.exp(0.1 * np.log2(table["learning_rate"].to_numpy()) + 1.6)
        ours, theirs = random.normal(size=(2, 18)) * spread + 60
        one = slopes(ours - theirs, table, setting).slopes[0]
        other = spread_slopes(ours, theirs, table, setting).slopes[0]
        found.append([one.p <= 0.05, other.p <= 0.05])
    assert (np.mean(found, axis=0) <= 0.06 + error(0.06, studies)).all()
