"""Runs that did not collapse, but learned little: they can decide a mean or a standard deviation."""

from collections.abc import Iterator
from dataclasses import replace

from analysis.results.frame import Results
from analysis.results.suspect_runs.listing import listed

SHARE = 0.5
"""A run is weak if its source score is below this share of the median over all methods' runs without a collapse."""
LEAST = 4
"""Smallest number of runs for a median."""


def with_weak_runs(results: Results) -> Results:
    """The results with a note on every method's weak runs."""
    return replace(results, notes=(*results.notes, *weak(results)))


def weak(results: Results) -> Iterator[str]:
    """A note for every method with weak runs. Scores in a metric's own unit get no note, nor do errors."""
    runs = results.runs[results.runs["complete"] & ~results.runs["collapsed"]].dropna(subset=["source"])
    if len(runs) < LEAST or not results.measure.points or results.measure.lower_is_better:
        return
    if (median := float(runs["source"].median())) <= 0:  # of a metric that may be negative
        return
    for method, own in runs.groupby("method", sort=False):
        low = own[own["source"] < SHARE * median]
        if low.empty:
            continue
        count = f"{len(low)} of {len(own)} runs of {method}"
        yield (
            f"{count} did not collapse, but scored less than half of the study's median of {median:.1f} on "
            f"{results.source} ({listed(low)}). Such runs can decide means and standard deviations."
        )
