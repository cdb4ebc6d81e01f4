"""A study's report: one self-contained HTML file, with tables, figures and tidy results as files."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from analysis.claims.answer import answer, dumped
from analysis.rendering import page
from analysis.rendering.glossary import TERMS
from analysis.rendering.page import Written
from analysis.rendering.section import Picture, Section
from analysis.rendering.table import Table
from analysis.results.csv_files import safe as csv_safe
from analysis.results.from_store import load
from analysis.results.tidy import tidy
from analysis.results.view import View
from analysis.sections import SECTIONS, Entry, Question
from analysis.sections.opening import Opening, opening
from analysis.sections.search import tried_in
from harness.common.console import filled
from harness.store.store import Store
from harness.study import NAME

ANSWER = "answer.json"
"""Name of the file with the claims as data."""
RESULTS = "results.csv"
"""Name of the file with the tidy frame."""
LONG = 100_000
"""Largest number of rows of an uncompressed tidy frame."""
WITHOUT_COLLAPSED = "without-collapsed"


@dataclass(frozen=True)
class Chapter:
    """A section, and its version without the collapsed runs, if some runs collapsed."""

    section: Section
    twin: Section | None = None
    entry: Entry = field(default_factory=lambda: SECTIONS[0])
    """The section's place in the report."""


def write_report(store: Store, study: str, out: Path | None = None, *, ddof: int = 1) -> Written:
    """Write the report of a study that was run in a store; see ``write``.

    Raises ``UserError`` if the study was not run there.
    """
    return write(View(load(store, study), ddof, store), out)


def write(view: View, out: Path | None = None, *, refresh: int = 0, made: Sequence[Chapter] | None = None) -> Written:
    """Write the report of some results, replacing an older report.

    The folder gets ``report.html``, ``answer.json``, ``results.csv`` (gzipped if it is long), ``tables/*.csv|md|tex``
    and ``figures/*.svg|png``. Raises ``UserError`` if the folder cannot be written.

    Args:
        view: The results.
        out: The folder. The default is ``reports/<study>`` in the results' store. Without a local store it is
            ``steadytune-reports/<study>`` in the working directory.
        refresh: Seconds after which the page reloads itself; 0 for never.
        made: The results' chapters; ``None`` to make them.
    """
    folder = out or page.default_folder(view.store, _file_name(view.results.about.name))
    made = chapters(view) if made is None else made
    with page.replacing(folder) as scratch:
        _write(scratch, view, made, refresh)
    return Written(folder / "report.html", _summary(made))


def _summary(made: Sequence[Chapter]) -> str:
    """The summary table (without one, the first table) and the answer, for the terminal."""
    tables = [table for chapter in made for table in chapter.section.tables]
    first = next((table for table in tables if table.name == "summary"), tables[0])
    answer_lines = ("\n".join(filled(sentences)) for sentences in answer_sentences(made))
    return "\n\n".join([page.for_terminal(first), *answer_lines])


def answer_sentences(made: Sequence[Chapter]) -> list[str]:
    """The answer's sentences."""
    sections = (chapter.section for chapter in made if chapter.section.name == "answer")
    return [part for section in sections for part in section.parts if isinstance(part, str)]


def chapters(view: View) -> list[Chapter]:
    """All sections that apply to the results.

    If some runs collapsed, but not all, findings are repeated without the collapsed runs.
    """
    steady = _steady(view)
    first, first_steady = view.without_reruns(), steady and steady.without_reruns()
    searched = bool(tried_in(view))
    found = []
    for entry in SECTIONS:
        whole, part = (view, steady) if entry.reruns else (first, first_steady)
        if (entry.of_a_search or not searched) and (section := entry.make(whole)) is not None:
            twin = _twin(entry.make(part)) if entry.twin and part is not None else None
            found.append(Chapter(section, twin, entry))
    return found


def _steady(view: View) -> View | None:
    """The view without its collapsed runs; ``None`` if no run collapsed, or all did."""
    collapsed = view.results.runs["collapsed"]
    return view.without_collapsed() if collapsed.any() and not collapsed.all() else None


def _twin(section: Section | None) -> Section | None:
    """A section without its figures, its tables renamed with ``WITHOUT_COLLAPSED``; ``None`` if no part is left."""
    if section is None:
        return None
    parts = [
        replace(part, name=f"{part.name}-{WITHOUT_COLLAPSED}") if isinstance(part, Table) else part
        for part in section.parts
        if isinstance(part, Table | str)
    ]
    return replace(section, parts=parts) if parts else None


def _file_name(name: str) -> str:
    """A study's name as a path; in any other name, characters that do not suit a path become ``-``."""
    return name if NAME.fullmatch(name) else re.sub(r"[^\w.-]+", "-", name).strip("-.") or "results"


def _write(folder: Path, view: View, made: Sequence[Chapter], refresh: int) -> None:
    results, first = view.results, view.without_reruns()
    shown = first_screen(view)
    sections = [section for chapter in made for section in (chapter.section, chapter.twin) if section is not None]
    numbers = [shown.numbers] if shown is not None and shown.numbers is not None else []
    stems = page.write_tables(folder, [*numbers, *(table for section in sections for table in section.tables)])
    rows = tidy(results)
    csv_file = RESULTS if len(rows) <= LONG else f"{RESULTS}.gz"
    csv_safe.write(rows, folder / csv_file)
    (folder / ANSWER).write_text(dumped(answer(first), answer_sentences(made)), encoding="utf-8")
    pictures = (part for section in sections for part in section.parts if isinstance(part, Picture))
    images = page.write_figures(folder, ((picture.name, picture.figure) for picture in pictures))
    if shown is not None:
        (folder / "figures" / "runs.svg").write_text(str(shown.picture), encoding="utf-8")
    html = rendered(view, made, shown, images, stems, csv_file=csv_file, refresh=refresh)
    (folder / "report.html").write_text(html, encoding="utf-8")


def first_screen(view: View) -> Opening | None:
    """The first screen; ``None`` for a search, which answers another question, and if no run is complete."""
    return None if tried_in(view) else opening(view.without_reruns())


def rendered(
    view: View,
    made: Sequence[Chapter],
    shown: Opening | None,
    images: Mapping[str, str],
    stems: Mapping[str, str],
    *,
    csv_file: str = RESULTS,
    refresh: int = 0,
) -> str:
    """The page as HTML.

    ``images`` holds the figures' SVG in Base64, by name. ``stems`` holds the names of the tables' files, by
    ``Table.key``.
    """
    results = view.results
    return page.render(
        "report.html.j2",
        about=results.about,
        metric=results.measure.axis if results.metric else "",
        counts=results.trials["status"].value_counts().to_dict(),
        total=len(results.trials),
        opening=shown,
        answers=[chapter for chapter in made if chapter.section.name == "answer"],
        groups=_groups(made),
        methods=results.methods,
        images=images,
        stems=stems,
        said=_Said(),
        twins=any(chapter.twin for chapter in made),
        csv_file=csv_file,
        terms=TERMS.values(),
        ddof=view.ddof,
        refresh=refresh,
    )


class _Said:
    """The notes of tables, each shown once on the page, and once among the sections without collapsed runs.

    A note that was shown inside a fold is shown again outside.
    """

    def __init__(self) -> None:
        self.before: set[tuple[str, bool, bool]] = set()

    def __call__(self, table: Table, twin: bool = False, folded: bool = False) -> list[str]:
        new = [
            note
            for note in dict.fromkeys(table.notes)
            if (note, twin, False) not in self.before and (note, twin, folded) not in self.before
        ]
        self.before |= {(note, twin, folded) for note in new}
        return new


def _groups(made: Sequence[Chapter]) -> list[tuple[Question, list[Chapter]]]:
    """The chapters under each question, without the answer and without empty questions."""
    found = ((q, [c for c in made if c.entry.question is q and c.section.name != "answer"]) for q in Question)
    return [(question, chapters) for question, chapters in found if chapters]
