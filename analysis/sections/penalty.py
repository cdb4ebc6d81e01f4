"""The penalty as training goes on: how far from the pretrained weights each method lets the model go."""

import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from analysis.frame import FINISHED, RUN, Results
from analysis.section import Picture, Section
from analysis.style import WIDTH, abreast, colours, drawing, setting_names, take_legend
from analysis.view import View
from harness.store import Store

MOST = 400
"""Trials whose histories are read; of more, every so many of each method."""


def section(view: View) -> Section | None:
    """Where trials have a penalty above zero."""
    penalties = read(view.results, view.store) if view.store is not None else pd.DataFrame()
    if not len(penalties) or not (penalties["penalty"] > 0).any():
        return None
    with drawing():
        drawn = figure(view.results, penalties)
    caption = (
        "How far from the pretrained weights each method lets the model go: the penalty over the steps, median and range over runs. "
        "Methods with different λ or weights are on different scales."
    )
    alt = "Line plot of the penalty over the steps on a logarithmic axis, a colour a method."
    return Section("penalty", "Penalty over the steps", [Picture("penalty", drawn, caption, alt)])


def read(results: Results, store: Store) -> pd.DataFrame:
    """One row a window of steps of a finished trial that has a penalty: trial, method, setting, seed, done (% of the steps) and penalty
    (mean over the window)."""
    trials = results.trials[results.trials["status"] == FINISHED].set_index("trial")
    every = -(-len(trials) // MOST)
    if every > 1:
        trials = trials[trials.groupby("method").cumcount() % every == 0]
    rows: list[dict[str, object]] = []
    for trial, history in store.histories(trials.index).items():
        last = max((row["step"] for row in history), default=1)
        keys = {"trial": trial, **trials.loc[trial, RUN]}
        rows += [{**keys, "done": 100 * row["step"] / last, "penalty": row["penalty"]} for row in history if "penalty" in row]
    return pd.DataFrame(rows)


def figure(results: Results, penalties: pd.DataFrame) -> Figure:
    """The penalty as training goes on, one line a method and setting: the median over its runs, in the band that all of them are in."""
    shown = penalties[penalties["penalty"] > 0]
    methods = [method for method in results.methods if method in set(shown["method"])]
    made = Figure(figsize=(WIDTH, 4.6))
    axes = made.subplots()
    palette = dict(zip(results.methods, colours(results), strict=True))
    fields, values = setting_names(results)
    present = [setting for setting in results.settings_met if setting in set(shown["setting"])]
    sns.lineplot(
        data=shown.assign(done=shown["done"].round()), x="done", y="penalty", hue="method", hue_order=methods, style="setting",
        style_order=present, palette={method: palette[method] for method in methods}, estimator="median",
        errorbar=("pi", 100), ax=axes,
    )  # fmt: skip
    axes.set(xlabel="steps done (%)", ylabel="penalty (nats)", yscale="log", xlim=(0, 100))
    handles, _ = take_legend(axes)
    common = {"frameon": False, "alignment": "left"}
    room = WIDTH / 2 - 0.3
    labels = [values[setting] for setting in present]
    made.legend(handles[1 : len(methods) + 1], methods, title="method", loc="outside lower left", ncols=abreast(methods, room), **common)
    made.legend(handles[len(methods) + 2 :], labels, title=fields, loc="outside lower right", ncols=abreast(labels, room), **common)
    return made
