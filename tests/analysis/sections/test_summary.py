"""The summary and other tables, against frames made by hand."""

import statistics
from collections.abc import Callable
from dataclasses import replace

import pandas as pd
import pytest

from analysis.rendering.cells import MISSING_CELL, Change, Score
from analysis.rendering.table import Table
from analysis.results.frame import Results
from analysis.results.view import View
from analysis.sections import cost, languages, summary, troubles
from tests.helpers.frames import CODES, frames, wide


def row(table: Table, first: str) -> dict[str, str | Score]:
    return next(dict(zip(table.header, cells, strict=True)) for cells in table.rows if cells[0] == first)


def test_the_std_of_zero_shot_is_that_over_runs_of_the_mean_over_languages(results: Results) -> None:
    for ddof, std in ((1, statistics.stdev), (0, statistics.pstdev)):
        cell = row(summary.table(View(results, ddof)), "vanilla")["zero-shot"]
        means = [50.0, 56.0, 11.0, 40.0]
        assert cell == Score(pytest.approx(statistics.mean(means)), pytest.approx(std(means)), 4, 4)
        assert any(f"ddof={ddof}" in note for note in summary.table(View(results, ddof)).notes)


def test_methods_are_compared_on_the_runs_both_have(results: Results) -> None:
    table = summary.table(View(results, 1))
    l2 = row(table, "l2(strength=0.1)")
    # Both methods have only low/0 and high/0: vanilla's zero-shot scores are 50 and 11, l2's 53 and 55.
    change = 100 * (statistics.stdev([53, 55]) / statistics.stdev([50, 11]) - 1)
    assert l2["std of zero-shot against vanilla"] == Change(pytest.approx(change), 2)
    assert l2["runs"] == "2/4"
    assert any("l2(strength=0.1) is compared with vanilla on the 2 runs" in note for note in table.notes)


def test_nothing_is_dropped_silently(results: Results) -> None:
    table = summary.table(View(results, 1))
    assert row(table, "l2(strength=0.1)")["zero-shot"].plain().endswith("(2/4)")  # type: ignore[union-attr]
    ewc = row(table, "ewc(strength=1)")
    # The run whose Hindi trial failed has no zero-shot mean.
    assert (ewc["runs"], ewc["zero-shot"]) == ("1/2", Score(60.0, pytest.approx(float("nan"), nan_ok=True), 1, 2))
    assert "3 of 10 runs are incomplete; (n/m) marks a mean over n of m runs." in table.notes
    assert "Collapsed runs are included: 1 of vanilla." in table.notes
    listed = [cells[4:6] for cells in troubles.table(View(results)).rows]
    assert listed == [["2", "collapsed"], ["2", "failed"], ["2", "missing"], ["hi", "failed"]]


def test_collapsed_runs_can_be_left_out(results: Results) -> None:
    steady = results.without_collapsed()
    assert row(summary.table(View(steady, 1)), "vanilla")["zero-shot"] == Score(
        pytest.approx(statistics.mean([50, 56, 40])), pytest.approx(statistics.stdev([50, 56, 40])), 3, 3
    )


def test_languages_per_method(results: Results) -> None:
    table = languages.table(View(results, 1))
    german, hindi, english = row(table, "de"), row(table, "hi"), row(table, "en (source)")
    assert german["vanilla"] == Score(pytest.approx(46.0), pytest.approx(statistics.stdev([60, 64, 10, 50])), 4, 4)
    assert german["l2(strength=0.1)"] == Score(62.0, pytest.approx(statistics.stdev([61, 63])), 2, 4)
    assert hindi["ewc(strength=1)"].plain() == "50.00 (1/2)"  # type: ignore[union-attr]
    assert english["ewc(strength=1)"].plain() == "86.00 (1/2)"  # type: ignore[union-attr]
    assert [cells[0] for cells in table.rows] == ["en (source)", "de", "hi", "zero-shot", "mean of the languages' stds"]


def test_the_best_is_marked_among_equals(results: Results) -> None:
    two = only(results, lambda trials: trials["method"].isin(["vanilla", "l2(strength=0.1)"]) & (trials["seed"] == 0))
    table = languages.table(View(two, 1))
    assert row(table, "de")["l2(strength=0.1)"] == Score(
        62.0, pytest.approx(statistics.stdev([61, 63])), 2, 2, best=True
    )
    assert row(table, "en (source)")["vanilla"].best is False  # type: ignore[union-attr]
    assert r"$\mathbf{62.00} \pm 1.41$" in table.latex()


def only(results: Results, keep: Callable[[pd.DataFrame], "pd.Series[bool]"]) -> Results:
    trials = results.trials[keep(results.trials)]
    return replace(results, trials=trials, scores=results.scores[results.scores["trial"].isin(trials["trial"])])


def test_a_language_is_compared_only_where_both_scored_it(results: Results) -> None:
    """EWC for German at one setting and for Hindi at another: no language can be compared over both."""
    trials = [
        ("vanilla", "low", ("de", "hi"), {"en": 9.0, "de": 60.0, "hi": 40.0}),
        ("vanilla", "high", ("de", "hi"), {"en": 9.0, "de": 62.0, "hi": 46.0}),
        ("ewc(strength=1)", "low", ("de",), {"en": 9.0, "de": 60.0}),
        ("ewc(strength=1)", "high", ("hi",), {"en": 9.0, "hi": 46.0}),
    ]
    made = frames([(method, setting, 0, targets, scores, False) for method, setting, targets, scores in trials])
    seen = View(made, 1)
    assert row(summary.table(seen), "ewc(strength=1)")["std of zero-shot against vanilla"] == MISSING_CELL
    assert any("no target language has a score in all of its 2 runs" in note for note in seen.notes)


def test_the_baseline_may_be_what_has_fewer_languages(results: Results) -> None:
    fewer = only(results, lambda trials: trials["method"].ne("vanilla") & trials["targets"].map(lambda t: t != ("hi",)))
    table = summary.table(View(fewer, 1))
    assert any("is compared with" in note and "1 target languages (de)" in note for note in table.notes)


def test_table_files_are_well_formed(results: Results, tmp_path) -> None:  # type: ignore[no-untyped-def]
    for table in (
        summary.table(View(results, 1)),
        languages.table(View(results, 1)),
        troubles.table(View(results)),
        cost.table(View(results)),
    ):
        table.write(tmp_path)
        assert len(pd.read_csv(tmp_path / f"{table.name}.csv")) == len(table.rows)
        latex = (tmp_path / f"{table.name}.tex").read_text()
        body = latex[latex.index(r"\toprule") : latex.index(r"\bottomrule")]
        lines = [line for line in body.splitlines() if "&" in line.replace(r"\&", "")]
        assert {line.replace(r"\&", "").count("&") for line in lines} == {len(table.header) - 1}
        markdown = (tmp_path / f"{table.name}.md").read_text().splitlines()
        assert sum(line.startswith("|") for line in markdown) == len(table.rows) + 2
    written = (tmp_path / "languages.tex").read_text()
    assert r"$62.00 \pm 1.41$ (2/4)" in written
    assert r"\mathbf" not in written  # no two methods have equally many finished runs
    assert r"5 \% \& more" in (tmp_path / "troubles.tex").read_text()
    numbers = pd.read_csv(tmp_path / "languages.csv").set_index("language")
    assert numbers.loc["de", "vanilla std"] == pytest.approx(statistics.stdev([60, 64, 10, 50]))


def test_the_cost_says_what_is_trained(results: Results) -> None:
    rows = {str(row[0]): [str(cell) for cell in row] for row in cost.table(View(results)).rows}
    assert rows["vanilla"][-2:] == ["–", "1,000 (all)"]
    assert rows["l2(strength=0.1)"][-2:] == ["–", "50 (5 %)"]


def test_many_languages_are_counted_not_listed() -> None:
    results = wide(47, 3, 2)
    fewer = only(results, lambda trials: trials["targets"].map(lambda targets: targets not in (("af",), ("ar",))))
    for made, words in (
        (results, "all 47 target languages that"),
        (fewer, "45 target languages (all but af, ar) that"),
    ):
        notes = summary.table(View(made, 1)).notes
        assert any("ewc(strength=10) is compared with l2(strength=0)" in note and words in note for note in notes)
        assert max(map(len, notes)) < 250


def test_languages_that_the_vocabulary_lacks_are_named() -> None:
    def note(**unknown: float) -> list[str]:
        return [note for note in languages.table(View(wide(47, 2, 1, unknown=unknown))).notes if "vocabulary" in note]

    assert note() == note(ko=0.9) == note(en=50.0) == []
    (short,) = note(th=12.3, ko=38.4, de=0.0)
    assert "lacks: ko 38 %, th 12 %." in short
    (long,) = note(**dict.fromkeys(CODES, 40.0))
    assert "and 35 more languages over 1 %." in long
    assert len(long) < 300


def test_a_long_latex_table_goes_on_over_pages_and_a_wide_one_lies_on_its_side() -> None:
    narrow, long, wider = (
        languages.table(View(made, 1)).latex() for made in (wide(11, 2, 2), wide(47, 2, 2), wide(47, 9, 2))
    )
    assert r"\begin{table}" in narrow
    assert "longtable}{" not in narrow
    assert r"\begin{longtable}{lll}" in long
    assert long.count(" language ") == 2  # the header, again on every page
    assert "landscape}\n" not in long
    assert r"\begin{landscape}" in wider
    assert r"\scriptsize" in wider
