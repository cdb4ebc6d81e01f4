"""A study's report: one self-contained HTML file, and its tables, figures and tidy results as files."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from analysis.rendering import page
from analysis.rendering.page import Written
from analysis.rendering.section import Picture, Section
from analysis.rendering.table import Table
from analysis.results import csv_safe
from analysis.results.from_store import load
from analysis.results.tidy import tidy
from analysis.results.view import View
from analysis.sections import FACTS, FINDINGS, OF_COLLAPSES, OF_RERUNS, OF_SEARCHES
from analysis.sections import search as of_search
from harness.store.store import Store
from harness.study import NAME

RESULTS = "results.csv"
"""The tidy frame beside the report."""
LONG = 100_000
"""Rows above which it is gzipped."""
WITHOUT_COLLAPSED = "without-collapsed"


@dataclass(frozen=True)
class Chapter:
    """A section, and the same without the collapsed runs where there are any."""

    section: Section
    twin: Section | None = None


def write_report(store: Store, study: str, out: Path | None = None, *, ddof: int = 1) -> Written:
    """Write the report of a study as it was last run in a store; see ``write``. Raises ``UserError`` where it was not
    run there."""
    return write(View(load(store, study), ddof, store), out)


def write(view: View, out: Path | None = None, *, refresh: int = 0) -> Written:
    """Write the report of some results, replacing an older one.

    ``out`` is a folder, by default ``reports/<study>`` in the results' store, or ``steadytune-reports/<study>`` in the
    working directory where they have none or it is no folder. It gets ``report.html``, ``results.csv`` (gzipped where
    it is long), ``tables/*.csv|md|tex`` and ``figures/*.svg|png``. With ``refresh`` the page loads itself again every
    so many seconds. Raises ``UserError`` where the folder cannot be written.
    """
    folder = out or page.default_folder(view.store, _file_name(view.results.about.name))
    made = chapters(view)
    with page.replacing(folder) as scratch:
        _write(scratch, view, made, refresh)
    return Written(folder / "report.html", _summary(made))


def _summary(made: Sequence[Chapter]) -> str:
    """The report's first table and the answer, for the terminal."""
    first = next(table for chapter in made for table in chapter.section.tables)
    answer = [
        part
        for chapter in made
        if chapter.section.name == "answer"
        for part in chapter.section.parts
        if isinstance(part, str)
    ]
    return "\n\n".join([page.for_terminal(first), *answer])


def chapters(view: View) -> list[Chapter]:
    """All that the results have a section for; the findings without collapsed runs once more where there are any.

    Of a search those alone that do not take its trials for a sample of settings.
    """
    steady = view.without_collapsed() if view.results.runs["collapsed"].any() else None
    if steady is not None and not len(steady.results.runs):
        steady = None
    first, first_steady = view.without_reruns(), steady.without_reruns() if steady is not None else None
    found = [Chapter(searched)] if (searched := of_search.section(view)) is not None else []
    for make in OF_SEARCHES if searched is not None else FINDINGS:
        every, without = (view, steady) if make in OF_RERUNS else (first, first_steady)
        without = None if make in OF_COLLAPSES else without
        if (section := make(every)) is not None:
            found.append(Chapter(section, _twin(make(without)) if without is not None else None))
    return found + [Chapter(section) for make in FACTS if (section := make(view)) is not None]


def _twin(section: Section | None) -> Section | None:
    """The words and tables of a section without collapsed runs, under names of their own; its figures show all runs
    anyway."""
    if section is None:
        return None
    parts = [
        replace(part, name=f"{part.name}-{WITHOUT_COLLAPSED}") if isinstance(part, Table) else part
        for part in section.parts
        if isinstance(part, Table | str)
    ]
    return replace(section, parts=parts) if parts else None


def _file_name(name: str) -> str:
    """A study's name, with / between its parts, as it is; of any other text what a path can have."""
    return name if NAME.fullmatch(name) else re.sub(r"[^\w.-]+", "-", name).strip("-.") or "results"


def _write(folder: Path, view: View, made: Sequence[Chapter], refresh: int) -> None:
    results = view.results
    sections = [section for chapter in made for section in (chapter.section, chapter.twin) if section is not None]
    page.write_tables(folder, [table for section in sections for table in section.tables])
    rows = tidy(results)
    csv_safe.write(rows, folder / (RESULTS if len(rows) <= LONG else f"{RESULTS}.gz"))
    pictures = (part for section in sections for part in section.parts if isinstance(part, Picture))
    images = page.write_figures(folder, ((picture.name, picture.figure) for picture in pictures))
    html = page.render(
        "report.html.j2",
        about=results.about,
        metric=results.metric,
        counts=results.trials["status"].value_counts().to_dict(),
        total=len(results.trials),
        chapters=made,
        images=images,
        ddof=view.ddof,
        refresh=refresh,
    )
    (folder / "report.html").write_text(html, encoding="utf-8")
