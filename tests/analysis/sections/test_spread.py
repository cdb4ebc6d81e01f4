"""The section on spread: its numbers, and its messages on thin or odd results."""

import math
import re

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.claims.answer import answer as answered_of
from analysis.claims.claim import Quantity, Scope
from analysis.rendering.cells import Ratio
from analysis.report import Chapter
from analysis.results.view import View
from analysis.sections import answer, means, spread
from analysis.statistics.spread.minimum_detectable import minimum_detectable_ratio
from analysis.statistics.spread.std_ratio import std_ratio
from tests.helpers.claim_rows import claimed, grid, normal
from tests.helpers.report_rows import (
    Rows,
    arrays,
    cells,
    clean,
    holm,
    noted,
    p_of,
    pairs,
    plain,
    run,
    several,
    std,
    swapped_p,
    table_of,
    view,
    words,
)


def test_spread_is_of_arrays_cut_by_hand(seen: View, raw: pd.DataFrame, written: list[Chapter]) -> None:
    section = next(chapter.section for chapter in written if chapter.section.name == "spread")
    table = table_of(section, "spread")
    methods = [method for method in seen.results.methods if method != "vanilla"]
    healthy = raw[raw["collapsed"] == "false"]
    p = {method: swapped_p(*arrays(healthy, method)[2:]) for method in methods}
    corrected = holm(p)
    for method in methods:
        source, its_source, ours, theirs = arrays(healthy, method)
        for what, one, other in (
            ("en", source, its_source),
            ("zero-shot score", ours.mean(axis=1), theirs.mean(axis=1)),
            ("3 languages (geometric mean)", ours, theirs),
        ):
            row, ratio = cells(table, method, what, "these runs"), std_ratio(one, other)
            logs = np.log(np.std(one, axis=0, ddof=1) / np.std(other, axis=0, ddof=1))
            assert row["ratio to vanilla"].value == pytest.approx(math.exp(np.mean(logs)))
            assert row["ratio to vanilla"] == Ratio(*(pytest.approx(x) for x in (ratio.value, ratio.low, ratio.high)))
            assert p_of(row["p"]) == pytest.approx(swapped_p(one.reshape(len(one), -1), other.reshape(len(one), -1)))
            assert row["minimum detectable ratio"].value == pytest.approx(minimum_detectable_ratio(one, other).ratio)
            assert row["pairs"] == str(len(one)) == ("6" if method == "l2(strength=0.1)" else "7")
            if what.startswith("3"):
                assert p_of(row["p, Holm"]) == pytest.approx(corrected[method])
            else:
                assert row["p, Holm"] == "–"
    assert "Pairs in which either run collapsed are left out." in table.notes


def test_the_languages_are_tested_from_eight_runs_on() -> None:
    rows = several(1.0, 6.0)
    section = spread.section(view(rows))
    wide = pd.DataFrame(rows).pivot_table(index="seed", columns=["method", "language"], values="score")
    table = table_of(section, "spread-languages")
    for method in ("m1", "m2"):
        ours, theirs = (wide[name][["de", "hi"]].to_numpy() for name in (method, "vanilla"))
        levene = {
            code: float(stats.levene(ours[:, i], theirs[:, i], center="median").pvalue)
            for i, code in enumerate(("de", "hi"))
        }
        for i, code in enumerate(levene):
            row = cells(table, code)
            assert row[method].value == pytest.approx(std(ours[:, i]) / std(theirs[:, i]))
            assert p_of(row[f"{method}, p"]) == pytest.approx(levene[code])
            assert p_of(row[f"{method}, p, Holm"]) == pytest.approx(holm(levene)[code])
    few = table_of(spread.section(view(several(1.0, runs=7))), "spread-languages")
    assert cells(few, "de")["m1, p"] == "–"


def test_other_seeds_and_settings_have_rows_where_they_are_tested() -> None:
    rows = grid(normal(1, 4, 3, vanilla=1, a=0.1, b=1))
    seen = view(rows)
    table, found = table_of(spread.section(seen), "spread"), answered_of(seen)
    for method in "ab":
        for scope in (Scope.SEEDS, Scope.SETTINGS):
            claim = claimed(found, Quantity.SPREAD, method, scope)
            row = cells(table, method, "2 languages (geometric mean)", scope)
            assert (p_of(row["p"]), p_of(row["p, Holm"])) == pytest.approx((claim.p, claim.corrected))
            assert row["ratio to vanilla"] == Ratio(claim.estimate, claim.low, claim.high)
    single = table_of(spread.section(view(grid(normal(2, 6, 1, vanilla=1, a=1)))), "spread")
    assert "other seeds at these settings" not in {plain(row[2]) for row in single.rows}
    assert "other settings too" in {plain(row[2]) for row in single.rows}
    assert "one seed" in noted(single)


def test_the_sources_spread_is_not_compared_where_a_run_is_several_trials() -> None:
    random = np.random.default_rng(3)
    rows: Rows = []
    for seed in range(6):
        scores = {"en": float(random.normal(90, 1)), **{code: float(random.normal(60, 2)) for code in ("de", "hi")}}
        rows += run("vanilla", seed, scores, trial=f"v{seed}")
        for code in ("de", "hi"):
            scores = {"en": float(random.normal(90, 1)), code: float(random.normal(60, 2))}
            rows += run("ewc(strength=1)", seed, scores, trial=f"{seed}-{code}")
    table = table_of(spread.section(view(rows)), "spread")
    assert [plain(row[1]) for row in table.rows if row[2] == "these runs"] == [
        "zero-shot score",
        "2 languages (geometric mean)",
    ]


def test_a_language_that_a_run_lacks_is_not_in_the_row_over_languages() -> None:
    random = np.random.default_rng(5)
    ours, theirs = random.normal(60, 2, (6, 3)), random.normal(60, 2, (6, 3))
    gapped = [
        row
        for row in pairs(ours, theirs)
        if not (row["method"] == "l2(strength=1)" and row["seed"] == 2 and row["language"] == "hi")
    ]
    section = spread.section(view(gapped))
    row = cells(table_of(section, "spread"), "l2(strength=1)", "2 languages (geometric mean)", "these runs")
    assert row["ratio to vanilla"].value == pytest.approx(std_ratio(ours[:, [0, 2]], theirs[:, [0, 2]]).value)
    assert [plain(row[1]) == "–" for row in table_of(section, "spread-languages").rows] == [False, True, False]
    # The zero-shot score, too, is over the two other languages, for both methods.
    mine, its = ours[:, [0, 2]].mean(axis=1), theirs[:, [0, 2]].mean(axis=1)
    whole = cells(table_of(section, "spread"), "l2(strength=1)", "zero-shot score", "these runs")
    assert whole["ratio to vanilla"].value == pytest.approx(std(mine) / std(its))


def test_one_run_in_common_is_nothing_to_compare() -> None:
    rows = run("vanilla", 0, {"en": 90.0, "de": 60.0}) + run("vanilla", 1, {"en": 91.0, "de": 61.0})
    rows += run("bitfit", 1, {"en": 80.0, "de": 50.0})
    assert spread.section(view(rows)) is None
    assert means.section(view(rows)) is None


@pytest.mark.parametrize(("runs", "least"), [(3, "0.25"), (5, "0.062"), (6, "0.031"), (11, "0.00098"), (12, None)])
def test_few_runs_come_with_a_warning_and_the_smallest_p(runs: int, least: str | None) -> None:
    random = np.random.default_rng(runs)
    told = words(spread.section(view(pairs(random.normal(60, 2, (runs, 2)), random.normal(60, 2, (runs, 2))))))
    assert ("hardly known" in told) is (least is not None)
    if least is not None:
        assert f"Only {runs} runs" in told
        assert f"The smallest p that {runs} runs can give is {least}." in told


def test_constant_scores_have_a_reason_and_no_number() -> None:
    rows = pairs(np.full((6, 2), 50.0), np.random.default_rng(6).normal(60, 2, (6, 2)))
    section = spread.section(view(rows))
    table = table_of(section, "spread")
    assert any("all runs of a method have the same score" in note for note in table.notes)
    row = cells(table, "l2(strength=1)", "zero-shot score", "these runs")
    assert [plain(row[head]) for head in ("ratio to vanilla", "p", "minimum detectable ratio")] == ["–"] * 3
    clean(section)


@pytest.mark.parametrize("runs", [2, 7, 15])
def test_a_method_that_changes_nothing_has_a_ratio_of_one(runs: int) -> None:
    """For example l2 with a strength of 0."""
    scores = np.random.default_rng(runs).normal(60, 2, (runs, 2))
    same = view(pairs(scores, scores, name="l2(strength=0)"))
    section = spread.section(same)
    row = cells(table_of(section, "spread"), "l2(strength=0)", "zero-shot score", "these runs")
    assert row["ratio to vanilla"].value == pytest.approx(1.0)
    assert not re.search(r"steadier|less steady", words(answer.section(same)))
    clean(section)
    clean(answer.section(same))
