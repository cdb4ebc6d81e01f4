"""The number of rows of each published table, and a helper that makes a table of our results."""

import pandas as pd

from analysis.published.side_by_side import OURS

NAN = float("nan")
ROWS = dict(
    zip(
        range(1, 23),
        (20, 45, 32, 64, 8, 20, 48, 45, 21, 40, 164, 120, 28, 8, 10, 6, 45, 45, 45, 48, 45, 21),
        strict=True,
    )
)


def ours(*rows: tuple[str, str, float, float, int]) -> pd.DataFrame:
    """A table of our results from the given rows."""
    return pd.DataFrame(rows, columns=[*OURS])
