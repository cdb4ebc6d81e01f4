"""Helpers that simulate scores of two methods on the same runs."""

import itertools
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.benchmarks.simulated_pairs import simulate

Array = NDArray[np.float64]


def study(runs: int, languages: int = 1, *, seed: int = 0, **options: Any) -> tuple[Array, Array]:
    """Scores of ours and theirs, runs × languages."""
    ours, theirs = simulate(np.random.default_rng(seed), 1, runs, languages, **options)
    return ours[0], theirs[0]


def log_ratio(ours: Array, theirs: Array) -> float:
    """Mean over languages of the log std ratio."""
    return float(
        np.mean([math.log(np.std(a, ddof=1) / np.std(b, ddof=1)) for a, b in zip(ours.T, theirs.T, strict=True)])
    )


def swapped(ours: Array, theirs: Array, groups: Any = None) -> float:
    """Exact p of the swap test, by brute force over all swaps of runs, or of whole groups of runs."""
    a, b = (scores - np.median(scores, axis=0) for scores in (ours, theirs))
    places = np.unique(np.arange(len(a)) if groups is None else groups, return_inverse=True)[1]
    extreme = []
    for swap in itertools.product([False, True], repeat=places.max() + 1):
        rows = np.array(swap)[places][:, None]
        extreme.append(abs(log_ratio(np.where(rows, b, a), np.where(rows, a, b))) >= abs(log_ratio(a, b)) - 1e-9)
    return float(np.mean(extreme))


STUDIES = 400


def error(share: float, studies: int = STUDIES) -> float:
    """Two standard errors of a share of studies."""
    return 2 * math.sqrt(share * (1 - share) / studies)
