"""What becomes of the zero-shot score as the learning rate grows: the paper's Table 14, for every rate of the study."""

from collections.abc import Collection
from functools import partial

import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from analysis.bold import bold_note, mark_best, over_most
from analysis.comparison import FEW
from analysis.frame import Results
from analysis.section import Picture, Section
from analysis.style import WIDTH, abreast, colours, metric_name, take_legend
from analysis.table import MISSING_CELL, Cell, Score, Table, std_note
from analysis.view import View

MOST_TICKS = 12
"""Learning rates that the figure's axis names each."""
RANGE = 5
"""How many times the smallest learning rate the largest is, from which a study is a stress test."""

ROUNDING = 1e-9


def section(view: View) -> Section | None:
    """Where the study is a stress test."""
    if not applies(view):
        return None
    draw = partial(figure, view.results)
    caption = "Each mark is one run, the line goes through the medians; crosses are collapsed runs."
    alt = f"Zero-shot {metric_name(view.results)} over the learning rate on a logarithmic axis, a line a method."
    return Section("stress", "Stress: growing learning rates", [table(view), Picture("stress", draw, caption, alt)])


def applies(view: View) -> bool:
    """Whether the learning rates of any method span ``RANGE`` and any run is complete.

    Rates that span it only from one method to the next say nothing of what a growing rate does.
    """
    return bool(view.results.runs["complete"].any()) and any(hottest(view.results, [method]) for method in view.results.methods)


def hottest(results: Results, methods: Collection[str]) -> list[str]:
    """The settings with the largest learning rate that all of the methods have; none where their rates do not span ``RANGE``."""
    if "learning_rate" not in results.settings:
        return []
    runs = _runs(results)
    shared = set.intersection(*({*runs.loc[runs["method"] == method, "learning_rate"].dropna()} for method in methods))
    if not shared or max(shared) < (1 - ROUNDING) * RANGE * min(shared):
        return []
    return [str(setting) for setting in runs.loc[runs["learning_rate"] == max(shared), "setting"].unique()]


def shown(results: Results) -> list[str]:
    """The methods with several learning rates."""
    rates = _runs(results).groupby("method")["learning_rate"].nunique()
    return [method for method in results.methods if rates[method] > 1]


def _runs(results: Results) -> pd.DataFrame:
    rates = pd.to_numeric(results.settings["learning_rate"], errors="coerce")
    return results.runs.assign(learning_rate=results.runs["setting"].map(rates))


def table(view: View) -> Table:
    """Mean ± std of the zero-shot score by learning rate and method, with the collapsed runs; of the methods with several rates."""
    results, methods = view.results, shown(view.results)
    runs = _runs(results)
    rows: list[list[str | Cell]] = []
    fallen = [method for method in methods if runs.loc[runs["method"] == method, "collapsed"].any()]
    comparable = over_most(results, methods)
    for rate in sorted(runs.loc[runs["method"].isin(methods), "learning_rate"].dropna().unique()):
        here = {method: runs[(runs["method"] == method) & (runs["learning_rate"] == rate)] for method in methods}
        scores = [Score.over(of["zero_shot"], len(of), view.ddof) if len(of) else MISSING_CELL for of in here.values()]
        counts = [f"{int(here[method]['collapsed'].sum())}/{len(here[method])}" for method in fallen]
        rows.append([f"{rate:g}", *mark_best(scores, comparable), *counts])
    header = ["learning rate", *methods, *(f"{method}, collapsed runs" for method in fallen)]
    what = "over the runs of one learning rate, all other hyperparameters and seeds together"
    notes = [std_note(what, view.ddof), *bold_note(rows, "of a row")]
    if alone := [method for method in results.methods if method not in methods]:
        notes.append(f"Left out, not having several learning rates: {', '.join(alone) if len(alone) <= FEW else f'{len(alone)} methods'}.")
    return Table("stress", "Zero-shot scores by learning rate", header, rows, notes)


def figure(results: Results) -> Figure:
    """Zero-shot score over the learning rate, a line a method."""
    methods = shown(results)
    runs = _runs(results).dropna(subset=["zero_shot", "learning_rate"])
    runs = runs[runs["method"].isin(methods)]
    palette = dict(zip(results.methods, colours(results), strict=True))
    made = Figure(figsize=(WIDTH * 0.8, 4.4))
    axes = made.subplots()
    common = {"data": runs, "x": "learning_rate", "y": "zero_shot", "hue": "method", "hue_order": methods, "palette": palette, "ax": axes}
    sns.lineplot(**common, estimator="median", errorbar=None)
    sns.scatterplot(
        **common, style="collapsed", style_order=[False, True], markers={False: "o", True: "X"}, s=34, alpha=0.7,
        legend=False, rasterized=len(runs) > 2000,
    )  # fmt: skip
    axes.set(xscale="log", xlabel="learning rate", ylabel=f"zero-shot score, {metric_name(results)}")
    rates = sorted(runs["learning_rate"].unique())
    if len(rates) <= MOST_TICKS:
        axes.set_xticks(rates)
        axes.minorticks_off()
    axes.xaxis.set_major_formatter("{x:g}")
    handles, labels = take_legend(axes)
    count = len(methods)
    made.legend(handles[:count], labels[:count], loc="outside lower center", ncols=abreast(labels[:count], WIDTH * 0.7), frameon=False)
    return made
