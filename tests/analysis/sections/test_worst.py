"""The section on the worst case, against numpy's and scipy's measures."""

import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import pdist
from scipy.special import logit

from analysis.report import Chapter
from analysis.results.view import View
from analysis.sections import worst
from tests.helpers.claim_rows import grid, normal
from tests.helpers.report_rows import Floats, cells, clean, noted, pairs, plain, run, std, table_of, view, words


def measures(scores: Floats, healthy: Floats) -> list[float]:
    """For at most ten runs, the worst tenth is the worst run."""
    low, high = np.quantile(scores, [0.25, 0.75])
    return [
        scores.min(),
        float(np.quantile(scores, 0.1)),
        scores.min(),
        high - low,
        pdist(scores[:, None]).mean(),
        std(logit(healthy / 100)),
    ]


def test_a_row_has_the_measures_of_all_runs(
    written: list[Chapter], seen: View, raw: pd.DataFrame, zero_shot: "pd.Series[float]"
) -> None:
    section = next(chapter.section for chapter in written if chapter.section.name == "worst")
    table = table_of(section, "worst")
    kept = raw[(raw["collapsed"] == "false") & (raw["language"] != "en")]
    healthy = kept.groupby(["method", "learning_rate", "seed"])["score"].mean()
    for method in seen.results.methods:
        row = cells(table, method)
        scores = zero_shot[method].to_numpy()
        found = [row[name].value for name in table.header[2:]]
        assert found == pytest.approx(measures(scores, healthy[method].to_numpy()))
        assert row["runs"] == str(len(scores))
    assert [plain(row[0]) for row in table.rows] == seen.results.methods
    clean(section)


def test_the_worst_tenth_is_the_mean_of_whole_runs_and_a_part_of_one() -> None:
    random = np.random.default_rng(5)
    scores = random.normal(60, 2, (25, 1))
    rows = [one for seed, (of,) in enumerate(scores) for one in run("vanilla", seed, {"en": 90.0, "de": float(of)})]
    row = cells(table_of(worst.section(view(rows)), "worst"), "vanilla")
    ordered = np.sort(scores[:, 0])
    assert row["worst tenth"].value == pytest.approx((ordered[0] + ordered[1] + ordered[2] / 2) / 2.5)


def test_an_interval_is_given_of_enough_settings_alone() -> None:
    few = table_of(worst.section(view(grid(normal(3, 12, 2, vanilla=1, a=1)))), "worst")
    assert np.isnan(cells(few, "a")["IQR"].low)
    assert "fewer than 20 settings" in noted(few)
    many = table_of(worst.section(view(grid(normal(3, 24, 1, vanilla=1, a=1)))), "worst")
    assert cells(many, "a")["IQR"].low < cells(many, "a")["IQR"].high


def test_points_and_logits_that_disagree_are_a_caution() -> None:
    """Near the ceiling, the same spread of skill is fewer points."""
    random = np.random.default_rng(4)
    skill = random.normal(0, 0.3, (2, 15, 2))
    at = [100 / (1 + np.exp(-(level + of))) for level, of in zip((1.7, 3.0), skill, strict=True)]
    section = worst.section(view(pairs(at[1], at[0], name="a")))
    points, logits = std(at[1].mean(axis=1)) / std(at[0].mean(axis=1)), [logit(of.mean(axis=1) / 100) for of in at]
    assert f"a ({points:.2f} in points, {std(logits[1]) / std(logits[0]):.2f} in logits)" in words(section)
    plain_ = worst.section(view(pairs(60 + skill[0], 62 + skill[1])))
    assert words(plain_) == ""


def test_an_example_is_worth_its_part_of_the_zero_shot_score() -> None:
    """Test sets of 100 and 50 examples. Half of the trials have no scores. A model of ewc has one of the languages."""
    sizes = {"de": 100, "hi": 50}
    rows = [
        {**row, "examples": sizes.get(row["language"], 10)}
        for seed in range(4)
        for row in run("vanilla", seed, dict.fromkeys(("en", "de", "hi"), 50.0 + seed if seed < 2 else None))
        + [
            one
            for code in sizes
            for one in run("ewc(strength=1)", seed, {"en": 50.0, code: 50.0 + seed}, trial=f"{code}-{seed}")
        ]
    ]
    results = view(rows).results
    for method in results.methods:
        assert worst._resolution(results, method) == pytest.approx((100 / 100 + 100 / 50) / 2 / 2)


def test_scores_that_are_no_points_and_single_runs_have_no_section() -> None:
    negative = run("vanilla", 0, {"en": 50.0, "de": -3.0}) + run("vanilla", 1, {"en": 50.0, "de": 4.0})
    assert worst.section(view(negative)) is None
    assert worst.section(view(run("vanilla", 0, {"en": 50.0, "de": 3.0}))) is None
