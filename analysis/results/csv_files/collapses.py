"""Runs that seem to have collapsed, in a table that does not say which did."""

from collections.abc import Iterator

from analysis.results.frame import Results

FAR = 10.0
"""Median absolute deviations below the median of its method from which a run is named: 6.7 standard deviations of
normal scores."""
LEAST = 0.5
"""Points that a deviation has at least: scores that are rounded, or the same, have none."""
MIN_RUNS = 4
SHOWN = 5


def suspected(results: Results) -> Iterator[str]:
    """A note for every method with complete runs whose source score is far below those of its others."""
    complete = results.runs[results.runs["complete"]].dropna(subset=["source"])
    for method, runs in complete.groupby("method", sort=False):
        if len(runs) < MIN_RUNS:
            continue
        below = runs["source"].median() - runs["source"]
        deviation = max(float(below.abs().median()), LEAST)
        low = runs[below > FAR * deviation]
        if low.empty:
            continue
        named = [f"setting {s}, seed {k}: {score:.1f}" for s, k, score in low[["setting", "seed", "source"]].values]
        more = f"; and {len(low) - SHOWN} more" if len(low) > SHOWN else ""
        yield (
            f"The file does not say which runs collapsed, and counts all as healthy. {len(low)} of {len(runs)} runs of "
            f"{method} may have: their {results.source} score is over {FAR:g} median absolute deviations below the "
            f"method's median of {runs['source'].median():.1f} ({'; '.join(named[:SHOWN])}{more}). Say which did in "
            "the column 'collapsed'."
        )
