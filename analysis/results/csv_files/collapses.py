"""Suspected collapses in a table without a column that flags them."""

from collections.abc import Iterator

from analysis.results.frame import Results

FAR = 10.0
"""Median absolute deviations below the method's median at which a run is suspected: 6.7 stds of normal scores."""
LEAST = 0.5
"""Smallest deviation in points: rounded or equal scores would have none."""
SMALL = 0.005
"""The same as a share of the median, for scores in a metric's own unit."""
MIN_RUNS = 4
SHOWN = 5


def suspected(results: Results) -> Iterator[str]:
    """A note for every method with complete runs whose source score is far worse than the method's other runs."""
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
        named = [
            f"setting {s}, seed {k}: {score:.{digits}f}" for s, k, score in low[["setting", "seed", "source"]].values
        ]
        more = f"; and {len(low) - SHOWN} more" if len(low) > SHOWN else ""
        yield (
            f"The file does not say which runs collapsed, and counts all as healthy. {len(low)} of {len(runs)} runs of "
            f"{method} may have: their {results.source} score is over {FAR:g} median absolute deviations {side} the "
            f"method's median of {runs['source'].median():.{digits}f} ({'; '.join(named[:SHOWN])}{more}). Mark "
            "collapsed runs in "
            "the column 'collapsed'."
        )
