"""The bootstrap over runs, or over languages: resamples as how often each unit was drawn, and percentile intervals."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

LEVEL = 0.95
SEED = 0
RESAMPLES = 9_999
PLENTY = 1_000
"""Runs above which there are fewer resamples, so that the work stays in proportion to ``RESAMPLES`` of this many
runs."""
MIN_RESAMPLES = 400
"""Of so many, ten lie beyond either end of a 95 % interval."""
BLOCK = 1 << 18
"""Resamples × units made at once: 2 MiB, which a processor's cache holds."""


def resamples_of(runs: int) -> int:
    """How many resamples to take of so many runs: ``RESAMPLES``, and above ``PLENTY`` runs fewer, down to
    ``MIN_RESAMPLES``."""
    return RESAMPLES if runs <= PLENTY else max(MIN_RESAMPLES, RESAMPLES * PLENTY // runs)


def counts(units: int, resamples: int, width: int = 1) -> Iterator[NDArray[np.float64]]:
    """How often each unit is in each resample, in blocks (some resamples × units); the same at every call, whatever the
    blocks.

    Every row sums to ``units``. A statistic of a resample is one of the units themselves, weighted by these: nothing
    has to be sorted anew, and units drawn twice are known to be the same one. ``width`` is how many numbers the caller
    makes of each count, for which blocks are smaller.
    """
    random, rows = np.random.default_rng(SEED), max(1, BLOCK // (units * width))
    for start in range(0, resamples, rows):
        drawn = random.integers(units, size=(min(rows, resamples - start), units))
        drawn += units * np.arange(len(drawn))[:, None]
        yield np.bincount(drawn.ravel(), minlength=drawn.size).reshape(drawn.shape).astype(np.float64)


def percentiles(resampled: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The ends of the middle ``LEVEL`` of the statistics (resamples × any shape), each of that shape.

    Take out what is undefined first: a NaN here is a NaN there.
    """
    low, high = np.quantile(np.asarray(resampled, np.float64), [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    return low, high
