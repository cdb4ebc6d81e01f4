"""The names of some runs in a note."""

import pandas as pd

SHOWN = 3


def listed(runs: pd.DataFrame, digits: int = 1, *, methods: bool = False) -> str:
    """Setting, seed and source score of the first runs, and the number of the others.

    ``methods`` puts the run's method before its setting.
    """
    named = [
        f"{f'{method}, ' if methods else ''}setting {setting}, seed {seed}: {score:.{digits}f}"
        for method, setting, seed, score in runs[["method", "setting", "seed", "source"]].itertuples(index=False)
    ]
    more = f"; and {len(named) - SHOWN} more" if len(named) > SHOWN else ""
    return "; ".join(named[:SHOWN]) + more
