"""Effect of the strength of the pull: the change in zero-shot score over λ, as in the paper's Figure 1."""

import math
from collections.abc import Mapping, Sequence
from functools import partial

import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from analysis.rendering.bold import bold_note, mark_column, over_most
from analysis.rendering.cells import MISSING_CELL, Cell, Difference, Number, Score
from analysis.rendering.section import Picture, Section
from analysis.rendering.style import WIDTH, metric_name
from analysis.rendering.table import Table, std_note
from analysis.results.method_label import MethodLabel
from analysis.results.view import View

MIN_STRENGTHS = 2
"""Smallest number of strengths of a family for a curve."""


def section(view: View) -> Section | None:
    """The section; ``None`` without one baseline for all, or if no method was run with several strengths."""
    found = families(view)
    if not found:
        return None
    made = table(view, found)
    improvements = _improvements(view, found)
    parts: list[str | Table | Picture] = [made]
    if len(improvements):
        draw = partial(figure, view, improvements)
        caption = (
            f"Left: the difference from {view.baseline}'s zero-shot score at the same setting and seed, in per cent of "
            f"{view.baseline}'s, as in the paper's Figure 1. Right: the {view.results.source} score. Points are "
            "means over runs, bars their standard errors."
        )
        if view.results.measure.lower_is_better:
            caption += " Below 0 the method is better."
        alt = (
            "Change of the zero-shot score over the strength λ on a logarithmic axis, and beside it the score of the "
            "source."
        )
        parts.append(Picture("strengths", draw, caption, alt))
    return Section("strengths", "Strength of the pull (λ)", parts)


def families(view: View) -> dict[str, list[str]]:
    """Labels of methods with several strengths, by family, the weakest first; empty without one baseline for all."""
    found: dict[str, list[str]] = {}
    for method in view.comparisons:
        label = MethodLabel.of(method)
        if not math.isnan(label.strength) and view.against is None:
            found.setdefault(label.family, []).append(method)
    return {
        family: sorted(methods, key=lambda method: MethodLabel.of(method).strength)
        for family, methods in found.items()
        if len(methods) >= MIN_STRENGTHS
    }


def table(view: View, found: Mapping[str, Sequence[str]]) -> Table:
    """Scores by λ, and the difference of the zero-shot score from the baseline's, over the runs that both have."""
    rows: list[list[str | Cell]] = []
    for family, strengths in found.items():
        for method in strengths:
            runs = view.results.runs[view.results.runs["method"] == method]
            ours, theirs = view.comparisons[method].zero_shot
            scores = (
                Score.over(runs[column], len(runs), view.ddof, view.results.form) for column in ("source", "zero_shot")
            )
            difference: str | Cell = (
                Difference.over(ours - theirs, view.ddof, view.results.form) if len(ours) else MISSING_CELL
            )
            collapsed = str(int(runs["collapsed"].sum()))
            rows.append([family, Number(MethodLabel.of(method).strength, "g"), *scores, difference, collapsed])
    methods = [method for family in found.values() for method in family]
    sign = view.results.measure.sign
    rows = mark_column(mark_column(rows, 2, sign=sign), 3, over_most(view.results, methods), sign=sign)
    header = ["method", "λ", view.results.source, "zero-shot", f"zero-shot − {view.baseline}", "collapsed runs"]
    notes = [
        std_note("over runs of one method", view.ddof),
        f"The difference is over the runs that {view.baseline} has too, with its standard deviation over these runs.",
        "A λ chosen by its zero-shot score is selected on the target languages: report a λ chosen on the "
        "source, or all λ.",
        *bold_note(rows, "of a column", view.results.measure),
    ]
    return Table("strengths", "Scores by strength", header, rows, notes)


def _improvements(view: View, found: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """One row per pair of runs with λ above 0: family, λ, change of the zero-shot score (%) and source score."""
    rows = []
    for family, methods in found.items():
        for method in methods:
            comparison = view.comparisons[method]
            ours, theirs = comparison.zero_shot
            change = 100 * (ours - theirs) / theirs.where(theirs > 0)
            strength = MethodLabel.of(method).strength
            rows += [
                {"method": family, "λ": strength, "change": c, "source": s}
                for c, s in zip(change, comparison.sources[0].reindex(change.index), strict=True)
            ]
    frame = pd.DataFrame(rows)
    return frame[frame["λ"] > 0].dropna() if rows else frame


def figure(view: View, improvements: pd.DataFrame) -> Figure:
    """Change from the baseline's zero-shot score, and source score, over λ: one line per family."""
    made = Figure(figsize=(WIDTH, 4.0))
    left, right = made.subplots(1, 2)
    source = view.results.source
    for axes, column, name in (
        (left, "change", f"zero-shot score against {view.baseline} (%)"),
        (right, "source", f"{source} test, {metric_name(view.results)}"),
    ):
        sns.lineplot(
            data=improvements,
            x="λ",
            y=column,
            hue="method",
            style="method",
            markers=True,
            dashes=False,
            errorbar="se",
            err_style="bars",
            palette="colorblind",
            ax=axes,
            legend="auto" if axes is left and improvements["method"].nunique() > 1 else False,
        )
        axes.set(xscale="log", xlabel="strength λ", ylabel=name)
        axes.xaxis.set_major_formatter("{x:g}")
    left.axhline(0, color="0.3", linewidth=0.8)
    return made
