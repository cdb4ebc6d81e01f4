"""Power curves of a plan that lies beside the report (``plan.json``, written by ``steadytune plan``)."""

import json
from functools import partial
from typing import Any

from matplotlib.figure import Figure

from analysis.rendering.page import default_folder
from analysis.rendering.section import Picture
from analysis.rendering.style import WIDTH
from analysis.results.view import View

VERSION = 1
"""Version of ``plan.json`` that can be read."""
LINES = 5
"""Largest number of lines of a panel."""


def picture(view: View) -> Picture | None:
    """The curves; ``None`` without a plan of the study and of this version in the report's default folder."""
    plan = _read(view)
    if plan is None:
        return None
    wanted = plan["targets"]["power"]
    caption = (
        f"Power of {plan['method']} against {plan['baseline']} over the number of seeds, for up to {LINES} numbers "
        f"of settings, simulated by ‘steadytune plan’. The dotted line is the wanted power, {wanted:g}."
    )
    alt = f"Power over the number of seeds, one panel for each claim, up to {LINES} lines for numbers of settings."
    return Picture("power-curves", partial(figure, plan), caption, alt)


def _read(view: View) -> dict[str, Any] | None:
    if view.store is None or not view.store.is_local:
        return None
    name = view.results.about.name
    try:
        plan = json.loads((default_folder(view.store, name) / "plan.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    same = isinstance(plan, dict) and plan.get("version") == VERSION and plan.get("study") == name
    return plan if same else None


def figure(plan: dict[str, Any]) -> Figure:
    """One panel for each goal that has power above 0 in some design."""
    goals = [place for place in range(len(plan["goals"])) if any(cell["power"][place] > 0 for cell in plan["grid"])]
    columns = min(3, max(1, len(goals)))
    rows = -(-max(1, len(goals)) // columns)
    made = Figure(figsize=(WIDTH, 2.3 * rows))
    axes = made.subplots(rows, columns, sharey=True, squeeze=False)
    sizes = sorted({cell["settings"] for cell in plan["grid"]})
    shown = sizes[:: max(1, -(-len(sizes) // LINES))]
    for place, ax in zip(goals, axes.flat, strict=False):
        goal = plan["goals"][place]
        for settings in shown:
            cells = [cell for cell in plan["grid"] if cell["settings"] == settings and not cell["reasons"][place]]
            ax.plot(
                [cell["seeds"] for cell in cells],
                [cell["power"][place] for cell in cells],
                marker="o",
                markersize=3,
                label=f"{settings} settings",
            )
        ax.axhline(plan["targets"]["power"], color="0.4", linestyle=":")
        ax.set_title(f"{goal['quantity']}, {goal['effect']}\n{goal['scope']}")
        ax.set_ylim(0, 1.02)
    for ax in axes.flat[len(goals) :]:
        ax.set_visible(False)
    for ax in axes[:, 0]:
        ax.set_ylabel("power")
    made.supxlabel("seeds")
    if goals:
        handles, labels = max((ax.get_legend_handles_labels() for ax in axes.flat), key=lambda found: len(found[1]))
        made.legend(handles, labels, loc="outside right upper")
    return made
