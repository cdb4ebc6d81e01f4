"""Three numbers per method on the first screen: collapse, spread and mean, each with its interval and its verdict."""

import math

import numpy as np
import pandas as pd

from analysis.claims.answer import Answer
from analysis.claims.claim import Claim, Quantity, Scope, Verdict
from analysis.claims.collapse import NEVER, baselines
from analysis.rendering.cells import MISSING_CELL, Cell, Number, Percent, Score
from analysis.rendering.judged import Judged, Mark
from analysis.rendering.table import Table
from analysis.results.comparison import LANGUAGES
from analysis.results.frame import RUN
from analysis.results.view import View
from analysis.sections.verdict import main_claims

SCOPES = {Scope.THESE: "for these runs", Scope.SEEDS: "for other seeds", Scope.SETTINGS: "for other settings too"}
SCOPE_TERMS = {Scope.THESE: "", Scope.SEEDS: "other seeds", Scope.SETTINGS: "other settings too"}
MARKS = {
    Verdict.LOWER: Mark.SHOWN,
    Verdict.HIGHER: Mark.SHOWN,
    Verdict.EQUIVALENT: Mark.EQUIVALENT,
    Verdict.OPEN: Mark.NOT_SHOWN,
    Verdict.UNTESTED: Mark.UNTESTED,
    Verdict.DESCRIBED: Mark.UNTESTED,
}


class Own(Number):
    """A value of the baseline itself, in a column of comparisons with the baseline."""

    @property
    def remark(self) -> str:
        return " (its own)"


def table(view: View, found: Answer) -> Table:
    """One row per method. The baseline's row has its own standard deviation and mean."""
    claims = {method: main_claims(found, method) for method in found.contrasts}
    base = view.base_name
    header = [
        "method",
        "collapsed runs",
        f"collapsed − {base}",
        f"std ÷ {base}",
        f"mean score − {base}",
    ]
    spreads = {own[Quantity.SPREAD].of for own in claims.values() if Quantity.SPREAD in own}
    rows = [_baseline(view, method, claims, spreads) for method in _baselines(view)]
    rows += [_row(view, method, own) for method, own in claims.items()]
    scopes = {own[Quantity.MEAN].scope for own in claims.values() if Quantity.MEAN in own}
    where = " or ".join(SCOPES[scope] for scope in SCOPES if scope in scopes) or SCOPES[Scope.THESE]
    unit = view.results.measure.unit
    many = any(claim.tests > 1 for own in claims.values() for claim in own.values())
    notes = [
        f"{Mark.SHOWN.sign}: a difference is shown at 5 %. {Mark.EQUIVALENT.sign}: equivalent. {Mark.NOT_SHOWN.sign}: "
        f"not shown. {Mark.UNTESTED.sign}: not tested. In brackets: 95 % intervals."
        + " Marks, not intervals, are corrected for the number of methods."
        * many,
        "Collapse and standard deviation describe these runs. "
        f"The interval of the mean zero-shot score, in {unit}, holds {where}."
        + " Standard deviation and mean leave out collapsed runs."
        * bool(view.results.runs["collapsed"].any()),
        "The baseline's row has its own standard deviation and mean score. "
        + (
            "Standard deviations and their ratios are geometric means over target languages."
            if LANGUAGES in spreads
            else "Standard deviations and their ratios are of the zero-shot score."
        ),
    ]
    terms = {
        "collapsed runs": "share",
        f"collapsed − {base}": "difference of shares",
        f"std ÷ {base}": "ratio of standard deviations",
        f"mean score − {base}": SCOPE_TERMS.get(max(scopes, key=[*SCOPE_TERMS].index, default=Scope.THESE), ""),
    }
    terms = {head: term for head, term in terms.items() if term}
    return Table("numbers", "Three numbers a method", header, rows, notes, terms=terms)


def _baselines(view: View) -> list[str]:
    names = [view.baseline] if view.against is None else dict.fromkeys(view.against.values())
    return [name for name in names if name in view.results.methods]


def _baseline(view: View, method: str, claims: dict[str, dict[Quantity, Claim]], spreads: set[str]) -> list[str | Cell]:
    runs = view.results.runs[(view.results.runs["method"] == method) & view.results.runs["complete"]]
    surviving = runs.loc[~runs["collapsed"], "zero_shot"]
    score = Score.over(surviving, len(surviving), view.ddof, view.results.form)
    std = _std(view, method, spreads)
    collapse = [own[Quantity.COLLAPSE] for own in claims.values() if Quantity.COLLAPSE in own]
    figures = baselines(collapse).get(method)
    return [
        f"{method} (baseline)",
        _share(figures) if figures else f"{int(runs['collapsed'].sum())}/{len(runs)}",
        MISSING_CELL,
        MISSING_CELL if math.isnan(std) else Own(std, view.results.form),
        MISSING_CELL if math.isnan(score.mean) else Own(score.mean, view.results.form),
    ]


def _std(view: View, method: str, of: set[str]) -> float:
    """The standard deviation over the runs that survived.

    It is the geometric mean over languages if the ratios are over languages, else the std of the zero-shot score.
    """
    runs = view.results.runs.set_index(RUN).loc[[method]].droplevel("method")
    kept = runs.index[runs["complete"] & ~runs["collapsed"]]
    scores = view.results.of(method).loc[kept, [*view.results.about.targets]]
    stds = scores.std(ddof=view.ddof) if LANGUAGES in of else pd.Series([scores.mean(axis=1).std(ddof=view.ddof)])
    stds = stds[stds > 0]
    return float(np.exp(np.log(stds).mean())) if len(stds) else math.nan


def _row(view: View, method: str, claims: dict[Quantity, Claim]) -> list[str | Cell]:
    collapse = claims.get(Quantity.COLLAPSE)
    runs = view.results.runs[(view.results.runs["method"] == method) & view.results.runs["complete"]]
    figures = collapse.details.get("method") if collapse is not None else None
    return [
        method,
        _share(figures) if figures else f"{int(runs['collapsed'].sum())}/{len(runs)}",
        _judged(collapse, "+.0f", factor=100, unit=" pp"),
        _judged(claims.get(Quantity.SPREAD), ".2f"),
        _judged(claims.get(Quantity.MEAN), f"+{view.results.form}"),
    ]


def _share(figures: list[float]) -> Cell:
    count, runs, low, high = figures
    return Percent(100 * count / runs, 100 * low, 100 * high, count=f"{count:.0f}/{runs:.0f}")


def _judged(claim: Claim | None, form: str, *, factor: float = 1.0, unit: str = "") -> str | Cell:
    if claim is None or math.isnan(claim.estimate):
        return MISSING_CELL
    if claim.reason == NEVER:
        return "none collapsed"
    ends = factor * claim.estimate, factor * claim.low, factor * claim.high
    return Judged(*ends, form=form, unit=unit, mark=MARKS[claim.verdict])
