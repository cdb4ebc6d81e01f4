"""The section on spread: its numbers, and what it says of thin or odd results."""

import math
import re

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.rendering.cells import Ratio
from analysis.report import Chapter, chapters
from analysis.results.view import View
from analysis.sections import answer, means, spread
from analysis.statistics.minimum_detectable import minimum_detectable_ratio
from analysis.statistics.std_ratio import std_ratio
from tests.helpers.report_rows import (
    arrays,
    cells,
    clean,
    clean_page,
    holm,
    p_of,
    pairs,
    plain,
    run,
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
    p = {method: swapped_p(*arrays(raw, method)[2:]) for method in methods}
    corrected = holm(p)
    for method in methods:
        source, its_source, ours, theirs = arrays(raw, method)
        for what, one, other in (
            ("en", source, its_source),
            ("zero-shot score", ours.mean(axis=1), theirs.mean(axis=1)),
            ("3 languages (geometric mean)", ours, theirs),
        ):
            row, ratio = cells(table, method, what), std_ratio(one, other)
            logs = np.log(np.std(one, axis=0, ddof=1) / np.std(other, axis=0, ddof=1))
            assert row["ratio to vanilla"].value == pytest.approx(math.exp(np.mean(logs)))
            assert row["ratio to vanilla"] == Ratio(*(pytest.approx(x) for x in (ratio.value, ratio.low, ratio.high)))
            assert p_of(row["p"]) == pytest.approx(swapped_p(one.reshape(len(one), -1), other.reshape(len(one), -1)))
            assert row["minimum detectable ratio"].value == pytest.approx(minimum_detectable_ratio(one, other).ratio)
            assert row["runs"] == str(len(one)) == ("8" if method == "l2(strength=0.1)" else "9")
            if what.startswith("3"):
                assert p_of(row["p, Holm"]) == pytest.approx(corrected[method])
            else:
                assert row["p, Holm"] == "–"
        by_language = table_of(section, "spread-languages")
        levene = {
            code: float(stats.levene(ours[:, i], theirs[:, i], center="median").pvalue)
            for i, code in enumerate(("de", "hi", "th"))
        }
        for i, code in enumerate(levene):
            row = cells(by_language, code)
            assert row[method].value == pytest.approx(std(ours[:, i]) / std(theirs[:, i]))
            assert p_of(row[f"{method}, p"]) == pytest.approx(levene[code])
            assert p_of(row[f"{method}, p, Holm"]) == pytest.approx(holm(levene)[code])


def test_a_language_that_a_run_lacks_is_not_in_the_row_over_languages() -> None:
    random = np.random.default_rng(5)
    ours, theirs = random.normal(60, 2, (6, 3)), random.normal(60, 2, (6, 3))
    gapped = [
        row
        for row in pairs(ours, theirs)
        if not (row["method"] == "l2(strength=1)" and row["seed"] == 2 and row["language"] == "hi")
    ]
    section = spread.section(view(gapped))
    row = cells(table_of(section, "spread"), "l2(strength=1)", "2 languages (geometric mean)")
    assert row["ratio to vanilla"].value == pytest.approx(std_ratio(ours[:, [0, 2]], theirs[:, [0, 2]]).value)
    assert [plain(row[1]) == "–" for row in table_of(section, "spread-languages").rows] == [False, True, False]
    # So is the zero-shot score, of both methods.
    mine, its = ours[:, [0, 2]].mean(axis=1), theirs[:, [0, 2]].mean(axis=1)
    whole = cells(table_of(section, "spread"), "l2(strength=1)", "zero-shot score")
    assert whole["ratio to vanilla"].value == pytest.approx(std(mine) / std(its))


def test_one_run_in_common_is_nothing_to_compare() -> None:
    rows = run("vanilla", 0, {"en": 90.0, "de": 60.0}) + run("vanilla", 1, {"en": 91.0, "de": 61.0})
    rows += run("bitfit", 1, {"en": 80.0, "de": 50.0}) + run("bitfit", 2, {"en": 81.0, "de": 55.0})
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
    row = cells(table, "l2(strength=1)", "zero-shot score")
    assert [plain(row[head]) for head in ("ratio to vanilla", "p", "minimum detectable ratio")] == ["–"] * 3
    clean(section)


@pytest.mark.parametrize("runs", [2, 4, 7, 8, 15])
def test_a_method_that_changes_nothing_has_a_ratio_of_one(runs: int) -> None:
    """As l2 with a strength of 0 does."""
    scores = np.random.default_rng(runs).normal(60, 2, (runs, 2))
    same = view(pairs(scores, scores, name="l2(strength=0)"))
    row = cells(table_of(spread.section(same), "spread"), "l2(strength=0)", "zero-shot score")
    assert row["ratio to vanilla"].value == pytest.approx(1.0)
    assert not re.search(r"it is (less )?stead", words(answer.section(same)))
    clean_page(chapters(same), same)
