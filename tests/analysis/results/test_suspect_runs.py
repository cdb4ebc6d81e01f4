"""A run that learned little without a collapse is named, and an interval ends at the largest possible difference."""

from pathlib import Path

import pytest

from analysis.claims.answer import answer
from analysis.claims.claim import Quantity, Scope
from analysis.rendering.cells import Cell
from analysis.results.from_csv import read
from analysis.results.view import View
from analysis.sections.numbers import table

HEAD = "method,setting,seed,language,score,collapsed"
SOURCES = {"vanilla": (92.0, 10.3), "l2": (91.0, 90.0)}


@pytest.fixture
def view(tmp_path: Path) -> View:
    """Four runs; vanilla's second is hardly better than a constant answer."""
    rows = [
        f"{method},{setting},0,{language},{score - 20 * (language == 'de') * (score > 50)},false"
        for method, scores in SOURCES.items()
        for setting, score in zip("ab", scores, strict=True)
        for language in ("en", "de")
    ]
    (tmp_path / "runs.csv").write_text("\n".join([HEAD, *rows]), encoding="utf-8")
    return View(read(str(tmp_path / "runs.csv")))


def test_a_weak_run_is_named(view: View) -> None:
    (note,) = view.results.notes
    assert note == (
        "1 run did not collapse, but scored less than half of the study's median of 90.5 on en: 1 of 2 of vanilla. "
        "The weakest: vanilla, setting b, seed 0: 10.3. Such runs can decide means and standard deviations."
    )


def test_a_table_without_weak_runs_has_no_note(view: View, tmp_path: Path) -> None:
    text = (tmp_path / "runs.csv").read_text(encoding="utf-8")
    for score, note in (("46.0", False), ("45.2", True)):  # half of the median of 90.5
        (tmp_path / "other.csv").write_text(text.replace("b,0,en,10.3", f"b,0,en,{score}"), encoding="utf-8")
        assert bool(read(str(tmp_path / "other.csv")).notes) is note
    (tmp_path / "three.csv").write_text("\n".join(text.splitlines()[:-2]), encoding="utf-8")
    assert not read(str(tmp_path / "three.csv")).notes  # three runs are too few for a median


def test_an_interval_of_scores_from_0_to_100_ends_at_100(view: View, tmp_path: Path) -> None:
    claim = answer(view).claim(Quantity.MEAN, "l2", Scope.SETTINGS)
    assert claim is not None
    assert (claim.low, claim.high) == (-100.0, 100.0)
    text = (tmp_path / "runs.csv").read_text(encoding="utf-8").replace("b,0,de,10.3", "b,0,de,-10.3")
    (tmp_path / "signed.csv").write_text(text, encoding="utf-8")
    signed = answer(View(read(str(tmp_path / "signed.csv")))).claim(Quantity.MEAN, "l2", Scope.SETTINGS)
    assert signed is not None
    assert signed.high > 100


def test_the_baselines_own_values_are_marked(view: View) -> None:
    (row,) = (row for row in table(view, answer(view)).rows if row[0] == "vanilla (baseline)")
    own = [cell.plain() for cell in row if isinstance(cell, Cell)][-2:]
    assert own[1] == "41.15 (its own)"
    assert own[0].endswith(" (its own)")
