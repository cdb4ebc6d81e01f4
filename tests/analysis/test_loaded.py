"""Results in Python agree with the report's files."""

import json
import math
import shutil
from pathlib import Path

import pandas as pd
import pytest

import analysis
from analysis import examples
from analysis.claims.claim import Quantity, Scope
from analysis.loaded import Loaded
from harness.common.errors import UserError
from tests.helpers import synthetic


@pytest.fixture(scope="module")
def results() -> Loaded:
    return analysis.example("quickstart")


def test_runs_are_the_frames_scores(results: Loaded) -> None:
    frame = results.frame
    scores = frame[(frame["split"] == "test") & (frame["metric"] == "f1") & (frame["language"] == "de")]
    expected = scores.groupby(["method", "setting", "seed", "replicate"])["score"].mean()
    pd.testing.assert_series_equal(results.runs["de"].dropna().sort_index(), expected.sort_index(), check_names=False)
    targets = [name for name in results.runs if name not in (results.source, "zero-shot", "collapsed")]
    vanilla = results.runs.loc["vanilla"]
    pd.testing.assert_series_equal(vanilla["zero-shot"], vanilla[targets].mean(axis=1), check_names=False)
    assert vanilla["collapsed"].sum() == 2


def test_a_figure_is_the_claim_of_the_answer(results: Loaded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ratio = analysis.std_ratio(results, "l2", baseline="vanilla")
    assert results.sentences
    monkeypatch.setattr("analysis.report.chapters", None)  # they are made once
    page = results.report(tmp_path / "page")
    claims = json.loads(page.with_name("answer.json").read_text(encoding="utf-8"))["claims"]
    same = [
        claim
        for claim in claims
        if claim["method"] == ratio.method and (claim["quantity"], claim["scope"]) == (Quantity.SPREAD, Scope.THESE)
    ]
    assert [claim["estimate"] for claim in same] == [ratio.estimate]
    assert (same[0]["low"], same[0]["high"], same[0]["p"]) == (ratio.low, ratio.high, ratio.p)
    table = pd.read_csv(page.parent / "tables" / "summary.csv")
    assert table.columns.tolist() == results.table("summary").frame().columns.tolist()


def test_other_figures_have_their_own_scope_and_baseline(results: Loaded) -> None:
    assert analysis.collapse_difference(results, "l2").estimate == pytest.approx(-0.25)
    there = analysis.mean_difference(results, "ewc")
    back = analysis.mean_difference(results, "vanilla", baseline="ewc")
    assert there.scope is Scope.SEEDS
    assert there.estimate == pytest.approx(-back.estimate)
    assert math.isnan(analysis.std_ratio(results, "ewc").p)
    assert analysis.std_ratio(results, "ewc").reason


def test_a_path_that_does_not_exist_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the working directory."""
    synthetic.store(tmp_path / "store", synthetic.study(2))
    monkeypatch.chdir(tmp_path / "store")
    for name in ("synthetic", "nothing.csv", "x" * 300):
        with pytest.raises(
            UserError, match=r"path: '.* is not allowed; give a (file that exists, or a folder of|path that)"
        ):
            analysis.read(name)


def test_a_path_may_begin_with_a_tilde(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    with examples.example("quickstart") as file:
        shutil.copy(file, tmp_path / file.name)
    assert analysis.read(f"~/{file.name}").frame.equals(analysis.read(tmp_path / file.name).frame)


def test_unknown_names_get_the_known_ones(results: Loaded) -> None:
    for ask, message in (
        (lambda: analysis.std_ratio(results, "l3"), r"method: there is no 'l3'.*l2\(strength=0.05\)"),
        (lambda: analysis.std_ratio(results, "vanilla"), "method: there is no 'vanilla'"),
        (lambda: analysis.std_ratio(results, "l2", baseline="lora"), "baseline: there is no 'lora'"),
        (lambda: results.table("sumary"), "table: there is no 'sumary'.*summary"),
        (lambda: results.figure("x"), "figure: there is no 'x'"),
    ):
        with pytest.raises(UserError, match=message):
            ask()


def test_figures_are_matplotlibs(results: Loaded, tmp_path: Path) -> None:
    results.figure("source-zero-shot").savefig(tmp_path / "figure.png")
    assert (tmp_path / "figure.png").stat().st_size > 10_000
