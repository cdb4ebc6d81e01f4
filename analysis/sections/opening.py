"""The first screen: a verdict on each method, a picture of the runs, and three numbers per method."""

import math
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup
from matplotlib.colors import to_hex

from analysis.claims.answer import answer
from analysis.rendering.cells import MISSING_CELL
from analysis.rendering.dots import Dot, Dots
from analysis.rendering.scale import Places
from analysis.rendering.style import colours, metric_name
from analysis.rendering.table import Table
from analysis.results.frame import RUN
from analysis.results.view import View
from analysis.results.wording import counted
from analysis.sections import numbers
from analysis.sections.answer import MAX_METHODS_TOLD, warnings
from analysis.sections.verdict import Told, told
from harness.common import sources

MAX_IDS = 3
"""Largest number of a run's trials that are named."""


@dataclass(frozen=True)
class Opening:
    """Contents of the first screen."""

    warnings: tuple[str, ...]
    """Warnings before any verdict."""
    verdicts: tuple[Told, ...]
    others: str
    """A sentence on the methods without a verdict; empty if all have one."""
    picture: Markup
    """Picture of all runs."""
    surviving: Markup
    """Picture of the runs that did not collapse; empty if none collapsed, or all did."""
    caption: str
    numbers: Table | None
    """The table of numbers; ``None`` if nothing is compared."""


def opening(view: View) -> Opening | None:
    """The first screen of some results; ``None`` if no run is complete."""
    if not view.results.runs["complete"].any():
        return None
    found = answer(view)
    verdicts = [told(found, method, view.results.varied) for method in found.contrasts]
    shown = {claim.method for claim in found.claims if claim.shown}
    many = len(verdicts) > MAX_METHODS_TOLD
    kept = [verdict for verdict in verdicts if not many or verdict.method in shown]
    kept.sort(key=lambda verdict: not verdict.shown)  # findings first
    rest = len(verdicts) - len(kept)
    others = f"No difference is shown for the other {'method' if rest == 1 else f'{rest} methods'}." if rest else ""
    flags = view.results.runs.loc[view.results.runs["complete"], "collapsed"]
    apart = bool(flags.any() and not flags.all())
    return Opening(
        tuple(warnings(found)),
        tuple(kept),
        others,
        picture(view).svg(),
        picture(view, surviving=True).svg() if apart else Markup(""),
        _caption(view),
        numbers.table(view, found) if found.claims else None,
    )


def picture(view: View, *, surviving: bool = False) -> Dots:
    """The complete runs as dots; ``surviving`` leaves out collapsed runs."""
    results = view.results
    runs = results.runs[results.runs["complete"]]
    runs = runs[~runs["collapsed"]] if surviving else runs
    ids = results.trials.groupby(RUN, sort=False)["trial"].agg(list).to_dict()
    dots = [
        _dot(run, ids[tuple(run[name] for name in RUN)], results.source, results.form)
        for run in runs.to_dict("records")
    ]
    methods = [method for method in results.methods if (runs["method"] == method).any()]
    palette = dict(zip(results.methods, map(to_hex, colours(results)), strict=True))
    unlike = sources.are_unlike(results.source)
    of_source = "Source scores: not comparable" if unlike else f"Source score, {results.source}"
    titles = (f"Zero-shot score ({metric_name(results)})", of_source)
    return Dots(
        dots,
        methods,
        [palette[method] for method in methods],
        titles,
        Places.along(results),
        view.ddof,
        _alt(view, dots),
        results.form,
        results.measure.points,
    )


def _dot(run: dict[Hashable, Any], trials: list[str], source: str, form: str) -> Dot:
    named = ", ".join(map(str, trials[:MAX_IDS])) + (" …" if len(trials) > MAX_IDS else "")
    on_source = "" if sources.are_unlike(source) else f", {source} {_number(run['source'], form)}"
    name = (
        f"{run['method']}, {run['setting']}, seed {run['seed']}: zero-shot {run['zero_shot']:{form}}{on_source}"
        f"{', collapsed' if run['collapsed'] else ''} (trial {named})"
    )
    return Dot(run["method"], run["setting"], (run["zero_shot"], run["source"]), bool(run["collapsed"]), name)


def _number(score: float, form: str) -> str:
    return MISSING_CELL if math.isnan(score) else format(score, form)


def _alt(view: View, dots: list[Dot]) -> str:
    """The picture in words."""
    counts = []
    for method in view.results.methods:
        own = [dot.collapsed for dot in dots if dot.method == method]
        counts.append(f"{method} {counted(len(own), 'run')}, {sum(own)} collapsed")
    low, high = (f(dot.scores[0] for dot in dots) for f in (min, max)) if dots else (0.0, 0.0)
    form = view.results.measure.brief
    told = f"{counted(len(dots), 'run')}: {'; '.join(counts)}"
    return f"Dot plot of {told}; zero-shot scores from {low:{form}} to {high:{form}}."


def _caption(view: View) -> str:
    crosses = " Crosses are runs that collapsed." if view.results.runs["collapsed"].any() else ""
    different = {tuple(view.results.languages(method)) for method in view.results.methods}
    caution = " Zero-shot scores of methods with different target languages are not comparable." * (len(different) > 1)
    return (
        "Every dot is a run; point at it, or use the arrow keys, to read its scores. "
        f"Means are over all runs in the picture.{crosses}{caution}"
    )
