"""The penalty during training: the weighted squared distance of the model from the pretrained weights."""

import math
from functools import partial

import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from analysis.rendering.section import Picture, Section
from analysis.rendering.style import HEIGHT, STYLED, WIDTH, abreast, broken, colours, setting_names
from analysis.results.frame import FINISHED, RUN, Results
from analysis.results.view import View
from harness.store.store import Store

MAX_HISTORIES = 400
"""Number of trials up to which all histories are read. With more trials, every n-th trial of each method is read."""
ACROSS = 4
"""Largest number of panels in a row."""


def section(view: View) -> Section | None:
    """The section; ``None`` if no trial has a penalty above zero."""
    penalties = read(view.results, view.store) if view.store is not None else pd.DataFrame()
    if not len(penalties) or not (penalties["penalty"] > 0).any():
        return None
    draw = partial(figure, view.results, penalties)
    band = (
        "the band holds all of its runs"
        if styled(view.results)
        else "the band holds 90 % of the runs of all settings (5th to 95th percentile)"
    )
    caption = (
        "The penalty over the steps, λ/2 Σ F (θ − θ*)²: the weighted squared distance from the pretrained weights. The "
        f"line is the median over runs, and {band}. Penalties with different λ or F are on different scales."
    )
    shown = [method for method in view.results.methods if method in set(penalties["method"])]
    ends = penalties[penalties["done"] >= 100].groupby("method")["penalty"].median()
    alt = (
        "Line plots of the penalty, on a logarithmic axis, over the steps, one per method. At the end the median is "
        f"{', '.join(f'{ends[method]:.3g} for {method}' for method in shown if method in ends)}."
    )
    return Section("penalty", "Penalty over the steps", [Picture("penalty", draw, caption, alt)])


def read(results: Results, store: Store) -> pd.DataFrame:
    """Penalties of finished trials, one row per window of steps.

    The columns are trial, ``RUN``, done (% of the steps) and penalty (mean over the window).
    """
    trials = results.trials[results.trials["status"] == FINISHED].set_index("trial")
    every = -(-len(trials) // MAX_HISTORIES)
    if every > 1:
        trials = trials[trials.groupby("method").cumcount() % every == 0]
    rows: list[dict[str, object]] = []
    for trial, history in store.histories(trials.index).items():
        last = max((row["step"] for row in history), default=1)
        keys = {"trial": trial, **trials.loc[trial, RUN]}
        rows += [
            {**keys, "done": 100 * row["step"] / last, "penalty": row["penalty"]} for row in history if "penalty" in row
        ]
    return pd.DataFrame(rows)


def styled(results: Results) -> bool:
    """Whether the settings are few enough for one line each."""
    return len(results.settings_met) <= STYLED


def figure(results: Results, penalties: pd.DataFrame) -> Figure:
    """The penalty during training, one panel per method.

    With few settings, each setting has a line: the median over its runs, in a band that holds all these runs. With many
    settings there is one line over all runs, in a band that holds 90 % of the runs.
    """
    shown = penalties[penalties["penalty"] > 0]
    shown = shown.assign(done=shown["done"].round())
    methods = [method for method in results.methods if method in set(shown["method"])]
    down = math.ceil(len(methods) / ACROSS)
    across = math.ceil(len(methods) / down)
    made = Figure(figsize=(min(WIDTH, 1.0 + 4.5 * across), min(HEIGHT, 1.5 + 2.6 * down)))
    own = dict(zip(results.methods, colours(results), strict=True))
    fields, values = setting_names(results)
    present = [setting for setting in results.settings_met if setting in set(shown["setting"])]
    several = styled(results) and len(present) > 1
    shades = dict(zip(present, sns.color_palette("viridis", len(present)), strict=True)) if several else {}
    grid = made.subplots(down, across, sharex=True, sharey=True, squeeze=False)
    for axes in grid.flat[len(methods) :]:
        axes.set_axis_off()
    for place, (axes, method) in enumerate(zip(grid.flat, methods, strict=False)):
        by_setting = {"hue": "setting", "hue_order": present, "palette": shades, "legend": False}
        sns.lineplot(
            data=shown[shown["method"] == method],
            x="done",
            y="penalty",
            estimator="median",
            err_kws={"linewidth": 0},
            ax=axes,
            errorbar=("pi", 100 if styled(results) else 90),
            **(by_setting if several else {"color": own[method]}),
        )
        lowest, first = place + across >= len(methods), place % across == 0
        axes.set(xlabel="steps done (%)" if lowest else "", ylabel="penalty (nats)" if first else "", xlim=(0, 100))
        axes.tick_params(labelbottom=lowest)
        axes.set_title(broken(method, int(11 * made.get_figwidth() / across)), loc="left", fontsize=9)
    # The scale is set for all panels after drawing: on a logarithmic axis seaborn would take medians of logarithms.
    grid.flat[0].set_yscale("log")
    if several:
        _legend(made, fields, [values[setting] for setting in present], [shades[setting] for setting in present])
    return made


def _legend(figure: Figure, title: str, labels: list[str], shades: list[tuple[float, float, float]]) -> None:
    """A legend with one line per setting."""
    lines = [Line2D([], [], color=shade, linewidth=2) for shade in shades]
    columns = abreast(labels, figure.get_figwidth() - 0.4)
    look = {"frameon": False, "alignment": "left"}
    figure.legend(lines, labels, title=title, loc="outside lower left", ncols=columns, **look)
