"""Slopes of the scores over each hyperparameter, and comparisons with the baseline's slopes."""

import math

from analysis.claims.answer import Answer, answer
from analysis.claims.claim import Claim, Quantity
from analysis.rendering.cells import MISSING_CELL, Cell, Interval
from analysis.rendering.section import Section
from analysis.rendering.table import Table
from analysis.results.view import View
from analysis.sections.spread import probability
from analysis.statistics.slopes import Slope, slopes

TITLE = "Sensitivity to each hyperparameter"
NOTES = (
    "Slopes of the settings' mean zero-shot scores, by least squares, with 95 % intervals over settings. Slopes are in "
    "{unit} per doubling of the learning rate, and per unit of any other hyperparameter. Runs that collapsed are left "
    "out.",
    "The slope is that of a straight line. If the best value lies in the middle, the slope is near 0.",
)
DIFFERENCES = (
    "Mean: the method's slope minus the baseline's. Spread: the slope of the log ratio of standard deviations over "
    "seeds; a slope of 0.69 doubles the ratio. Holm: corrected over all rows of the same kind, mean or spread.",
)


def section(view: View) -> Section | None:
    """The section; ``None`` if no numeric hyperparameter has a slope in any method."""
    found = {method: _slopes(view, method) for method in view.results.methods}
    found = {method: by for method, by in found.items() if by}
    if not found:
        return None
    told = answer(view)
    claims = [*told.of(Quantity.SENSITIVITY), *told.of(Quantity.SPREAD_SENSITIVITY)]
    return Section(
        "sensitivity",
        TITLE,
        [table(found, view.results.measure.unit, told.form), *([differences(told, claims)] if claims else [])],
    )


def _slopes(view: View, method: str) -> dict[str, Slope]:
    """A method's slopes, by hyperparameter."""
    results = view.results
    runs = results.runs[(results.runs["method"] == method) & results.runs["complete"] & ~results.runs["collapsed"]]
    runs = runs.dropna(subset=["zero_shot"])
    if results.varied.empty or not len(runs):
        return {}
    hyperparameters = results.varied.reindex(runs["setting"]).reset_index(drop=True)
    made = slopes(runs["zero_shot"], hyperparameters, runs["setting"])
    return {slope.name: slope for slope in made.slopes if not math.isnan(slope.estimate)}


def table(found: dict[str, dict[str, Slope]], unit: str, form: str) -> Table:
    """One row per method and hyperparameter."""
    rows: list[list[str | Cell]] = [
        [method, name, slope.unit, _interval(slope.estimate, slope.low, slope.high, form), probability(slope.p)]
        for method, by in found.items()
        for name, slope in by.items()
    ]
    every = [slope for by in found.values() for slope in by.values()]
    told = (note for slope in every for note in (slope.note, slope.reason) if note)
    notes = dict.fromkeys(f"{note[0].upper()}{note[1:]}." for note in told)
    header = ["method", "hyperparameter", "per", unit, "p"]
    return Table("sensitivity", "Slopes", header, rows, [*(note.format(unit=unit) for note in NOTES), *notes])


def differences(found: Answer, claims: list[Claim]) -> Table:
    """One row per method, hyperparameter and kind of slope: the difference from the baseline's slope."""
    kinds = {Quantity.SENSITIVITY: "mean", Quantity.SPREAD_SENSITIVITY: "spread"}
    rows: list[list[str | Cell]] = [
        [
            claim.method,
            str(claim.details["hyperparameter"]),
            kinds[claim.quantity],
            claim.unit,
            _interval(claim.estimate, claim.low, claim.high, found.form),
            probability(claim.p),
            probability(claim.corrected),
        ]
        for claim in claims
    ]
    header = ["method", "hyperparameter", "of", "unit", f"slope − {found.baseline}", "p", "p, Holm"]
    return Table("sensitivity-differences", "Slopes beside the baseline's", header, rows, DIFFERENCES)


def _interval(value: float, low: float, high: float, form: str) -> str | Cell:
    return MISSING_CELL if math.isnan(value) else Interval(value, low, high, f"+{form}")
