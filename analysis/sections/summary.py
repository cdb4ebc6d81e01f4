"""Source and zero-shot score of every method, and the change in std from the baseline: the paper's Table 3."""

import math

import pandas as pd

from analysis.rendering.bold import bold_note, mark_column, over_most
from analysis.rendering.cells import MISSING_CELL, Cell, Change, Score
from analysis.rendering.section import Section
from analysis.rendering.table import Table, std_note
from analysis.results.comparison import Comparison
from analysis.results.frame import Results
from analysis.results.from_store import OVERSHOOTING
from analysis.results.view import View
from analysis.results.wording import languages_named


def section(view: View) -> Section:
    """The summary."""
    made = table(view)
    return Section("summary", made.title, [made])


def table(view: View) -> Table:
    """Mean ± std over runs of the source and the zero-shot score, and the change in std.

    A run's zero-shot score is its mean over target languages. The zero-shot std is the std of this score over runs. A
    method is compared with its baseline on the settings, seeds and languages that both have. The change is therefore
    not due to a different set of runs.
    """
    results, source, base = view.results, view.results.source, view.base_name
    sign = results.measure.sign
    header = [
        "method",
        "runs",
        source,
        "zero-shot",
        "languages",
        f"std of {source} against {base}",
        f"std of zero-shot against {base}",
    ]
    rows = [_row(view, method) for method in results.methods]
    rows = mark_column(mark_column(rows, 2, sign=sign), 3, over_most(results, results.methods), sign=sign)
    notes = [
        std_note(
            "each std is over runs of one method; the zero-shot score of a run is its mean over target languages",
            view.ddof,
        ),
        *(note for method in results.methods for note in _notes(view, method)),
        *filter(None, [view.no_baseline]),
        *bold_note(rows, "of a column", results.measure),
        *_counts(view),
    ]
    return Table("summary", "Source and zero-shot scores", header, rows, notes)


def _row(view: View, method: str) -> list[str | Cell]:
    results, ddof = view.results, view.ddof
    runs = results.runs[results.runs["method"] == method]
    changes: list[str | Cell] = ["", ""]
    if (both := view.comparisons.get(method)) is not None:
        changes = [change(*pair, ddof) for pair in (both.sources, both.zero_shot)]
        if _trials_a_run(view, method) > 1:
            changes[0] = MISSING_CELL
    return [
        method,
        f"{int(runs['complete'].sum())}/{len(runs)}",
        Score.over(runs["source"], len(runs), ddof, results.form),
        Score.over(runs["zero_shot"], len(runs), ddof, results.form),
        str(len(results.languages(method))),
        *changes,
    ]


def _notes(view: View, method: str) -> list[str]:
    """Notes on a method's row."""
    results, both, trials = view.results, view.comparisons.get(method), _trials_a_run(view, method)
    told = _compared_on(both, results, view.ddof) if both is not None and both.base in results.methods else []
    if trials > 1:
        told.append(
            f"A run of {method} is {trials} trials, one per language. Its {results.source} score is the mean over "
            "these trials. This mean varies less than a single score, so its std is not compared."
        )
    return told


def _trials_a_run(view: View, method: str) -> int:
    runs = view.results.runs
    return int(runs.loc[runs["method"] == method, "trials"].max())


def _compared_on(both: Comparison, results: Results, ddof: int) -> list[str]:
    """Notes on a comparison that does not cover all runs and languages of the two methods' rows."""
    if not both.runs:
        return [f"{both.method} and {both.base} share no complete run, or no target language in all shared runs."]
    asked = max(int((results.runs["method"] == method).sum()) for method in (both.method, both.base))
    if both.runs == asked and all(both.languages == results.languages(m) for m in (both.method, both.base)):
        return []
    ours, theirs = (Score.over(side, len(side), ddof, results.form).plain() for side in both.zero_shot)
    return [
        f"{both.method} is compared with {both.base} on the {both.runs} runs and "
        f"{languages_named(both.languages, results.about.targets)} that both have. Over these, the zero-shot score of "
        f"{both.method} is {ours}, and that of {both.base} is {theirs}."
    ]


def change(ours: "pd.Series[float]", theirs: "pd.Series[float]", ddof: int) -> str | Cell:
    """Change in the standard deviation, in per cent; missing with fewer than two runs or a baseline's std of 0."""
    if len(ours) < 2:
        return MISSING_CELL
    mine, base = float(ours.std(ddof=ddof)), float(theirs.std(ddof=ddof))
    return Change(100 * (mine - base) / base, len(ours)) if base > 0 and math.isfinite(mine) else MISSING_CELL


def _counts(view: View) -> list[str]:
    """Notes on incomplete and collapsed runs, on diverged trials, and on pulls that overshoot."""
    results = view.results
    notes = []
    lacking = results.runs[~results.runs["complete"]]
    if len(lacking):
        notes.append(f"{len(lacking)} of {len(results.runs)} runs are incomplete; (n/m) marks a mean over n of m runs.")
    collapsed = results.runs[results.runs["collapsed"]]
    if len(collapsed):
        counts = ", ".join(f"{count} of {method}" for method, count in collapsed["method"].value_counts().items())
        notes.append(f"Collapsed runs are included: {counts}.")
    diverged = results.trials[results.trials["diverged"]]
    if len(diverged):
        counts = ", ".join(f"{count} of {method}" for method, count in diverged["method"].value_counts().items())
        notes.append(f"Trials that diverged, with a loss or gradient that was not finite, are included: {counts}.")
    if "largest_pull" in results.trials:
        pulls = results.trials.groupby("method", sort=False)["largest_pull"].max()
        notes += [
            f"{method}: learning rate × λF reaches {pull:.3g}; {OVERSHOOTING}."
            for method, pull in pulls.items()
            if pull > 2
        ]
    return notes
