"""Marking the best score of a table's rows or columns in bold."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

from analysis.rendering.cells import Cell, Score
from analysis.results.frame import Results
from harness.tasks.metrics import Measure

Cells = Sequence[str | Cell]
BOLD = "Bold: "
"""Beginning of a note on the meaning of bold; a terminal shows neither bold nor this note."""


def mark_best(cells: Cells, among: Sequence[bool] | None = None, *, sign: int) -> list[str | Cell]:
    """The cells, with the best score marked among the scores with the most runs.

    At least two scores must have the most runs. Scores that look equal are marked together. If any other score is
    better, none is marked: a reader would take the marked score for the best. ``among`` says which cells compete; the
    default is all. ``sign`` is ``Measure.sign``.
    """
    admitted = [True] * len(cells) if among is None else among
    scores = [cell for cell, yes in zip(cells, admitted, strict=True) if yes and isinstance(cell, Score) and cell.runs]
    most = max((score.runs for score in scores), default=0)
    means = [_seen(score, sign) for score in scores if score.runs == most]
    shown = [_seen(cell, sign) for cell in cells if isinstance(cell, Score) and not math.isnan(cell.mean)]
    if len(means) < 2 or max(shown) > max(means):
        return list(cells)
    return [
        replace(cell, best=True)
        if yes and isinstance(cell, Score) and cell.runs == most and _seen(cell, sign) == max(means)
        else cell
        for cell, yes in zip(cells, admitted, strict=True)
    ]


def _seen(score: Score, sign: int) -> float:
    """The mean as a reader sees it; higher is better."""
    return sign * float(format(score.mean, score.form))


def mark_column(
    rows: Sequence[Cells], column: int, among: Sequence[bool] | None = None, *, sign: int
) -> list[list[str | Cell]]:
    """The rows with the best score of one column marked, as by ``mark_best``."""
    marked = mark_best([row[column] for row in rows], among, sign=sign)
    return [[*row[:column], cell, *row[column + 1 :]] for row, cell in zip(rows, marked, strict=True)]


def over_most(results: Results, methods: Iterable[str]) -> list[bool]:
    """Whether each method's zero-shot score can be compared.

    A score can be compared if it is over the longest list of target languages. Of several such lists the first counts.
    """
    found = [results.languages(method) for method in methods]
    most = max(found, key=len, default=[])
    return [languages == most for languages in found]


def bold_note(rows: Iterable[Cells], of_what: str, measure: Measure, *, zero_shot: bool = True) -> list[str]:
    """A note on the meaning of bold, if any cell is bold.

    ``of_what`` is a phrase such as ``of a row``. ``zero_shot`` says whether the table has zero-shot scores.
    """
    if not any(isinstance(cell, Score) and cell.best for row in rows for cell in row):
        return []
    too = " (zero-shot scores: also over the most target languages)" if zero_shot else ""
    return [f"{BOLD}the {measure.best} mean {of_what} among the means over the most finished runs{too}."]
