"""Scores along a hyperparameter.

For a growing learning rate, the section is the paper's Table 14 for every rate of the study.
"""

import math
from collections.abc import Collection

import numpy as np
import pandas as pd

from analysis.rendering.axis import MIN_VALUES, RANGE, RATE, ROUNDING, Axis
from analysis.rendering.bold import bold_note, mark_best, over_most
from analysis.rendering.cells import MISSING_CELL, Cell, Difference, Percent, Score
from analysis.rendering.section import Picture, Section
from analysis.rendering.table import Table, std_note
from analysis.results.frame import PAIR, Results
from analysis.results.view import View
from analysis.results.wording import MAX_NAMED, named
from analysis.sections.stress_figure import picture


def section(view: View) -> Section | None:
    """The section; ``None`` without a complete run, and for a study without a suitable hyperparameter.

    The learning rate is suitable if a method's rates span ``RANGE``. Another hyperparameter is suitable if a method's
    settings differ in it alone, with ``MIN_VALUES`` values or more.
    """
    if not view.results.runs["complete"].any():
        return None
    parts: list[str | Table | Picture] = []
    titles = []
    if applies(view) and (rates := Axis.rates(view.results)) is not None:
        parts += [table(view, rates), picture(view, rates, "stress")]
        titles.append("growing learning rates")
    for axis in Axis.others(view.results):
        name = f"stress-{axis.label.replace(' ', '-')}"
        parts += [along(view, axis, name), picture(view, axis, name), languages(view, axis, f"{name}-languages")]
        titles.append(axis.label)
    return Section("stress", f"Stress: {', '.join(titles)}", parts) if parts else None


def applies(view: View) -> bool:
    """Whether the learning rates of any method span ``RANGE`` and any run is complete.

    Rates that span the range only across methods do not show the effect of a growing rate.
    """
    return bool(view.results.runs["complete"].any()) and any(
        hottest(view.results, [method]) for method in view.results.methods
    )


def hottest(results: Results, methods: Collection[str]) -> list[str]:
    """The settings, of any method, with the largest learning rate that all of the methods have.

    Empty if their common rates do not span ``RANGE``.
    """
    if RATE not in results.settings:
        return []
    rates = pd.to_numeric(results.settings[RATE], errors="coerce")
    runs = results.runs.assign(rate=results.runs["setting"].map(rates))
    shared = set.intersection(*({*runs.loc[runs["method"] == method, "rate"].dropna()} for method in methods))
    if not shared or max(shared) < (1 - ROUNDING) * RANGE * min(shared):
        return []
    return [str(setting) for setting in runs.loc[runs["rate"] == max(shared), "setting"].unique()]


def table(view: View, axis: Axis) -> Table:
    """Mean ± std of the zero-shot score by value and method, with the collapsed runs."""
    runs, methods = axis.runs(view.results), axis.methods
    rows: list[list[str | Cell]] = []
    fallen = [method for method in methods if runs.loc[runs["method"] == method, "collapsed"].any()]
    comparable = over_most(view.results, methods)
    for value in axis.values:
        here = {method: runs[(runs["method"] == method) & (runs["value"] == value)] for method in methods}
        scores = [
            Score.over(of["zero_shot"], len(of), view.ddof, view.results.form) if len(of) else MISSING_CELL
            for of in here.values()
        ]
        counts = [f"{int(here[method]['collapsed'].sum())}/{len(here[method])}" for method in fallen]
        rows.append([axis.shown(value), *mark_best(scores, comparable, sign=view.results.measure.sign), *counts])
    header = [axis.label, *methods, *(f"{method}, collapsed runs" for method in fallen)]
    what = f"over the runs of one {axis.label}, all other hyperparameters and seeds together"
    notes = [std_note(what, view.ddof), *bold_note(rows, "of a row", view.results.measure), *_left_out(view, axis)]
    return Table("stress", f"Zero-shot scores by {axis.label}", header, rows, notes)


def kept(runs: pd.DataFrame, scores: "pd.Series[float]", sign: int = 1) -> dict[float, float]:
    """The mean over seeds at each value, as a percentage of the mean at the best value.

    Each comparison is over the seeds that have a score at both values. The runs are one method's, in the form of
    ``Axis.runs``, with one score each, NaN if missing. The best value has the best mean among the values with the
    most scores. A value is left out if it shares no seed with the best value, or if the best mean over the shared seeds
    is not above 0.

    ``sign`` is -1 if lower scores are better. The best mean is then given as a percentage of the mean at each value.
    """
    wide = scores.groupby([runs["seed"], runs["replicate"], runs["value"]]).mean().unstack("value")
    found = np.nan_to_num(wide.to_numpy(np.float64))
    there = wide.notna().to_numpy()
    counts = there.sum(axis=0)
    means = np.where(counts == counts.max(), sign * found.sum(axis=0) / np.maximum(counts, 1), -math.inf)
    best = int(means.argmax())
    both = there & there[:, [best]]
    ours, its = ((side * both).sum(axis=0) for side in (found, found[:, [best]]))
    return {
        float(value): float(100 * (ours[i] / its[i]) ** sign)
        for i, value in enumerate(wide.columns.to_numpy(np.float64))
        if its[i] > 0 and (sign > 0 or ours[i] > 0)
    }


def along(view: View, axis: Axis, name: str) -> Table:
    """One row per value and method: source and zero-shot score, and the share kept of the method's best.

    A further column has the difference from the baseline over the runs that both methods have.
    """
    results, comparable = view.results, over_most(view.results, axis.methods)
    sign = results.measure.sign
    runs, columns = axis.runs(results), ("source", "zero_shot")
    shares = {
        (m, c): kept(own, own[c], sign) for m in axis.methods for own in [runs[runs["method"] == m]] for c in columns
    }
    changes = {method: _changes(view, axis, method) for method in axis.methods if method in view.comparisons}
    rows: list[list[str | Cell]] = []
    for value in axis.values:
        here = {method: runs[(runs["method"] == method) & (runs["value"] == value)] for method in axis.methods}
        source, zero_shot = (
            [
                Score.over(of[c], len(of), view.ddof, view.results.form) if len(of) else MISSING_CELL
                for of in here.values()
            ]
            for c in columns
        )
        marked = zip(mark_best(source, sign=sign), mark_best(zero_shot, comparable, sign=sign), strict=True)
        for (method, of), (of_source, of_targets) in zip(here.items(), marked, strict=True):
            if len(of):
                left = [_percent(shares[method, column].get(value, math.nan)) for column in columns]
                change = [changes.get(method, {}).get(value, MISSING_CELL)] if changes else []
                collapsed = f"{int(of['collapsed'].sum())}/{len(of)}"
                rows.append([axis.shown(value), method, of_source, left[0], of_targets, left[1], *change, collapsed])
    difference = [f"zero-shot − {view.base_name}"] if changes else []
    share = (
        "the method's lowest mean as a share of the mean" if sign < 0 else "the mean as a share of the method's highest"
    )
    scored = (f"{name}{what}" for name in (results.source, "zero-shot") for what in ("", ", kept"))
    header = [axis.label, "method", *scored, *difference, "collapsed runs"]
    notes = [
        std_note("over the runs of a method at one value", view.ddof),
        f"Kept: {share}, over the seeds that have a run at both values.",
    ]
    if changes:
        notes.append(
            f"The difference is over the runs that {view.base_name} has too, with its standard deviation over these "
            "runs."
        )
    notes += [*bold_note(rows, f"with the same {axis.label}", results.measure), *_left_out(view, axis)]
    return Table(name, f"Scores by {axis.label}", header, rows, notes)


def _changes(view: View, axis: Axis, method: str) -> dict[float, Difference]:
    """Difference of the zero-shot score from the baseline's, by value."""
    ours, theirs = view.comparisons[method].zero_shot
    change = ours - theirs
    values = change.index.get_level_values("setting").map(axis.settings.to_dict())
    return {
        value: Difference.over(change[values == value], view.ddof, view.results.form)
        for value in axis.values
        if (values == value).any()
    }


def languages(view: View, axis: Axis, name: str) -> Table:
    """One row per target language: each method's smallest share kept of its best, and the value at which it occurs.

    Languages that lose most with the first method come first.
    """
    results, runs = view.results, axis.runs(view.results)
    least: dict[str, dict[str, tuple[float, float]]] = {}  # by method and language: smallest share, and its value
    for method in axis.methods:
        own = runs[runs["method"] == method]
        scores = results.of(method).reindex(pd.MultiIndex.from_frame(own[PAIR])).set_axis(own.index)
        shares = {language: kept(own, scores[language], results.measure.sign) for language in results.about.targets}
        least[method] = {
            language: min((share, value) for value, share in of.items()) for language, of in shares.items() if of
        }
    none, best = (math.nan, math.nan), results.measure.best
    worst = "lowest" if best == "highest" else "highest"
    first = least[axis.methods[0]]
    rows: list[list[str | Cell]] = []
    for language in sorted(results.about.targets, key=lambda language: first.get(language, (math.inf, math.inf))):
        found = [by.get(language, none) for by in least.values()]
        rows.append([language, *(cell for share, value in found for cell in (_percent(share), axis.shown(value)))])
    header = ["language", *(head for method in least for head in (f"{method}, kept", f"{method}, at"))]
    most = {method: min(by, key=by.__getitem__) for method, by in least.items() if by}
    notes = [
        f"Kept: a language's lowest mean over seeds as a share of its highest with the method. At: the {axis.label} "
        f"of the {worst} mean. Even by chance the share is below 100 %, because one of several means is always "
        f"the {best}.",
    ]
    if len(results.about.targets) > 1 and len(most) <= MAX_NAMED:
        said = (f"{code} with {method} ({least[method][code][0]:.0f} %)" for method, code in most.items())
        notes.append(f"Loses most: {', '.join(said)}.")
    return Table(name, "Which languages lose most", header, rows, notes)


def _percent(share: float) -> str | Cell:
    return MISSING_CELL if math.isnan(share) else Percent(float(share))


def _left_out(view: View, axis: Axis) -> list[str]:
    """A note on the methods that a table along an axis leaves out."""
    alone = [method for method in view.results.methods if method not in axis.methods]
    if not alone:
        return []
    why = (
        f"without several {axis.label}s"
        if axis.name == RATE
        else f"with fewer than {MIN_VALUES} values of the {axis.label}, or with other differences between settings,"
    )
    return [f"Methods {why} are left out: {named(alone, f'{len(alone)} methods')}."]
