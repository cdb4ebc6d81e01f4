"""The report's figures, each from tidy frames to a matplotlib figure."""

from collections.abc import Callable
from typing import Any

import matplotlib as mpl
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from analysis.frame import Results

mpl.use("Agg")

STYLE: dict[Any, Any] = {
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e6e6e6",
    "svg.hashsalt": "steadytune",  # the same figure gives the same file
    "figure.constrained_layout.use": True,
}
PALETTE = "colorblind"
NEAR_THE_BEST = 10
"""Points of the source score that the enlarged panel shows."""


def distributions(results: Results) -> Figure:
    """Every run's score in every language, one colour a method; the bar marks the mean."""
    scores = results.test
    order = [language for language in (results.study.source, *results.study.targets) if language in set(scores["language"])]
    figure = Figure(figsize=(8.5, 1.2 + 0.42 * len(order)))
    axes = figure.subplots()
    common = {"data": scores, "y": "language", "x": "score", "order": order, "hue": "method", "hue_order": results.methods, "ax": axes}
    sns.stripplot(**common, dodge=True, jitter=False, alpha=0.65, size=5, palette=PALETTE, linewidth=0.3, edgecolor="white")
    sns.pointplot(
        **common, dodge=0.8 - 0.8 / max(len(results.methods), 1), linestyle="none", errorbar=None, marker="|", markersize=13,
        markeredgewidth=2.2, palette=PALETTE, legend=False,
    )  # fmt: skip
    axes.set(title="Test scores of every run", xlabel=_metric(results), ylabel="")
    axes.set_xlim(left=max(0.0, scores["score"].min() - 4), right=min(100.0, scores["score"].max() + 4))
    for edge in range(1, len(order)):
        axes.axhline(edge - 0.5, color="#e6e6e6", linewidth=0.8)
    axes.grid(axis="y", visible=False)
    handles, labels = _take_legend(axes)
    figure.legend(handles, labels, loc="outside lower center", ncols=min(4, len(labels)), frameon=False)
    return figure


def source_against_zero_shot(results: Results) -> Figure:
    """One point a run: equal source scores need not mean equal zero-shot scores. The right panel enlarges the runs near the best."""
    names = {method: _with_languages(results, method) for method in results.methods}
    runs = results.runs.dropna(subset=["source", "zero_shot"]).assign(method=lambda frame: frame["method"].map(names))
    near = runs[runs["source"] >= runs["source"].max() - NEAR_THE_BEST]
    panels = {"All runs": runs} | ({f"Within {NEAR_THE_BEST} points of the best source score": near} if len(near) < len(runs) else {})
    figure = Figure(figsize=(5.2 * len(panels) + 2.4, 4.6))
    for axes, (title, shown) in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels.items(), strict=True):
        sns.scatterplot(
            data=shown, x="source", y="zero_shot", hue="method", hue_order=list(names.values()), style="setting",
            style_order=results.settings, s=80, alpha=0.85, palette=PALETTE, ax=axes,
        )  # fmt: skip
        axes.set(title=title, xlabel=f"{results.study.source} test, {_metric(results)}", ylabel=f"mean of targets, {_metric(results)}")
        handles, labels = _take_legend(axes)
    figure.legend(handles, labels, loc="outside right center", frameon=False, fontsize=8.5)
    return figure


def _with_languages(results: Results, method: str) -> str:
    """A method's label, with the number of languages that its zero-shot scores are over where those are not all."""
    scored, asked = len(results.languages(method)), len(results.study.targets)
    return method if scored == asked else f"{method}\n{scored} of {asked} languages"


def language_by_setting(results: Results) -> Figure:
    """Mean over seeds of every language's score at every setting, one panel a method."""
    order = [results.study.source, *results.study.targets]
    scores = results.test.groupby(["method", "language", "setting"], sort=False)["score"]
    means, counts = scores.mean().unstack("setting"), scores.count().unstack("setting")
    targets = results.trials.explode("targets").rename(columns={"targets": "language"})
    asked = targets.groupby(["method", "language", "setting"], sort=False)["trial"].count().unstack("setting")
    panels: dict[str, pd.DataFrame] = {}
    notes: dict[str, pd.DataFrame] = {}
    for method in results.methods:
        if method in means.index.get_level_values("method"):
            table = _of(means, method).dropna(axis="columns", how="all")
            panel = table.reindex(index=order, columns=[setting for setting in results.settings if setting in table.columns])
            found, wanted = (_of(sizes, method).reindex_like(panel) for sizes in (counts, asked))
            text = panel.map(lambda value: "" if pd.isna(value) else f"{value:.1f}")
            panels[method] = panel
            notes[method] = text.mask(found < wanted, text + "*")
    widths = [max(1.4, 0.85 * panel.shape[1]) for panel in panels.values()]
    figure = Figure(figsize=(1.6 + sum(widths) + 0.3 * len(widths), 2.2 + 0.3 * len(order)))
    grid = figure.subplots(1, len(panels), sharey=True, squeeze=False, width_ratios=widths)[0]
    low, high = results.test["score"].min(), results.test["score"].max()
    for axes, (method, panel) in zip(grid, panels.items(), strict=True):
        sns.heatmap(
            panel, ax=axes, vmin=low, vmax=high, cmap="viridis", annot=notes[method], fmt="", annot_kws={"size": 8},
            cbar=axes is grid[-1], cbar_kws={"label": _metric(results)}, linewidths=0.5,
        )  # fmt: skip
        axes.set(title=_broken(method), xlabel="", ylabel="")
        axes.tick_params(axis="x", rotation=35)
        axes.tick_params(axis="y", rotation=0)
        for label in axes.get_xticklabels():
            label.set_horizontalalignment("right")
    figure.suptitle("Mean over seeds, by language and setting", fontweight="bold", fontsize=11)
    return figure


FIGURES: dict[str, tuple[str, Callable[[Results], Figure]]] = {
    "distributions": ("Each mark is one run; the longer bar is the mean of the method's runs in that language.", distributions),
    "source-zero-shot": (
        "Each point is one run. Points above one another have the same source score and different zero-shot scores.",
        source_against_zero_shot,
    ),
    "heatmap": (
        "Means over seeds; * over fewer than asked for. A blank cell has no finished trial, or was not asked for.",
        language_by_setting,
    ),
}
"""Figures by file name, with what a reader has to know."""


def draw(results: Results) -> dict[str, tuple[str, Figure]]:
    """All figures of the results with their captions; none where no trial has finished."""
    if results.test.empty:
        return {}
    with sns.axes_style("ticks"), mpl.rc_context(STYLE):
        return {name: (caption, figure(results)) for name, (caption, figure) in FIGURES.items()}


def _of(frame: pd.DataFrame, method: str) -> pd.DataFrame:
    """The rows of one method, by what is left of the index."""
    return frame[frame.index.get_level_values("method") == method].droplevel("method")


def _metric(results: Results) -> str:
    return {"f1": "F1 × 100", "accuracy": "accuracy × 100"}[results.metric]


def _take_legend(axes: mpl.axes.Axes) -> tuple[list[Any], list[str]]:
    """Handles and labels of the axes' legend, which goes: the figure has room for it, the axes do not."""
    if (legend := axes.get_legend()) is not None:
        legend.remove()
    return axes.get_legend_handles_labels()


def _broken(label: str) -> str:
    """A long method label over two lines."""
    return label.replace("(", "\n(", 1) if len(label) > 14 else label
