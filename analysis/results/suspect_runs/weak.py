"""Runs that did not collapse, but learned little: they can decide a mean or a standard deviation."""

from collections.abc import Iterator
from dataclasses import replace

from analysis.results.frame import Results
from analysis.results.suspect_runs.listing import SHOWN, listed
from analysis.results.wording import counted

SHARE = 0.5
"""A run is weak if its source score is below this share of the median over all methods' runs without a collapse."""
LEAST = 4
"""Smallest number of runs for a median."""


def with_weak_runs(results: Results) -> Results:
    """The results with a note on the weak runs, if there are any."""
    return replace(results, notes=(*results.notes, *weak(results)))


def weak(results: Results) -> Iterator[str]:
    """A note that counts the weak runs of each method and names the weakest.

    No note if scores are in a metric's own unit, or lower is better.
    """
    runs = results.runs[results.runs["complete"] & ~results.runs["collapsed"]].dropna(subset=["source"])
    if len(runs) < LEAST or not results.measure.points or results.measure.lower_is_better:
        return
    if (median := float(runs["source"].median())) <= 0:  # of a metric that may be negative
        return
    low = runs[runs["source"] < SHARE * median]
    if low.empty:
        return
    all_runs, weak_runs = (one.groupby("method", sort=False).size() for one in (runs, low))
    weakest = listed(low.nsmallest(SHOWN, "source"), methods=True)
    counts = ", ".join(f"{weak_runs[method]} of {all_runs[method]} of {method}" for method in weak_runs.index)
    yield (
        f"{counted(len(low), 'run')} did not collapse, but scored less than half of the study's median of {median:.1f} "
        f"on {results.source}: {counts}. The weakest: {weakest}. Such runs can decide means and standard deviations."
    )
