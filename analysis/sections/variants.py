"""Variants of EWC side by side, on the languages that all variants have: the paper's Table 15."""

from analysis.rendering.bold import bold_note, mark_best
from analysis.rendering.cells import Cell, Score
from analysis.rendering.section import Section
from analysis.rendering.table import Table, std_note
from analysis.results.method_label import MethodLabel
from analysis.results.view import View
from analysis.sections.languages import score

KIND = "ewc"
BESIDE = ("vanilla", "l2")
"""Other methods in the paper's table."""


def section(view: View) -> Section | None:
    """The section; ``None`` unless the study has EWC variants that differ in more than strength."""
    if not applies(view):
        return None
    made = table(view)
    return Section("variants", made.title, [made])


def applies(view: View) -> bool:
    """Whether the study has several EWC variants."""
    return len({label.family for label in map(MethodLabel.of, view.results.methods) if label.kind == KIND}) > 1


def table(view: View) -> Table:
    """One row per variant, vanilla and l2; one column for the source, and for each target that all variants score."""
    results = view.results
    methods = [method for method in results.methods if MethodLabel.of(method).kind in (KIND, *BESIDE)]
    variants = [method for method in methods if MethodLabel.of(method).kind == KIND]
    common = [
        language for language in results.about.targets if all(results.asked[language][method] for method in variants)
    ]
    runs = {method: results.runs[results.runs["method"] == method] for method in methods}
    columns: list[list[str | Score]] = [
        [Score.over(runs[m]["source"], len(runs[m]), view.ddof, view.results.form) for m in methods]
    ]
    columns += [[score(results, method, language, view.ddof) for method in methods] for language in common]
    marked = [mark_best(column, sign=view.results.measure.sign) for column in columns]
    rows: list[list[str | Cell]] = [[method, *cells] for method, *cells in zip(methods, *marked, strict=True)]
    notes = [
        std_note("over all runs of a method", view.ddof),
        *bold_note(rows, "of a column", view.results.measure, zero_shot=False),
    ]
    return Table("variants", "EWC variants", ["method", results.source, *common], rows, notes)
