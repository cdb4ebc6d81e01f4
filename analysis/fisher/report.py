"""The report on Fréchet distances between languages: one HTML page, with its tables and figures as files."""

import re
from collections.abc import Mapping
from pathlib import Path

from analysis.fisher import figures, tables
from analysis.fisher.frechet import distances
from analysis.fisher.tables import Corpus, Scores
from analysis.rendering import page
from analysis.rendering.cells import Score
from analysis.rendering.page import Written
from analysis.rendering.style import metric_name
from analysis.results.about import About
from analysis.results.frame import Results
from analysis.results.from_store import load
from analysis.results.view import View
from analysis.sections.languages import score as language_score
from harness.common.errors import UserError, unknown
from harness.store.store import Store
from harness.study import Study


def write_fisher_report(
    store: Store,
    study: Study,
    diagonals: Mapping[str, Mapping[str, Path]],
    out: Path | None = None,
    *,
    method: str | None = None,
    ddof: int = 1,
) -> Written:
    """Write the distances between languages, and their correlation with a study's scores, replacing an older report.

    The folder gets ``fisher.html``, ``tables/*.csv|md|tex`` and ``figures/*.svg|png``. Without a finished run of the
    study, the page has distances only and says why.

    Args:
        store: store of the study's scores.
        study: the study.
        diagonals: for at least one corpus, its label and the file of each language's Fisher diagonal (see
            ``analysis.fisher.frechet``), including the study's source.
        out: a folder. The default is ``reports/<study>/fisher`` in a local store, else
            ``steadytune-reports/<study>/fisher`` in the working directory.
        method: label of the method with the scores. The default is vanilla, or the study's first method.
        ddof: ddof of the standard deviations over runs.

    Raises:
        UserError: diagonals are bad, the study lacks the method, or the folder cannot be written.
    """
    corpora = _corpora(diagonals, study.source)
    scores = _scores(store, study, method, ddof)
    if not scores.lacking and not any(corpus.scored(scores) for corpus in corpora):
        scores = Scores(lacking="No correlations: no language has both a distance and a score.")
    folder = out or page.default_folder(store, f"{study.name}/fisher")
    with page.replacing(folder) as scratch:
        summary = _write(scratch, study, corpora, scores)
    return Written(folder / "fisher.html", summary)


def _corpora(diagonals: Mapping[str, Mapping[str, Path]], source: str) -> list[Corpus]:
    found: list[Corpus] = []
    for label, files in diagonals.items():
        if source not in files:
            raise UserError(
                f"fisher: the corpus {label!r} has no diagonal of the source language {source!r}; it has "
                f"{', '.join(files)}"
            )
        name = re.sub(r"\W+", "-", label).strip("-")
        taken = any(corpus.file == name for corpus in found)
        found.append(Corpus(label, f"{name}-{len(found)}" if taken or not name else name, source, distances(files)))
    return found


def _scores(store: Store, study: Study, method: str | None, ddof: int) -> Scores:
    """The method's scores from the study's last run, if it had the same encoder, source, task and data as now."""
    if study.name not in store.studies():
        _known(method, [arm.method.arm.label for arm in study.arms])
        return Scores(lacking=f"No correlations: {study.name} has not been run in this store.")
    results = load(store, study.name)
    method = _known(method, results.methods) or View(results).baseline
    asked = About.of(study)
    for name in ("encoder", "source", "task", "data"):
        now, then = getattr(asked, name), getattr(results.about, name)
        if now != then:
            return Scores(
                lacking=f"No correlations: {study.name} was last run with the {name} {then}, and the distances are for "
                f"{now}."
            )
    cells = {language: language_score(results, method, language, ddof) for language in results.about.targets}
    found = {language: cell for language, cell in cells.items() if isinstance(cell, Score)}
    if not any(score.runs for score in found.values()):
        return Scores(lacking=f"No correlations: no trial of {method} has finished.")
    return Scores(found, method, metric_name(results), _notes(results, method, ddof))


def _known(method: str | None, methods: list[str]) -> str | None:
    if method is not None and method not in methods:
        raise unknown("method", method, methods)
    return method


def _notes(results: Results, method: str, ddof: int) -> list[str]:
    """A note on the runs behind the scores."""
    runs = results.runs[results.runs["method"] == method]
    asked, complete, collapsed = len(runs), int(runs["complete"].sum()), int(runs["collapsed"].sum())
    if complete == asked:
        which = f"its {asked} runs" if asked > 1 else "its one run"
    else:
        which = f"the finished runs among its {asked} runs" if asked > 1 else "the finished trials of its one run"
    spread = f"; ± and bars are standard deviations over runs (ddof={ddof})" if asked > 1 else ""
    note = f"The scores are {method}'s on the test sets, means over {which}{spread}."
    if complete < asked:
        note += f" Complete runs: {complete}; (n/m) marks a mean over n of m runs."
    if collapsed:
        note += f" Collapsed runs are included: {collapsed}."
    return [note]


def _write(folder: Path, study: Study, corpora: list[Corpus], scores: Scores) -> str:
    """Write everything into a new folder; returns the text for the terminal."""
    matrices = [tables.matrix(corpus) for corpus in corpora]
    languages = tables.languages(corpora, scores, study.targets)
    correlations = None if scores.lacking else tables.correlations(corpora, scores, study.encoder)
    page.write_tables(folder, [*matrices, languages, *filter(None, [correlations])])
    drawn = figures.draw(corpora, scores)
    images = page.write_figures(folder, ((name, figure) for name, (_, figure) in drawn.items()))
    drawings = {name: {"name": name, "caption": caption, "data": images[name]} for name, (caption, _) in drawn.items()}
    html = page.render(
        "fisher.html.j2",
        study=study,
        scores=scores,
        sizes=[f"{len(corpus.matrix)} ({corpus.label})" for corpus in corpora],
        correlations=correlations,
        languages=languages,
        scatters=[figure for name, figure in drawings.items() if name.startswith("scores-")],
        heat_maps=[(drawings[table.name], table) for table in matrices],
    )
    (folder / "fisher.html").write_text(html, encoding="utf-8")
    return page.for_terminal(correlations or languages)
