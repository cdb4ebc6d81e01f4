"""Tables with faults that were once accepted: their scores as read, and the messages about them."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.report import chapters
from analysis.results.from_csv import read
from analysis.results.view import View
from analysis.sections import answer, equal_source
from harness.common.errors import UserError
from tests.helpers.report_rows import cells, clean_page, noted, plain, table_of, words

CASES = Path(__file__).parents[2] / "data" / "statistics"


def seen(name: str) -> View:
    return View(read(str(CASES / f"{name}.csv")))


def raw(name: str) -> pd.DataFrame:
    """Scores by run (method, setting, seed), one column per language."""
    frame = pd.read_csv(CASES / f"{name}.csv")
    return frame.pivot_table(index=["method", "setting", "seed"], columns="language", values="score")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("unit_scale", r"unit_scale.csv:2: score: '0.8\d+' is not allowed; give points, from 0 to 100: all scores"),
        ("unit_scale", "multiply them by 100"),
        ("mixed_scale", r"mixed_scale.csv:77: score: '0.8\d+' is not allowed; .* all scores of l2 .* are from 0 to 1"),
        ("mixed_scale", "multiply these by 100"),
        ("over_hundred", "over_hundred.csv:2: score: '8005.97' is not allowed; give points.*divide the scores by 100"),
        (
            "case",
            r"case.csv:77: method: 'vanilla' and 'Vanilla' \(line 2\) differ by case, blanks or Unicode form alone",
        ),
        ("trailing_space", r"trailing_space.csv:152: score: .* blanks around a method's name are left out: 'l2 '"),
    ],
)
def test_tables_that_are_refused(name: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        seen(name)


def test_blanks_around_names_mean_nothing() -> None:
    view = seen("trailing_space_language")
    assert view.results.about.targets == ("de",)
    assert "blanks around a language's name are left out: 'de ' (line 5)" in words(answer.section(view))


def test_runs_without_a_source_score_are_named_and_the_report_is_made() -> None:
    view = seen("source_absent_some")
    clean_page(chapters(view), view)
    text = words(answer.section(view))
    assert "5 of 15 runs of l2 have no score of the source, en: setting s0, seed 0; setting s1" in text
    assert "have a score of the source, en, in 10 of the 15 runs" in text
    comparison = view.comparisons["l2"]
    assert (comparison.runs, len(comparison.sources[0]), len(comparison.sources[1])) == (15, 10, 10)
    table = raw("source_absent_some")["en"].unstack("method").dropna()
    found = comparison.spreads["source"].ratio
    assert found.value == pytest.approx(table["l2"].std() / table["vanilla"].std())


def test_a_constant_language_is_left_out_of_the_test_and_named() -> None:
    view = seen("constant_language")
    comparison = view.comparisons["l2"]
    assert comparison.constant_languages == ["hi"]
    assert comparison.steady_languages == ["de", "fr", "zh"]
    assert "hi" in comparison.languages
    table = raw("constant_language")[["de", "fr", "zh"]]
    ratios = table.loc["l2"].std() / table.loc["vanilla"].std()
    assert comparison.spreads["languages"].ratio.value == pytest.approx(math.exp(np.log(ratios).mean()))
    assert comparison.spreads["languages"].test.p > 0
    assert "is compared with that of vanilla without hi, where all runs" in words(answer.section(view))


@pytest.mark.parametrize("name", ["row_absent_in_some_runs", "row_absent_in_both"])
def test_means_and_stds_are_over_the_languages_that_all_runs_have(name: str) -> None:
    view = seen(name)
    comparison = view.comparisons["l2"]
    assert comparison.languages == ["de", "fr", "hi"]
    table = raw(name)
    assert table["zh"].isna().any()
    l2 = table.loc["l2", ["de", "fr", "hi"]].mean(axis=1)
    runs = view.results.runs[view.results.runs["method"] == "l2"]
    assert list(runs["zero_shot"]) == pytest.approx(list(l2))
    assert list(comparison.zero_shot[0]) == pytest.approx(list(l2))
    vanilla = table.loc["vanilla", ["de", "fr", "hi"]].mean(axis=1)
    assert list(comparison.zero_shot[1]) == pytest.approx(list(vanilla))
    text = words(answer.section(view))
    assert "The zero-shot score of l2 is over the 3 target languages (de, fr, hi) that all its runs have" in text
    assert "zh (5 of 15 runs lack it)" in text


def test_equal_source_scores_are_compared_in_the_languages_that_a_method_has() -> None:
    view = seen("language_absent_in_l2")
    section = equal_source.section(view)
    table = table_of(section, "equal-source")
    row = cells(table, "l2")
    scores = raw("language_absent_in_l2").loc["l2"]
    source, zero_shot = scores["en"].to_numpy(), scores[["de", "fr", "zh"]].mean(axis=1).to_numpy()
    near = [(i, j) for i in range(15) for j in range(i) if abs(source[i] - source[j]) <= 1 + 1e-9]
    spread = math.sqrt(np.mean([(zero_shot[i] - zero_shot[j]) ** 2 / 2 for i, j in near]))
    assert int(plain(row["pairs"])) == len(near) == 47
    assert row["spread of zero-shot"].value == pytest.approx(spread)
    assert "l2 is over 3 target languages (de, fr, zh): it has no score in hi" in noted(table)
    assert plain(cells(table_of(section, "equal-source-languages"), "hi")["l2"]) == "–"


def test_methods_without_a_seed_in_common_are_unpaired_and_said_to_be() -> None:
    view = seen("unpaired_seeds")
    comparison = view.comparisons["l2"]
    assert comparison.unpaired
    assert [side.shape for side in comparison.apart] == [(15, 5), (15, 5)]
    table = raw("unpaired_seeds")
    for method, side in zip(("l2", "vanilla"), comparison.apart, strict=True):
        assert list(side["en"].sort_values()) == pytest.approx(sorted(table.loc[method, "en"]))
    assert "l2 (15 runs) and vanilla (15 runs) are unpaired" in words(answer.section(view))
    assert not seen("no_vanilla").comparisons["l2"].unpaired


def test_the_baseline_and_why_it_is() -> None:
    view = seen("no_vanilla")
    assert "mixout is the baseline: the first method, as none is called vanilla." in words(answer.section(view))
    other = view.with_baseline("l2")
    assert list(other.comparisons) == ["mixout"]
    assert "l2 is the baseline, as --baseline says." in words(answer.section(other))
    with pytest.raises(UserError, match=r"--baseline: there is no 'mixuot'. Did you mean 'mixout'"):
        view.with_baseline("mixuot")


def test_runs_far_below_the_others_are_named_where_the_file_has_no_collapsed_column(tmp_path: Path) -> None:
    text = words(answer.section(seen("null_one_bad_seed_minus8")))
    scores = raw("null_one_bad_seed_minus8")["en"]
    for method in ("vanilla", "l2"):
        below = scores.loc[method].median() - scores.loc[method]
        many = int((below > 10 * max(below.abs().median(), 0.5)).sum())
        assert (f"runs of {method} may have" in text) == (many > 0)
    frame = pd.read_csv(CASES / "no_vanilla.csv")
    hit = (frame["method"] == "l2") & (frame["setting"] == "s1") & (frame["seed"] == 2)
    frame.loc[hit, "score"] = 20.0
    frame.to_csv(tmp_path / "runs.csv", index=False)
    (note,) = read(str(tmp_path / "runs.csv")).notes
    assert "1 of 15 runs of l2 may have" in note
    assert "setting s1, seed 2: 20.0" in note
    frame.assign(collapsed="false").to_csv(tmp_path / "runs.csv", index=False)
    assert not [note for note in read(str(tmp_path / "runs.csv")).notes if "may have collapsed" in note]


@pytest.mark.parametrize(("seed", "share"), [(0, 0.95), (1, 0.8), (2, 0.5), (3, 0.3)])
def test_rows_lacking_anywhere_are_no_traceback(tmp_path: Path, seed: int, share: float) -> None:
    frame = pd.read_csv(CASES / "no_vanilla.csv")
    kept = np.random.default_rng(seed).random(len(frame)) < share
    frame[kept].to_csv(tmp_path / "runs.csv", index=False)
    view = View(read(str(tmp_path / "runs.csv")))
    for comparison in view.comparisons.values():
        whole = comparison.ours[comparison.languages]
        assert whole.notna().all().all()
    assert view.notes
    clean_page(chapters(view), view)
