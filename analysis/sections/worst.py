"""A method's worst scores, and its spread by other measures than the standard deviation."""

import math
from dataclasses import replace

from analysis.claims.answer import answer
from analysis.rendering.cells import MISSING_CELL, Cell, Interval
from analysis.rendering.section import Section
from analysis.rendering.table import Table
from analysis.results.frame import Results
from analysis.results.view import View
from analysis.results.wording import named
from analysis.statistics.scales import Scales, scales_disagree
from analysis.statistics.tails import RESOLUTION, Figure, Tails, reflected, tails
from harness.tasks.metrics import Measure

TITLE = "The worst case"
MIN_RUNS = 2
NOTES = (
    "{what} over all complete runs of a method, collapsed runs included.",
    "Intervals are at 95 %, over settings if these have several runs.",
)
TERMS = {
    "10 % quantile": "10 % quantile",
    "90 % quantile": "90 % quantile",
    "worst tenth": "worst tenth",
    "IQR": "IQR",
    "Gini": "Gini's mean difference",
    "logit std": "logit std",
}


def section(view: View) -> Section | None:
    """The section; ``None`` if no method has two complete runs, or if scores in points lie outside 0 to 100."""
    runs = view.results.runs[view.results.runs["complete"]].dropna(subset=["zero_shot"])
    methods = [method for method in view.results.methods if (runs["method"] == method).sum() >= MIN_RUNS]
    measure = view.results.measure
    if not methods or (measure.points and not runs["zero_shot"].between(0, 100).all()):
        return None
    found = {method: _tails(view.results, method) for method in methods}
    return Section(
        "worst", TITLE, [table(found, healthy(view.results, found), measure, view.results.form), *cautions(view)]
    )


def _tails(results: Results, method: str, *, collapsed: bool = True) -> Tails:
    runs = results.runs[(results.runs["method"] == method) & results.runs["complete"]].dropna(subset=["zero_shot"])
    runs = runs if collapsed else runs[~runs["collapsed"]]
    several = runs["setting"].nunique() < len(runs) and runs["setting"].nunique() > 1
    scores, settings = runs["zero_shot"], runs["setting"] if several else None
    resolution = _resolution(results, method) if results.measure.points else None
    if not results.measure.lower_is_better:
        return tails(scores, settings, resolution)
    logit_std = tails(scores, settings, resolution).logit_std  # equal for scores and for 100 − scores
    return replace(reflected(tails(-scores, settings, None)), logit_std=logit_std)


def _resolution(results: Results, method: str) -> float:
    """Points of the zero-shot score that one test example is worth.

    The zero-shot score is a mean over L languages, so an example of a test set of n examples is worth 100 / (n L)
    points. The result is the mean over languages. It is ``RESOLUTION`` if the numbers of examples are unknown.
    """
    scored = results.targets[(results.targets["method"] == method) & (results.targets["examples"] > 0)]
    examples = scored.groupby("language")["examples"].mean()
    return min(50.0, float((100 / examples).mean() / len(examples))) if len(examples) else RESOLUTION


def healthy(results: Results, found: dict[str, Tails]) -> dict[str, Figure]:
    """The logit std of every method over its runs that did not collapse; ``found`` holds the measures over all runs."""
    fallen = {*results.runs.loc[results.runs["collapsed"], "method"]}
    return {
        method: (_tails(results, method, collapsed=False) if method in fallen else whole).logit_std
        for method, whole in found.items()
    }


def table(found: dict[str, Tails], logit: dict[str, Figure], measure: Measure, form: str) -> Table:
    """One row per method."""
    quantile = "90 % quantile" if measure.lower_is_better else "10 % quantile"
    header = ["method", "runs", "worst run", quantile, "worst tenth", "IQR", "Gini", *["logit std"] * measure.points]
    rows = [
        [
            method,
            str(one.n),
            *(_cell(of, form) for of in (one.worst, one.quantile, one.worst_tenth, one.iqr, one.gini)),
            *([_cell(logit[method])] if measure.points else []),
        ]
        for method, one in found.items()
    ]
    figures = [f for one in found.values() for f in (one.worst, one.quantile, one.worst_tenth, one.iqr, one.gini)]
    reasons = dict.fromkeys(figure.reason for figure in (*figures, *logit.values()) if figure.reason)
    lacking = [f"Some intervals are missing: {'; '.join(reasons)}."] if reasons else []
    what = (
        "All but the logit std: points of the zero-shot score"
        if measure.points
        else f"The zero-shot score in {measure.words}"
    )
    notes = [*(note.format(what=what) for note in NOTES), *lacking]
    return Table("worst", TITLE, header, rows, notes, terms={name: TERMS[name] for name in header if name in TERMS})


def _cell(figure: Figure, form: str = ".2f") -> str | Cell:
    if math.isnan(figure.estimate):
        return MISSING_CELL
    return Interval(figure.estimate, figure.low, figure.high, form)


def cautions(view: View) -> list[str]:
    """A sentence on methods whose std ratios in points and in logits disagree; none if all agree."""
    found: dict[str, Scales] = {}
    for method, contrast in answer(view).contrasts.items():
        comparison = contrast.comparison.surviving
        ours, theirs = comparison.zero_shot
        if (
            view.results.measure.points
            and comparison.runs > 1
            and all(side.between(0, 100).all() for side in (ours, theirs))
        ):
            found[method] = scales_disagree(ours, theirs)
    apart = [
        f"{method} ({scales.points:.2f} in points, {scales.logits:.2f} in logits)"
        for method, scales in found.items()
        if scales.disagree
    ]
    if not apart:
        return []
    return [
        "The std ratios in points and in logits disagree for "
        f"{named(apart, f'{len(apart)} methods')}: near 100 the same difference in skill is worth fewer points."
    ]
