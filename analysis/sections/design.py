"""The methods, with their settings and seeds."""

from typing import Any

import pandas as pd

from analysis.rendering.cells import MISSING_CELL, Cell
from analysis.rendering.section import Section
from analysis.rendering.table import Table
from analysis.results.view import View
from harness.setting import ABSENT, value_label

SCORED = {"last": "the last weights", "best": "the weights with the best score on the source's dev set"}
"""Checkpoints in words."""


def section(view: View) -> Section:
    """The settings and methods, in every report."""
    results = view.results
    parts: list[str | Table] = [settings(view), methods(view)]
    if (times := results.most_replicates) > 1:
        parts.append(
            f"Up to {times} runs of a method have the same setting and seed. All but the first are reruns. Reruns "
            "measure the noise in the variance components and have no other use."
        )
    if (looks := results.about.looks) is not None:
        parts.append(
            f"Looks planned: {looks}, equally spaced over the runs. All looks together find a false difference in 5 % "
            "of studies without a difference (O'Brien and Fleming's boundaries; Lan and DeMets's spending)."
        )
    if view.comparisons:
        bounds = view.equivalence
        origin = ". This report, not the study, names these bounds" if bounds != results.about.equivalence else ""
        start = f"Two methods count as the same within a ratio of {bounds.ratio[0]:.2f} to {bounds.ratio[1]:.2f} of"
        if view.same_mean is not None:
            within = results.measure.within(bounds.points)
            parts.append(f"{start} their standard deviations and within {within} of their mean scores{origin}.")
        else:
            parts.append(
                f"{start} their standard deviations{origin}. Mean scores are not tested for equivalence: no bound in "
                "the metric's own unit is named ('points' of the study's field 'equivalence', or "
                "--equivalent-points)."
            )
    if {"precision", "checkpoint"} <= set(results.trials.columns):
        precisions = ", ".join(results.trials["precision"].dropna().unique())
        scored = " and ".join(SCORED.get(name, name) for name in results.trials["checkpoint"].dropna().unique())
        parts.append(f"Precision {precisions}. Scores come from {scored}; nothing is selected on a target language.")
    return Section("design", "Methods and settings", parts)


def settings(view: View) -> Table:
    """The hyperparameters of every setting."""
    met = view.results.settings.loc[view.results.settings_met]
    rows: list[list[str | Cell]] = [
        [str(label), *(_cell(str(name), value) for name, value in zip(met, row, strict=True))]
        for label, row in zip(met.index, met.astype(object).itertuples(index=False), strict=True)
    ]
    return Table("settings", "Settings", ["setting", *(str(name).replace("_", " ") for name in met)], rows)


def _cell(name: str, value: Any) -> str:
    return MISSING_CELL if pd.isna(value) and name not in ABSENT else value_label(name, value)


def methods(view: View) -> Table:
    """The settings and seeds of every method."""
    results = view.results
    rows: list[list[str | Cell]] = []
    for method in results.methods:
        trials = results.trials[results.trials["method"] == method]
        here = set(trials["setting"])
        at = "; ".join(label for label in results.settings_met if label in here)
        every = f"all {len(here)}" if len(here) == len(results.settings_met) > 1 else at
        rows.append([method, every, ", ".join(str(seed) for seed in sorted(trials["seed"].unique()))])
    return Table("methods", "Methods", ["method", "at settings", "with seeds"], rows)
