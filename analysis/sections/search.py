"""Results of a search: the best dev score over trials, each method's winner, and a diagnostic.

The diagnostic shows the setting that a choice on the target languages would find.
"""

from functools import partial
from typing import NamedTuple

import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from analysis.rendering.cells import MISSING_CELL, Cell, Number
from analysis.rendering.section import Picture, Section
from analysis.rendering.style import RASTERISED, WIDTH, colours, legend_below, metric_name, take_legend
from analysis.rendering.table import Table
from analysis.results.frame import Results
from analysis.results.view import View
from harness.search import Search
from harness.setting import Setting, setting_labels
from harness.store.store import Store
from harness.tuning.journal import ENDED, FAILED, FINISHED, STOPPED, SearchTrial, read, winner

APART = 0.15
"""Largest distance, in trials, between two methods' marks. Without it, marks of equal scores would overlap."""
MARKERS = {FINISHED: "o", STOPPED: "X"}


def section(view: View) -> Section | None:
    """The section; ``None`` unless the study is a search that was run."""
    tried = tried_in(view)
    if not tried:
        return None
    results = view.results
    parts: list[str | Table | Picture] = [*searched(view), winners(view)]
    if any(one.dev is not None for one in tried):
        caption = (
            f"Each mark is the last {results.source} dev score of a trial, in the order in which the trials ended. "
            "Circles are trials that were trained to the end. Crosses are trials that were stopped early, so their "
            "scores are not final. The line is the best score of a finished trial so far."
        )
        alt = (
            f"Best {results.source} dev score so far, {metric_name(results)}, against the number of trials, one line "
            "per method."
        )
        parts.append(Picture("search", partial(figure, results, tried), caption, alt))
    parts += [CAUTION, on_targets(view)]
    return Section("search", "Search", parts)


CAUTION = (
    "A diagnostic, not a result: the last table has each method's best setting by the target languages' test scores. "
    "Zero-shot transfer has no such scores for a choice. The best of several noisy scores looks better than its "
    "setting is, so there is a difference even if all settings are equally good."
)


def tried_in(view: View) -> list[SearchTrial]:
    """The ended trials of the view's search; empty if the study is no search, or the view has no store."""
    if view.store is None:
        return []
    found = [one for one in read(view.store, view.results.about.name) if one.status in ENDED]
    # The store keeps a search's trials even if a study without a search has since taken the search's name.
    return found if found and _search(view, view.store) is not None else []


def _search(view: View, store: Store) -> Search | None:
    return store.study(view.results.about.name)[0].search


def searched(view: View) -> list[str]:
    """Sentences on the search's space, budget and rules."""
    assert view.store is not None
    search = _search(view, view.store)
    assert search is not None
    space = ", ".join(f"{name.replace('_', ' ')} {made}" for name, made in search.space.items())
    stops = (
        f"Trials were scored on {view.results.source} dev at {search.rungs} rungs. At each rung but the last, the best "
        f"1/{search.reduction} continued (ASHA)"
        if search.rungs > 1
        else "No trial was stopped early"
    )
    return [
        f"The search covered {space}. The budget was {search.trials} trials of each method, drawn by TPE "
        f"(sampler's seed {search.seed}). {stops}."
    ]


def _labels(tried: list[SearchTrial]) -> dict[Setting, str]:
    return setting_labels([one.setting for one in tried])


class Scores(NamedTuple):
    """A finished trial's test scores."""

    source: float
    zero_shot: float


def _scores(results: Results) -> dict[str, Scores]:
    """Test scores of finished trials, by trial id."""
    found = {}
    for trial, rows in results.test.groupby("trial"):
        of_source = rows["language"] == results.source
        found[str(trial)] = Scores(*(float(rows.loc[part, "score"].mean()) for part in (of_source, ~of_source)))
    return found


def winners(view: View) -> Table:
    """One row per method: its best setting by the source's dev score, its scores, and its numbers of trials."""
    results, tried = view.results, tried_in(view)
    labels, scores = _labels(tried), _scores(results)
    rows: list[list[str | Cell]] = []
    for method in results.about.methods:
        best = winner(tried, method, sign=results.measure.sign)
        mine = [one for one in tried if one.method == method]
        counts = [_count([one for one in mine if one.status == status]) for status in (FINISHED, STOPPED, FAILED)]
        if best is None or best.dev is None or best.id not in scores:
            rows.append([method, *[MISSING_CELL] * 4, *counts])
            continue
        found = [best.dev, *scores[best.id]]
        rows.append([method, labels[best.setting], *(Number(score, results.form) for score in found), *counts])
    source, best_of = results.source, results.measure.best
    header = ["method", "best setting", f"{source} dev", f"{source} test", "zero-shot", "finished", "stopped", "failed"]
    notes = [
        f"The best setting has the finished trial with the {best_of} {source} dev score. Target languages "
        f"have no part in this choice. All trials of a method have one seed. The {best_of} of several dev scores is "
        "biased: compare methods over other seeds.",
        f"Stopped trials lagged behind in {source} dev score and were not trained to the end; they have no test "
        "scores.",
    ]
    if any(one.draws > 1 for one in tried):
        notes.append("If the search drew a setting several times, the number of different settings is in brackets.")
    return Table("search", "Winners of the search", header, rows, notes)


def _count(tried: list[SearchTrial]) -> str:
    """Number of drawn trials, and of different trials if some were drawn again."""
    drawn = sum(one.draws for one in tried)
    return str(drawn) if drawn == len(tried) else f"{drawn} ({len(tried)} different)"


def on_targets(view: View) -> Table:
    """One row per method: zero-shot scores of the winner, and of the trial chosen on the targets' test scores."""
    results, tried = view.results, tried_in(view)
    labels, scores = _labels(tried), _scores(results)
    rows: list[list[str | Cell]] = []
    for method in results.about.methods:
        best = winner(tried, method, sign=results.measure.sign)
        finished = [one for one in tried if one.method == method and one.status == FINISHED and one.id in scores]
        if best is None or best.id not in scores:
            rows.append([method, *[MISSING_CELL] * 5])
            continue
        other = max(finished, key=lambda one: results.measure.sign * scores[one.id].zero_shot)
        form = results.form
        ours, theirs = scores[best.id].zero_shot, scores[other.id].zero_shot
        numbers = Number(ours, form), Number(theirs, form), Number(theirs - ours, f"+{form}")
        rows.append([method, *numbers, labels[other.setting], str(len(finished))])
    by_source, by_targets = f"zero-shot, chosen on {results.source} dev", "zero-shot, chosen on the targets"
    header = ["method", by_source, by_targets, "difference", "setting", "of trials"]
    notes = [
        f"Diagnostic only. Chosen on the targets: the {results.measure.best} mean of the target languages' test scores "
        f"among the finished trials. Trials that were stopped by their {results.source} dev score have no test scores."
    ]
    return Table("search-on-targets", "Diagnostic: choice by the target languages", header, rows, notes)


def figure(results: Results, tried: list[SearchTrial]) -> Figure:
    """Dev scores by trial, and the best finished score so far, one colour per method."""
    found = [one for one in tried if one.dev is not None and one.status in MARKERS and one.method in results.methods]
    frame = pd.DataFrame([(one.method, one.status, one.dev) for one in found], columns=["method", "status", "dev"])
    frame["trial"] = frame.groupby("method").cumcount() + 1
    apart = min(APART, 0.8 / len(results.methods))
    beside = {method: apart * (place - (len(results.methods) - 1) / 2) for place, method in enumerate(results.methods)}
    frame["place"] = frame["trial"] + frame["method"].map(beside)
    sign = results.measure.sign
    frame["best"] = frame["dev"].where(frame["status"] == FINISHED)
    frame["best"] = frame.groupby("method")["best"].transform(lambda scores: sign * (sign * scores).cummax().ffill())
    made = Figure(figsize=(WIDTH * 0.8, 4.2))
    axes = made.subplots()
    common = {"data": frame, "hue": "method", "hue_order": results.methods, "palette": colours(results), "ax": axes}
    sns.lineplot(**common, x="trial", y="best", drawstyle="steps-post", errorbar=None)
    marks = {"style": "status", "style_order": list(MARKERS), "markers": MARKERS, "s": 40, "alpha": 0.8}
    sns.scatterplot(**common, **marks, x="place", y="dev", legend=False, rasterized=len(frame) > RASTERISED)
    axes.set(xlabel="trials of the method", ylabel=f"{results.source} dev, {metric_name(results)}")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    handles, labels = take_legend(axes)
    count = len(results.methods)
    legend_below(made, handles[:count], labels[:count], WIDTH * 0.7)
    return made
