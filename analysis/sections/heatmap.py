"""Mean score of every language at every setting."""

import math

import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from analysis.frame import Results
from analysis.section import Picture, Section
from analysis.style import HEIGHT, WIDTH, broken, drawing, metric_name, setting_names
from analysis.view import View


def section(view: View) -> Section | None:
    """The heat maps, where any trial has finished."""
    if not len(view.results.test):
        return None
    with drawing():
        drawn = figure(view.results)
    caption = (
        "Means over seeds, the brighter the higher; * over fewer than asked for. A blank cell has no finished trial, or was not asked for."
    )
    alt = f"Heat maps of the mean {metric_name(view.results)} by language and setting, one a method."
    return Section("heatmap", "Languages by setting", [Picture("heatmap", drawn, caption, alt)])


def figure(results: Results) -> Figure:
    """Mean over seeds of every language's score at every setting, one panel a method. Where cells are narrow, in whole numbers."""
    order = [results.source, *results.about.targets]
    scores = results.test.groupby(["method", "language", "setting"], sort=False)["score"]
    means, counts = scores.mean().unstack("setting"), scores.count().unstack("setting")
    trials = results.trials.assign(language=results.trials["targets"].map(lambda targets: (results.source, *targets)))
    asked = trials.explode("language").groupby(["method", "language", "setting"], sort=False)["trial"].count().unstack("setting")
    panels: dict[str, pd.DataFrame] = {}
    lacking: dict[str, pd.DataFrame] = {}
    for method in results.methods:
        if method in means.index.get_level_values("method"):
            table = _of(means, method).dropna(axis="columns", how="all")
            panels[method] = table.reindex(index=order, columns=[setting for setting in results.settings_met if setting in table.columns])
            found, wanted = (_of(sizes, method).reindex_like(panels[method]) for sizes in (counts, asked))
            lacking[method] = found < wanted
    fields, values = setting_names(results)
    most = max(panel.shape[1] for panel in panels.values())
    label = 0.1 + 0.06 * max(map(len, values.values()))  # inches that a setting's name takes
    least, nice = (0.8 + label + line * len(order) for line in (0.15, 0.28))  # inches down that a panel takes
    down, across, cell = _grid(len(panels), most, least)
    panel_width = max(1.2, cell * most)
    decimals = 1 if cell >= 0.36 else 0
    made = Figure(figsize=(0.5 + across * (panel_width + 0.12), max(down * least, min(HEIGHT, 0.4 + down * nice))))
    made.suptitle(f"Mean {metric_name(results)} over seeds, by language and setting")
    made.supxlabel(fields, fontsize=9)
    low, high = results.test["score"].min(), results.test["score"].max()
    grid = made.subplots(down, across, squeeze=False)
    for axes in grid.flat[len(panels) :]:
        axes.remove()
    for place, (axes, (method, panel)) in enumerate(zip(grid.flat, panels.items(), strict=False)):
        text = panel.map(lambda value: "" if pd.isna(value) else f"{value:.{decimals}f}")
        sns.heatmap(
            panel.rename(columns=values), ax=axes, vmin=low, vmax=high, cmap="viridis", cbar=False, linewidths=0.5, fmt="",
            annot=text.mask(lacking[method], text + "*"), annot_kws={"size": 8}, xticklabels=True, yticklabels=place % across == 0,
        )  # fmt: skip
        axes.set(xlabel="", ylabel="", xlim=(0, most))
        axes.set_title(broken(method, int(13 * panel_width)), fontsize=9, loc="left")
        axes.grid(visible=False)
        axes.axhline(1, color="white", linewidth=2)  # the source apart from the targets
        axes.tick_params(axis="x", rotation=0 if label < cell else 90, labelsize=8, length=0)
        axes.tick_params(axis="y", rotation=0, labelsize=9, length=0)
    return made


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


def _of(frame: pd.DataFrame, method: str) -> pd.DataFrame:
    """The rows of one method, by what is left of the index."""
    return frame[frame.index.get_level_values("method") == method].droplevel("method")
