"""The figure of scores along a hyperparameter."""

import math
from functools import partial

import seaborn as sns
from matplotlib.figure import Figure

from analysis.rendering.axis import Axis
from analysis.rendering.section import Picture
from analysis.rendering.style import RASTERISED, WIDTH, colours, legend_below, metric_name, take_legend
from analysis.results.frame import Results
from analysis.results.view import View


def picture(view: View, axis: Axis, name: str) -> Picture:
    """The figure along an axis, with its caption."""
    log = " on a logarithmic axis" if axis.scale == "log" else ""
    caption = "Each mark is one run. Lines go through the medians; crosses are collapsed runs."
    if math.isinf(axis.values[-1]):
        caption += f" The tick {axis.shown(math.inf)!r} stands one step beyond the largest number."
    alt = (
        f"{view.results.source} and zero-shot {metric_name(view.results)} over the {axis.label}{log}, a line a method."
    )
    return Picture(name, partial(figure, view.results, axis), caption, alt)


def figure(results: Results, axis: Axis) -> Figure:
    """The source and zero-shot scores over an axis, one line per method."""
    runs = axis.runs(results).dropna(subset=["source", "zero_shot"])
    runs = runs.assign(place=runs["value"].map(axis.places))
    palette = dict(zip(results.methods, colours(results), strict=True))
    made = Figure(figsize=(WIDTH, 4.4))
    panels = made.subplots(1, 2)
    for axes, column, name in zip(
        panels, ("source", "zero_shot"), (f"{results.source} test", "zero-shot score"), strict=True
    ):
        common = {
            "data": runs,
            "x": "place",
            "y": column,
            "hue": "method",
            "hue_order": axis.methods,
            "palette": palette,
            "ax": axes,
        }
        sns.lineplot(**common, estimator="median", errorbar=None)
        sns.scatterplot(
            **common, style="collapsed", style_order=[False, True], markers={False: "o", True: "X"}, s=34, alpha=0.7,
            legend=False, rasterized=len(runs) > RASTERISED,
        )  # fmt: skip
        axis.draw(axes, 0.4 * WIDTH)
        axes.set(ylabel=f"{name}, {metric_name(results)}")
        handles, labels = take_legend(axes)
    count = len(axis.methods)
    legend_below(made, handles[:count], labels[:count], WIDTH * 0.9)
    return made
