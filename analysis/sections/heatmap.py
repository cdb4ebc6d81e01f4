"""Mean score of every language at every setting."""

import math
from collections.abc import Mapping
from functools import partial

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from analysis.rendering.section import Picture, Section
from analysis.rendering.style import HEIGHT, WIDTH, broken, few_ticks, metric_name, setting_names
from analysis.results.frame import Results, rows_of
from analysis.results.view import View

CELLS = (0.36, 0.18)
"""Width in inches of a cell for a number with a decimal, and for a whole number."""
LINE = 0.15
"""Height in inches of a language's row with its name."""
COLOURS = "viridis"


def section(view: View) -> Section | None:
    """The section; ``None`` if no trial has finished."""
    if not len(view.results.test):
        return None
    panels, lacking = means(view.results)
    draw = partial(figure, view.results, panels, lacking)
    caption = "Means over seeds. "
    if numbered(view.results, panels):
        caption += (
            "A star marks a mean over fewer seeds than planned. A blank cell has no finished trial, or was not planned."
        )
    else:
        caption += (
            "The colour bar maps colours to scores. Each column is a setting; some are named. A blank cell has no "
            "finished trial, or was not planned."
        )
    values = pd.concat(panels.values()).stack()
    languages, settings = len(next(iter(panels.values()))), max(panel.shape[1] for panel in panels.values())
    form = view.results.measure.brief
    alt = (
        f"Heat maps of the mean {view.results.measure.scaled} in {languages} languages (rows) at {settings} settings "
        f"(columns), one for each of {', '.join(panels)}. Means go from {values.min():{form}} to {values.max():{form}}."
    )
    return Section("heatmap", "Languages by setting", [Picture("heatmap", draw, caption, alt)])


def means(results: Results) -> tuple[dict[str, pd.DataFrame], dict[str, pd.DataFrame]]:
    """Mean scores over seeds, and the cells that lack trials, each by method.

    Returns:
        Two mappings from a method to a table of languages (rows) × the settings with scores (columns). The first holds
        the means. The second is true for cells with fewer finished trials than were asked for.
    """
    order = [results.source, *results.about.targets]
    scores = results.test.groupby(["method", "language", "setting"], sort=False)["score"]
    found, counts = scores.mean().unstack("setting"), scores.count().unstack("setting")
    trials = results.trials.assign(language=results.trials["targets"].map(lambda targets: (results.source, *targets)))
    asked = (
        trials.explode("language")
        .groupby(["method", "language", "setting"], sort=False)["trial"]
        .count()
        .unstack("setting")
    )
    panels: dict[str, pd.DataFrame] = {}
    lacking: dict[str, pd.DataFrame] = {}
    for method in results.methods:
        if method in found.index.get_level_values("method"):
            table = rows_of(found, method).dropna(axis="columns", how="all")
            panels[method] = table.reindex(
                index=order, columns=[setting for setting in results.settings_met if setting in table.columns]
            )
            here, wanted = (rows_of(sizes, method).reindex_like(panels[method]) for sizes in (counts, asked))
            lacking[method] = here < wanted
    return panels, lacking


def figure(results: Results, panels: Mapping[str, pd.DataFrame], lacking: Mapping[str, pd.DataFrame]) -> Figure:
    """One panel per method.

    Wide cells hold numbers with a decimal, narrow cells whole numbers, and the smallest cells only a colour.
    """
    draw = _numbered if numbered(results, panels) else _coloured
    made = draw(results, panels, lacking)
    made.suptitle(f"Mean {results.measure.scaled} over seeds, by language and setting")
    made.supxlabel(setting_names(results)[0], fontsize=9)
    return made


def numbered(results: Results, panels: Mapping[str, pd.DataFrame]) -> bool:
    """Whether cells have room for a number on one page."""
    most = max(panel.shape[1] for panel in panels.values())
    down, _, cell = _grid(len(panels), most, _height(results, LINE))
    return cell >= CELLS[-1 if results.measure.points else 0] and down * _height(results, LINE) <= HEIGHT


def _numbered(results: Results, panels: Mapping[str, pd.DataFrame], lacking: Mapping[str, pd.DataFrame]) -> Figure:
    _, values = setting_names(results)
    most = max(panel.shape[1] for panel in panels.values())
    least, nice = _height(results, LINE), _height(results, 0.28)
    down, across, cell = _grid(len(panels), most, least)
    panel_width = max(1.2, cell * most)
    form = (".1f" if cell >= CELLS[0] else ".0f") if results.measure.points else ".3g"
    made = Figure(figsize=(0.5 + across * (panel_width + 0.12), max(down * least, min(HEIGHT, 0.4 + down * nice))))
    low, high = results.test["score"].min(), results.test["score"].max()
    grid = made.subplots(down, across, squeeze=False)
    for axes in grid.flat[len(panels) :]:
        axes.remove()
    for place, (axes, (method, panel)) in enumerate(zip(grid.flat, panels.items(), strict=False)):
        text = panel.map(lambda value: "" if pd.isna(value) else f"{value:{form}}")
        sns.heatmap(
            panel.rename(columns=values),
            ax=axes,
            vmin=low,
            vmax=high,
            cmap=COLOURS,
            cbar=False,
            linewidths=0.5,
            fmt="",
            annot=text.mask(lacking[method], text + "*"),
            annot_kws={"size": 8},
            xticklabels=True,
            yticklabels=place % across == 0,
        )
        for number in axes.texts:
            number.set_in_layout(False)  # the number lies within its cell; a layout of thousands takes seconds
        axes.set(xlabel="", ylabel="", xlim=(0, most))
        axes.set_title(broken(method, int(13 * panel_width)), fontsize=9, loc="left")
        axes.grid(visible=False)
        axes.axhline(1, color="white", linewidth=2)  # separates the source from the targets
        axes.tick_params(axis="x", rotation=0 if _label(results) < cell else 90, labelsize=8, length=0)
        axes.tick_params(axis="y", rotation=0, labelsize=9, length=0)
    return made


def _coloured(results: Results, panels: Mapping[str, pd.DataFrame], lacking: Mapping[str, pd.DataFrame]) -> Figure:
    """One column per setting in every panel, and a colour bar.

    Settings and languages have names as far as the room allows.
    """
    del lacking  # no cell has room for a star
    _, values = setting_names(results)
    settings = [setting for setting in results.settings_met if any(setting in panel for panel in panels.values())]
    room = WIDTH - 1.4
    down = math.ceil(len(panels) / max(1, int(room / 1.4)))
    across = math.ceil(len(panels) / down)
    width, height = room / across, (HEIGHT - 1.0 - _label(results)) / down - 0.35
    languages = [results.source, *results.about.targets]
    every = -(-len(languages) // max(1, int(height / LINE)))
    made = Figure(figsize=(WIDTH, min(HEIGHT, 1.0 + _label(results) + down * (0.35 + 0.28 * len(languages)))))
    grid = made.subplots(down, across, squeeze=False, sharex=True, sharey=True)
    low, high = results.test["score"].min(), results.test["score"].max()
    for axes in grid.flat[len(panels) :]:
        axes.set_axis_off()
    for axes, (method, panel) in zip(grid.flat, panels.items(), strict=False):
        cells = panel.reindex(columns=settings).to_numpy(np.float64)
        mesh = axes.pcolormesh(np.ma.masked_invalid(cells), vmin=low, vmax=high, cmap=COLOURS, rasterized=True)
        axes.set_title(broken(method, int(13 * width)), fontsize=9, loc="left")
        axes.grid(visible=False)
        axes.axhline(1, color="white", linewidth=2)
        axes.tick_params(labelsize=8, length=2)
        axes.tick_params(axis="x", rotation=90)
        few_ticks(axes, [values[setting] for setting in settings], width)
        axes.set_yticks(np.arange(0, len(languages), every) + 0.5, languages[::every])
        axes.set_ylim(len(languages), 0)
    made.colorbar(mesh, ax=grid, label=metric_name(results), aspect=50, pad=0.01, fraction=0.05)
    return made


def _label(results: Results) -> float:
    """Length in inches of the longest setting's name."""
    return 0.1 + 0.06 * max(map(len, setting_names(results)[1].values()))


def _height(results: Results, line: float) -> float:
    """Height in inches of a panel with ``line`` inches per language."""
    return 0.8 + _label(results) + line * (1 + len(results.about.targets))


def _grid(panels: int, cells: int, height: float) -> tuple[int, int, float]:
    """The number of heat maps below one another, the number beside one another, and the width of a cell in inches.

    The cells have room for a decimal if the heat maps then fit a page. ``cells`` is the number of cells in a row of a
    heat map, ``height`` the map's height in inches.
    """
    for cell in CELLS:
        down = math.ceil(panels / max(1, int((WIDTH - 0.5) / (max(1.2, cell * cells) + 0.12))))
        if down * height <= HEIGHT:
            break
    across = math.ceil(panels / down)
    return down, across, min(0.75, ((WIDTH - 0.5) / across - 0.12) / cells)
