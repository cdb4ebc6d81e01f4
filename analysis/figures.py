"""The report's figures, each from tidy frames to a matplotlib figure. They fit a page, and the report shows their letters at full size."""

import math
import textwrap
from collections.abc import Callable, Iterable
from typing import Any

import matplotlib as mpl
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from analysis.frame import Results

mpl.use("Agg")

STYLE: dict[Any, Any] = {
    "font.size": 10,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "figure.titlesize": 11,
    "figure.titleweight": "bold",
    "grid.color": "#e6e6e6",
    "legend.fontsize": 9,
    "legend.title_fontsize": 9,
    "svg.hashsalt": "steadytune",  # the same figure gives the same file
    "figure.constrained_layout.use": True,
}
PALETTE, MANY = "colorblind", "husl"
"""Colours of up to ten methods, after which the first would begin again, and of more."""
WIDTH, HEIGHT = 10.2, 9.0
"""Inches at most: the width at which the report shows a figure, and a page."""
NEAR_THE_BEST = 10
"""Points of the source score that the enlarged panel shows."""


def distributions(results: Results) -> Figure:
    """Every run's score in every language, one colour a method; the bar marks the mean. Many languages go on in a next column."""
    scores = results.test
    found = set(scores["language"])
    languages = [language for language in (results.study.source, *results.study.targets) if language in found]
    columns = math.ceil(len(languages) / 18)
    rows = math.ceil(len(languages) / columns)
    figure = Figure(figsize=(8.5 if columns == 1 else WIDTH, 1.2 + 0.42 * rows))
    figure.suptitle("Test scores of every run")
    share = 22 / len(results.methods)  # points down that a method has of a language's row
    for axes, start in zip(figure.subplots(1, columns, sharex=True, squeeze=False)[0], range(0, len(languages), rows), strict=True):
        shown = languages[start : start + rows]
        common = {"data": scores[scores["language"].isin(shown)], "y": "language", "x": "score", "order": shown, "ax": axes}
        common |= {"hue": "method", "hue_order": results.methods}
        sns.stripplot(
            **common, dodge=True, jitter=False, alpha=0.65, size=min(5, share), linewidth=0.3, edgecolor="white", palette=_colours(results)
        )
        sns.pointplot(
            **common, dodge=0.8 - 0.8 / len(results.methods), linestyle="none", errorbar=None, marker="|", markersize=min(10, share),
            markeredgewidth=1.5, zorder=4, palette=["0.1"] * len(results.methods), legend=False,
        )  # fmt: skip
        axes.set(xlabel=metric_name(results), ylabel="", ylim=(rows - 0.5, -0.5))
        for edge in range(1, len(shown)):
            axes.axhline(edge - 0.5, color="#e6e6e6", linewidth=0.8)
        axes.grid(axis="y", visible=False)
        handles, labels = _take_legend(axes)
    figure.legend(handles, labels, loc="outside lower center", ncols=_abreast(labels, 8.0), frameon=False)
    return figure


def source_against_zero_shot(results: Results) -> Figure:
    """One point a run: equal source scores need not mean equal zero-shot scores. The right panel enlarges the runs near the best."""
    names = {method: _with_languages(results, method) for method in results.methods}
    runs = results.runs.dropna(subset=["source", "zero_shot"]).assign(method=lambda frame: frame["method"].map(names))
    near = runs[runs["source"] >= runs["source"].max() - NEAR_THE_BEST]
    panels = {"All runs": runs} | ({f"Within {NEAR_THE_BEST} points of the best source score": near} if len(near) < len(runs) else {})
    figure = Figure(figsize=(WIDTH if len(panels) > 1 else 7, 5.4))
    for axes, (title, shown) in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels.items(), strict=True):
        sns.scatterplot(
            data=shown, x="source", y="zero_shot", hue="method", hue_order=list(names.values()), style="setting",
            style_order=results.settings, s=60, alpha=0.8, palette=_colours(results), ax=axes,
        )  # fmt: skip
        metric = metric_name(results)
        axes.set(title=title, xlabel=f"{results.study.source} test, {metric}", ylabel=f"mean of targets, {metric}")
        handles, _ = _take_legend(axes)
    of_methods, of_settings = handles[1 : len(names) + 1], handles[len(names) + 2 :]  # each after its heading
    fields, values = _fields(results)
    common = {"frameon": False, "alignment": "left"}
    room = figure.get_figwidth() / 2 - 0.3
    figure.legend(of_methods, names.values(), title="method", loc="outside lower left", ncols=_abreast(names.values(), room), **common)
    figure.legend(of_settings, values.values(), title=fields, loc="outside lower right", ncols=_abreast(values.values(), room), **common)
    return figure


def _with_languages(results: Results, method: str) -> str:
    """A method's label, with the number of languages that its zero-shot scores are over where those are not all."""
    scored, asked = len(results.languages(method)), len(results.study.targets)
    return method if scored == asked else f"{method}\n{scored} of {asked} languages"


def language_by_setting(results: Results) -> Figure:
    """Mean over seeds of every language's score at every setting, one panel a method. Where cells are narrow, in whole numbers."""
    order = [results.study.source, *results.study.targets]
    scores = results.test.groupby(["method", "language", "setting"], sort=False)["score"]
    means, counts = scores.mean().unstack("setting"), scores.count().unstack("setting")
    trials = results.trials.assign(language=results.trials["targets"].map(lambda targets: (results.study.source, *targets)))
    asked = trials.explode("language").groupby(["method", "language", "setting"], sort=False)["trial"].count().unstack("setting")
    panels: dict[str, pd.DataFrame] = {}
    lacking: dict[str, pd.DataFrame] = {}
    for method in results.methods:
        if method in means.index.get_level_values("method"):
            table = _of(means, method).dropna(axis="columns", how="all")
            panels[method] = table.reindex(index=order, columns=[setting for setting in results.settings if setting in table.columns])
            found, wanted = (_of(sizes, method).reindex_like(panels[method]) for sizes in (counts, asked))
            lacking[method] = found < wanted
    fields, values = _fields(results)
    most = max(panel.shape[1] for panel in panels.values())
    label = 0.1 + 0.06 * max(map(len, values.values()))  # inches that a setting's name takes
    least, nice = (0.8 + label + line * len(order) for line in (0.15, 0.28))  # inches down that a panel takes
    down, across, cell = _grid(len(panels), most, least)
    panel_width = max(1.2, cell * most)
    decimals = 1 if cell >= 0.36 else 0
    figure = Figure(figsize=(0.5 + across * (panel_width + 0.12), max(down * least, min(HEIGHT, 0.4 + down * nice))))
    figure.suptitle(f"Mean {metric_name(results)} over seeds, by language and setting")
    figure.supxlabel(fields, fontsize=9)
    low, high = results.test["score"].min(), results.test["score"].max()
    grid = figure.subplots(down, across, squeeze=False)
    for axes in grid.flat[len(panels) :]:
        axes.remove()
    for place, (axes, (method, panel)) in enumerate(zip(grid.flat, panels.items(), strict=False)):
        text = panel.map(lambda value: "" if pd.isna(value) else f"{value:.{decimals}f}")
        sns.heatmap(
            panel.rename(columns=values), ax=axes, vmin=low, vmax=high, cmap="viridis", cbar=False, linewidths=0.5, fmt="",
            annot=text.mask(lacking[method], text + "*"), annot_kws={"size": 8}, xticklabels=True, yticklabels=place % across == 0,
        )  # fmt: skip
        axes.set(xlabel="", ylabel="", xlim=(0, most))
        axes.set_title(_broken(method, int(13 * panel_width)), fontsize=9, loc="left")
        axes.grid(visible=False)
        axes.axhline(1, color="white", linewidth=2)  # the source apart from the targets
        axes.tick_params(axis="x", rotation=0 if label < cell else 90, labelsize=8, length=0)
        axes.tick_params(axis="y", rotation=0, labelsize=9, length=0)
    return figure


def penalty(results: Results) -> Figure:
    """The penalty as training goes on, one line a method and setting: the median over its runs, in the band that all of them are in."""
    shown = results.penalties[results.penalties["penalty"] > 0]
    methods = [method for method in results.methods if method in set(shown["method"])]
    figure = Figure(figsize=(WIDTH, 4.6))
    axes = figure.subplots()
    colours = dict(zip(results.methods, _colours(results), strict=True))
    fields, values = _fields(results)
    present = [setting for setting in results.settings if setting in set(shown["setting"])]
    sns.lineplot(
        data=shown.assign(done=shown["done"].round()), x="done", y="penalty", hue="method", hue_order=methods, style="setting",
        style_order=present, palette={method: colours[method] for method in methods}, estimator="median",
        errorbar=("pi", 100), ax=axes,
    )  # fmt: skip
    axes.set(xlabel="steps done (%)", ylabel="penalty (nats)", yscale="log", xlim=(0, 100))
    handles, _ = _take_legend(axes)
    common = {"frameon": False, "alignment": "left"}
    room = WIDTH / 2 - 0.3
    labels = [values[setting] for setting in present]
    figure.legend(handles[1 : len(methods) + 1], methods, title="method", loc="outside lower left", ncols=_abreast(methods, room), **common)
    figure.legend(handles[len(methods) + 2 :], labels, title=fields, loc="outside lower right", ncols=_abreast(labels, room), **common)
    return figure


def _grid(panels: int, cells: int, height: float) -> tuple[int, int, float]:
    """Heat maps down and across, and the width of their cells in inches: with room for a decimal where the heat maps then fit a page.

    ``cells`` is what a heat map has across, ``height`` its own in inches.
    """
    for cell in (0.36, 0.18):
        down = math.ceil(panels / max(1, int((WIDTH - 0.5) / (max(1.2, cell * cells) + 0.12))))
        if down * height <= HEIGHT:
            break
    across = math.ceil(panels / down)
    return down, across, min(0.75, ((WIDTH - 0.5) / across - 0.12) / cells)


FIGURES: dict[str, tuple[str, Callable[[Results], Figure]]] = {
    "distributions": ("Each mark is one run; the dark bar is the mean of the method's runs in that language.", distributions),
    "source-zero-shot": (
        "Each point is one run. Points above one another have the same source score and different zero-shot scores.",
        source_against_zero_shot,
    ),
    "heatmap": (
        "Means over seeds, the brighter the higher; * over fewer than asked for. A blank cell has no finished trial, or was not asked for.",
        language_by_setting,
    ),
    "penalty": (
        "How far from the pretrained weights each method lets the model go: the penalty over the steps, median and range over runs. "
        "Methods with different λ or weights are on different scales.",
        penalty,
    ),
}
"""Figures by file name, with what a reader has to know."""


def draw(results: Results) -> dict[str, tuple[str, Figure]]:
    """All figures of the results with their captions; none where no trial has finished, none of runs or penalties where there are none."""
    there = {
        "source-zero-shot": results.runs["complete"].any(),
        "penalty": len(results.penalties) and (results.penalties["penalty"] > 0).any(),
    }
    names = [name for name in FIGURES if there.get(name, True)] if len(results.test) else []
    with sns.axes_style("ticks"), mpl.rc_context(STYLE):
        return {name: (FIGURES[name][0], FIGURES[name][1](results)) for name in names}


def _of(frame: pd.DataFrame, method: str) -> pd.DataFrame:
    """The rows of one method, by what is left of the index."""
    return frame[frame.index.get_level_values("method") == method].droplevel("method")


def _colours(results: Results) -> list[tuple[float, float, float]]:
    """A colour a method, the same in every figure."""
    palette = sns.color_palette(PALETTE)
    count = len(results.methods)
    return list(palette[:count] if count <= len(palette) else sns.color_palette(MANY, count))


def metric_name(results: Results) -> str:
    """The metric as an axis and a note have it."""
    return {"f1": "F1 × 100"}.get(results.metric, f"{results.metric} × 100")


def _fields(results: Results) -> tuple[str, dict[str, str]]:
    """The names of what the settings differ in, once for all of them, and each setting's values: short labels."""
    parts = {setting: [part.partition("=") for part in setting.split(" ")] for setting in results.settings}
    names = ", ".join(name.replace("_", " ") for name, _, _ in parts[results.settings[0]])
    return names, {setting: ", ".join(value for _, _, value in values) for setting, values in parts.items()}


def _take_legend(axes: mpl.axes.Axes) -> tuple[list[Any], list[str]]:
    """Handles and labels of the axes' legend, which goes: the figure has room for it, the axes do not."""
    if (legend := axes.get_legend()) is not None:
        legend.remove()
    return axes.get_legend_handles_labels()


def _abreast(labels: Iterable[str], room: float) -> int:
    """Columns of a legend with these labels in a width in inches."""
    longest = max(len(line) for label in labels for line in label.splitlines())
    return max(1, int(room / (0.5 + 0.075 * longest)))


def _broken(label: str, characters: int) -> str:
    """A method's label over several lines, its options from the second on, where it is longer than a line."""
    parts = label.split(" + ")
    whole = [parts[0], *(f"+ {part}" for part in parts[1:])] if len(label) > characters else [label]
    lines = [line for part in whole for line in ([part] if len(part) <= characters else part.replace("(", "\n(", 1).splitlines())]
    return "\n".join(textwrap.fill(line, characters, break_long_words=False) for line in lines)
