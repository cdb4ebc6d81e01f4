"""Every run's score in every language; with many runs, percentiles of the scores."""

import math
from collections.abc import Sequence
from functools import partial

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from analysis.rendering.section import Picture, Section
from analysis.rendering.style import RASTERISED, WIDTH, colours, legend_below, metric_name
from analysis.results.frame import Results
from analysis.results.view import View

MARKED = 25
"""Largest number of runs of a method that each have a mark. More runs are shown as quantiles."""
QUANTILES = (0.05, 0.25, 0.75, 0.95)
DOWN = 18
"""Largest number of languages in one column of the figure."""


def section(view: View) -> Section | None:
    """The section; ``None`` if no trial has finished."""
    if not len(view.results.test):
        return None
    draw = partial(figure, view.results)
    if marked(view.results):
        title, caption = (
            "Scores of every run",
            "Each mark is one run; the dark bar is the mean of the method's runs in that language.",
        )
        kind = "Strip plot of every run's"
    else:
        title = "Distribution of the scores"
        caption = (
            "Per method and language, the thick bar holds the middle half of the runs (25th to 75th percentile). The "
            "thin line holds 90 % (5th to 95th). The dots are the lowest and the highest run; the dark tick is the "
            "mean."
        )
        kind = "Percentiles over runs of the"
    return Section(
        "distributions", title, [Picture("distributions", draw, caption, f"{kind} {_described(view.results)}")]
    )


def marked(results: Results) -> bool:
    """Whether the runs are few enough for one mark each."""
    return int(results.runs.groupby("method").size().max()) <= MARKED


def figure(results: Results) -> Figure:
    """Scores in every language, one colour per method; a dark tick marks the mean.

    More than ``DOWN`` languages fill several columns.
    """
    scores = results.test
    found = set(scores["language"])
    languages = [language for language in (results.source, *results.about.targets) if language in found]
    columns = math.ceil(len(languages) / DOWN)
    rows = math.ceil(len(languages) / columns)
    each = marked(results)
    made = Figure(figsize=(8.5 if columns == 1 else WIDTH, 1.2 + 0.42 * rows))
    made.suptitle("Test scores of every run" if each else "Test scores over runs")
    for axes, start in zip(
        made.subplots(1, columns, sharex=True, squeeze=False)[0], range(0, len(languages), rows), strict=True
    ):
        shown = languages[start : start + rows]
        (_marks if each else _bars)(axes, results, scores[scores["language"].isin(shown)], shown)
        axes.set(xlabel=metric_name(results), ylabel="", ylim=(rows - 0.5, -0.5))
        axes.set_yticks(range(len(shown)), shown)
        for edge in range(1, len(shown)):
            axes.axhline(edge - 0.5, color="#e6e6e6", linewidth=0.8)
        axes.grid(axis="y", visible=False)
    handles = [Line2D([], [], marker="o", linestyle="none", color=colour) for colour in colours(results)]
    legend_below(made, handles, results.methods, 8.0)
    return made


def _marks(axes: Axes, results: Results, scores: pd.DataFrame, languages: Sequence[str]) -> None:
    """One mark per run, and the mean."""
    share = 22 / len(results.methods)  # height in points of a method's share of a language's row
    common = {"data": scores, "y": "language", "x": "score", "order": languages, "ax": axes}
    common |= {"hue": "method", "hue_order": results.methods, "legend": False}
    sns.stripplot(
        **common,
        dodge=True,
        jitter=False,
        alpha=0.65,
        size=min(5, share),
        linewidth=0.3,
        edgecolor="white",
        palette=colours(results),
        rasterized=len(scores) > RASTERISED,
    )
    sns.pointplot(
        **common,
        dodge=0.8 - 0.8 / len(results.methods),
        linestyle="none",
        errorbar=None,
        marker="|",
        markersize=min(10, share),
        markeredgewidth=1.5,
        zorder=4,
        palette=["0.1"] * len(results.methods),
    )


def _bars(axes: Axes, results: Results, scores: pd.DataFrame, languages: Sequence[str]) -> None:
    """One bar of quantiles per method, with its lowest, highest and mean score."""
    count = len(results.methods)
    share = 22 / count
    groups = scores.groupby(["method", "language"], sort=False)["score"]
    quantiles = groups.quantile(np.array(QUANTILES)).unstack()
    ends = groups.agg(["min", "mean", "max"])
    for place, (method, colour) in enumerate(zip(results.methods, colours(results), strict=True)):
        at = pd.MultiIndex.from_product([[method], languages])
        low, first, third, high = quantiles.reindex(at).to_numpy().T
        lowest, mean, highest = ends.reindex(at).to_numpy().T
        y = np.arange(len(languages)) + (place - (count - 1) / 2) * 0.8 / count
        axes.hlines(y, low, high, color=colour, linewidth=min(1.2, share / 3))
        axes.hlines(y, first, third, color=colour, linewidth=min(4.0, 0.8 * share))
        axes.plot(
            [lowest, highest],
            [y, y],
            linestyle="none",
            marker="o",
            markersize=min(2.0, share / 2),
            color=colour,
            markeredgewidth=0,
        )
        axes.plot(
            mean,
            y,
            linestyle="none",
            marker="|",
            markersize=min(7.0, share),
            markeredgewidth=1.5,
            color="0.1",
            zorder=4,
        )


def _described(results: Results) -> str:
    """The figure in words: the metric, the methods, and the range of the languages' means."""
    means = results.test.groupby("language")["score"].mean()
    many = f"{len(results.methods)} methods" if len(results.methods) > 1 else results.methods[0]
    form = results.measure.brief
    return (
        f"{metric_name(results)} in {len(means)} languages, for {many}. Means over all runs go from "
        f"{means.min():{form}} ({means.idxmin()}) to {means.max():{form}} ({means.idxmax()})."
    )
