"""Findings with and without collapsed runs."""

from collections.abc import Sequence

import pandas as pd
import pytest

from analysis.rendering.section import Picture
from analysis.report import Chapter, chapters
from analysis.results.view import View
from analysis.sections import SECTIONS, answer, means, spread
from tests.helpers.report_rows import COLD, HOT, Rows, clean_page, plain, table_of, thin, view, words


def test_findings_have_a_twin_without_collapsed_runs(written: list[Chapter], rows: Rows, seen: View) -> None:
    facts = {section.name for entry in SECTIONS if not entry.twin and (section := entry.make(seen)) is not None}
    for chapter in written:
        readable = any(not isinstance(part, Picture) for part in chapter.section.parts)
        assert (chapter.twin is not None) is (readable and chapter.section.name not in facts), chapter.section.name
    alone = {
        chapter.section.name: chapter.section
        for chapter in chapters(view([row for row in rows if row["collapsed"] == "false"]))
    }
    for twin in (chapter.twin for chapter in written if chapter.twin is not None):
        theirs = list(alone[twin.name].tables)
        assert [table.name for table in twin.tables] == [f"{table.name}-without-collapsed" for table in theirs]
        for mine, other in zip(twin.tables, theirs, strict=True):
            pd.testing.assert_frame_equal(mine.frame(), other.frame())
            assert list(mine.notes) == list(other.notes)
        assert [part for part in twin.parts if isinstance(part, str)] == [
            part for part in alone[twin.name].parts if isinstance(part, str)
        ]
    twins = [(chapter.section, chapter.twin) for chapter in written if chapter.twin is not None]
    changed = {
        whole.name for whole, twin in twins if [t.plain() for t in twin.tables] != [t.plain() for t in whole.tables]
    }
    assert {"summary", "languages", "stress"} <= changed


@pytest.mark.parametrize("rates", [(COLD,), (COLD, HOT)])
def test_without_collapsed_runs_the_baseline_stays(rates: Sequence[float]) -> None:
    """All runs of vanilla collapsed: the twin compares nothing, instead of comparing the others with a new baseline."""
    kept = thin(("vanilla", "l2(strength=1)", "l2(strength=2)"), rates, seeds=6)
    seen = view([{**row, "collapsed": str(row["method"] == "vanilla").lower()} for row in kept])
    assert seen.without_collapsed().baseline == "vanilla"
    text = "All runs of vanilla collapsed: without these runs, other methods have no baseline."
    made_ = chapters(seen)
    twins = {chapter.twin.name: chapter.twin for chapter in made_ if chapter.twin is not None}
    assert not {"answer", "collapse", "spread", "means", "worst", "sensitivity"} & {*twins}
    for make in (answer.section, spread.section, means.section):
        section = make(seen.without_collapsed())
        assert text in words(section)
        assert not [*section.tables]  # type: ignore[union-attr]
        assert "times" not in words(section)
    for name in ("summary", *(["best"] if len(rates) > 1 else [])):
        table = table_of(twins[name], f"{name}-without-collapsed")
        assert text in table.notes
        assert [plain(row[-1]) for row in table.rows] == ["–", "–"]
        assert "vanilla" in table.header[-1]
    clean_page(made_, seen)


def test_no_twin_where_no_run_collapsed(rows: Rows) -> None:
    kept = view(
        [row for row in rows if row["collapsed"] == "false" and row["method"] in ("vanilla", "ewc(strength=10)")]
    )
    assert all(chapter.twin is None for chapter in chapters(kept))
