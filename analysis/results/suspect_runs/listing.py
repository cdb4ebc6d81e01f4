"""The names of some runs in a note."""

import pandas as pd

SHOWN = 3


def listed(runs: pd.DataFrame, digits: int = 1) -> str:
    """Setting, seed and source score of the first runs, and the number of the others."""
    named = [f"setting {s}, seed {k}: {score:.{digits}f}" for s, k, score in runs[["setting", "seed", "source"]].values]
    more = f"; and {len(named) - SHOWN} more" if len(named) > SHOWN else ""
    return "; ".join(named[:SHOWN]) + more
