"""A permutation test of equal standard deviations for two methods with unpaired runs."""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.statistics.run_bootstrap import SEED
from analysis.statistics.spread.swap_test import SwapTest
from analysis.statistics.spread.swaps import CLOSE, FARTHEST, ROUNDING, centred, varies

DRAWN = 9_999
"""Number of random permutations."""
MIN_RUNS = 4
"""Fewest runs of each method for a test."""

Floats = NDArray[np.float64]


def unpaired_swap_test(ours: ArrayLike, theirs: ArrayLike) -> SwapTest:
    """Test scores (our runs × languages) and (their runs × languages), in points, by permuting the methods' names.

    Scores are centred by method and language on the median. A run's languages move together. All runs count as
    independent draws. Effects of settings count as spread, so both methods should have the same settings. ``runs`` is
    the smaller number of runs.

    Raises ``ValueError`` for other shapes, or if the numbers of languages differ or a score is not finite.
    """
    a, b = (np.asarray(scores, np.float64) for scores in (ours, theirs))
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1] or not a.shape[1]:
        raise ValueError(f"scores must be runs × languages, of the same languages, not {a.shape} and {b.shape}")
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise ValueError("all scores must be finite")
    runs, none = min(len(a), len(b)), math.nan
    if runs < MIN_RUNS:
        return SwapTest(none, none, none, runs, reason=f"a method has fewer than {MIN_RUNS} runs")
    a, b = centred(a), centred(b)
    least = 1 / (1 + DRAWN)
    if not (varies(a).all() and varies(b).all()):
        return SwapTest(none, none, least, runs, reason="all runs of a method have the same score")
    both = np.concatenate([a, b])
    names = np.repeat([1.0, 0.0], [len(a), len(b)])
    permuted = np.random.default_rng(SEED).permuted(np.tile(names, (DRAWN, 1)), axis=1)
    observed = float(_mean_log_ratios(both, names[None])[0])
    extreme = int((np.abs(_mean_log_ratios(both, permuted)) >= abs(observed) - CLOSE).sum())
    return SwapTest(observed, (1 + extreme) / (1 + DRAWN), least, runs, exact=False)


def _mean_log_ratios(scores: Floats, names: Floats) -> Floats:
    """Mean log std ratio over languages (permutations,); ``names`` are 1 for ours (permutations × runs)."""
    logs = np.log(_variances(scores, names)) - np.log(_variances(scores, 1 - names))
    return np.asarray(logs.mean(axis=1) / 2)


def _variances(scores: Floats, weights: Floats) -> Floats:
    """Variances of the runs selected by each row of weights (permutations × languages), kept above 0."""
    size = weights.sum(axis=1, keepdims=True)
    squares = weights @ scores**2 / size
    variance = (squares - (weights @ scores / size) ** 2) * size / (size - 1)
    return np.maximum(variance, np.maximum(ROUNDING * squares, 1 / FARTHEST))
