"""The bootstrap over runs or languages: the count of each unit in each resample, and percentile intervals."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

LEVEL = 0.95
SEED = 0
RESAMPLES = 9_999
PLENTY = 1_000
"""Number of runs above which the number of resamples decreases. The work then stays at the level of this many runs with
``RESAMPLES`` resamples."""
MIN_RESAMPLES = 400
"""With this many resamples, ten lie beyond either end of a 95 % interval."""
BLOCK = 1 << 18
"""Resamples × units × ``width`` in one block: 2 MiB, which fits a processor's cache."""


def resamples_of(runs: int) -> int:
    """Number of resamples for a number of runs: ``RESAMPLES``, and fewer above ``PLENTY`` runs, down to
    ``MIN_RESAMPLES``."""
    return RESAMPLES if runs <= PLENTY else max(MIN_RESAMPLES, RESAMPLES * PLENTY // runs)


def counts(units: int, resamples: int, width: int = 1) -> Iterator[NDArray[np.float64]]:
    """The count of each unit in each resample, in blocks (some resamples × units).

    The counts are the same at every call, for any block size.

    Every row sums to ``units``. A statistic of a resample is the weighted statistic of the units, with these counts as
    weights. Units therefore need to be sorted only once. ``width`` is the number of values that the caller computes
    from each count; a larger width makes blocks smaller.
    """
    random, rows = np.random.default_rng(SEED), max(1, BLOCK // (units * width))
    for start in range(0, resamples, rows):
        drawn = random.integers(units, size=(min(rows, resamples - start), units))
        drawn += units * np.arange(len(drawn))[:, None]
        yield np.bincount(drawn.ravel(), minlength=drawn.size).reshape(drawn.shape).astype(np.float64)


def percentiles(resampled: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The ends of the middle ``LEVEL`` of the statistics (resamples × any shape), each of that shape.

    Remove undefined values first: a NaN in the input gives a NaN in the output.
    """
    low, high = np.quantile(np.asarray(resampled, np.float64), [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    return low, high
