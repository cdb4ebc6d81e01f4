"""Source against zero-shot score: equal scores on the source need not mean equal scores on the targets."""

from functools import partial

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from analysis.rendering.section import Picture, Section
from analysis.rendering.style import RASTERISED, STYLED, WIDTH, abreast, colours, metric_name, setting_names
from analysis.results.frame import Results
from analysis.results.view import View

NEAR_THE_BEST = 10
"""Range, in points of the source score, of the enlarged panel."""


def section(view: View) -> Section | None:
    """The section; ``None`` if no run has both a source and a zero-shot score."""
    runs = view.results.runs.dropna(subset=["source", "zero_shot"])
    if runs.empty:
        return None
    draw = partial(figure, view.results)
    caption = (
        "Each point is one run. Points above one another have the same source score and different zero-shot scores."
    )
    form = view.results.measure.brief
    between = (f"{runs[column].min():{form}} to {runs[column].max():{form}}" for column in ("source", "zero_shot"))
    alt = (
        f"Scatter plot of the zero-shot score against the {view.results.source} score, a point for each of "
        f"{len(runs)} runs, one colour per method. {view.results.source} goes from {next(between)}, "
        f"zero-shot from {next(between)} ({metric_name(view.results)})."
    )
    return Section(
        "source-zero-shot", "Source against zero-shot score", [Picture("source-zero-shot", draw, caption, alt)]
    )


def figure(results: Results) -> Figure:
    """One point per run.

    The right panel enlarges the runs near the best. With 2 to ``STYLED`` settings, each has its own marker.
    """
    names = {method: with_languages(results, method) for method in results.methods}
    runs = results.runs.dropna(subset=["source", "zero_shot"])
    sign, points = results.measure.sign, results.measure.points
    near = runs[sign * runs["source"] >= (sign * runs["source"]).max() - NEAR_THE_BEST] if points else runs
    panels = {"All runs": runs} | (
        {f"Within {NEAR_THE_BEST} points of the best source score": near} if len(near) < len(runs) else {}
    )
    made = Figure(figsize=(WIDTH if len(panels) > 1 else 7, 5.4))
    styled = 1 < len(results.settings_met) <= STYLED
    for place, (axes, (title, shown)) in enumerate(
        zip(made.subplots(1, len(panels), squeeze=False)[0], panels.items(), strict=True)
    ):
        _points(axes, results, shown, styled)
        metric = metric_name(results)
        axes.set(
            title=title, xlabel=f"{results.source} test, {metric}", ylabel="" if place else f"mean of targets, {metric}"
        )
    room = made.get_figwidth() - 0.4
    common = {"frameon": False, "alignment": "left"}
    dots = [Line2D([], [], marker="o", linestyle="none", color=colour) for colour in colours(results)]
    made.legend(
        dots, names.values(), title="method", loc="outside upper left", ncols=abreast(names.values(), room), **common
    )
    if styled:
        fields, values = setting_names(results)
        labels = [values[setting] for setting in results.settings_met]
        shapes = [
            Line2D([], [], marker=marker, linestyle="none", color="0.3", markeredgewidth=0)
            for marker in _markers(results)
        ]
        made.legend(shapes, labels, title=fields, loc="outside lower left", ncols=abreast(labels, room), **common)
    return made


def _points(axes: Axes, results: Results, runs: pd.DataFrame, styled: bool) -> None:
    """The runs in random order, so that no method covers another. Many runs get small marks."""
    mixed = runs.iloc[np.random.default_rng(0).permutation(len(runs))]
    style = dict(zip(results.settings_met, _markers(results), strict=True)) if styled else None
    sns.scatterplot(
        data=mixed,
        x="source",
        y="zero_shot",
        hue="method",
        hue_order=results.methods,
        palette=colours(results),
        ax=axes,
        legend=False,
        style="setting" if styled else None,
        style_order=results.settings_met if styled else None,
        markers=style or True,
        s=float(np.clip(8000 / max(1, len(runs)), 7, 55)),
        alpha=0.8 if len(runs) <= RASTERISED else 0.5,
        linewidth=0.5 if len(runs) <= RASTERISED else 0,
        rasterized=len(runs) > RASTERISED,
    )


def _markers(results: Results) -> list[str]:
    """One marker per setting, the most distinct first."""
    return [*"oXs^DvP<>*"][: len(results.settings_met)]


def with_languages(results: Results, method: str) -> str:
    """A method's label, followed by its number of scored languages if it lacks some of the study's."""
    scored, asked = len(results.languages(method)), len(results.about.targets)
    return method if scored == asked else f"{method}\n{scored} of {asked} languages"
