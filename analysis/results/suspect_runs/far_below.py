"""Suspected collapses in a table without a column for collapse."""

from collections.abc import Iterator

from analysis.results.frame import Results
from analysis.results.suspect_runs.listing import listed

FAR = 10.0
"""A run is suspect if it is worse than its method's median by more than this many median absolute deviations. For
normal scores this distance is 6.7 standard deviations."""
LEAST = 0.5
"""Smallest median absolute deviation in points. For rounded or equal scores the computed deviation would be 0."""
SMALL = 0.005
"""Smallest median absolute deviation as a share of the median, for scores in a metric's own unit."""
MIN_RUNS = 4


def suspected(results: Results) -> Iterator[str]:
    """A note for every method, if some of its complete runs have a far worse source score than the others."""
    complete = results.runs[results.runs["complete"]].dropna(subset=["source"])
    for method, runs in complete.groupby("method", sort=False):
        if len(runs) < MIN_RUNS:
            continue
        below = results.measure.sign * (runs["source"].median() - runs["source"])
        least = LEAST if results.measure.points else SMALL * abs(float(runs["source"].median()))
        deviation = max(float(below.abs().median()), least)
        low = runs[below > FAR * deviation]
        if low.empty:
            continue
        side = "above" if results.measure.lower_is_better else "below"
        digits = 1 if results.measure.points else 3
        yield (
            f"The file does not say which runs collapsed, so all runs count as healthy. {len(low)} of {len(runs)} runs "
            f"of {method} may have collapsed: their {results.source} score is over {FAR:g} median absolute "
            f"deviations {side} the method's median of {runs['source'].median():.{digits}f} "
            f"({listed(low, digits)}). Mark collapsed runs in the column 'collapsed'."
        )
