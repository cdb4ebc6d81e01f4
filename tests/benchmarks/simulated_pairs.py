"""Simulated scores of two methods on the same runs, and the coverage and the findings of the statistics of spread."""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.stats import f_oneway

from analysis.statistics.spread.std_ratio import std_ratio
from analysis.statistics.spread.swap_test import swap_test

Array = NDArray[np.float64]
Draw = Callable[[np.random.Generator, tuple[int, ...]], Array]

ALIKE = 0.8
"""Correlation of languages over runs."""
DEPTH = 50.0
"""Drop of a collapsed run below the others, in points."""
SIGMA = 0.5
"""Standard deviation of the log of lognormal draws."""


def _lognormal(random: np.random.Generator, shape: tuple[int, ...]) -> Array:
    square = math.exp(SIGMA**2)
    return np.asarray((random.lognormal(0, SIGMA, shape) - math.sqrt(square)) / math.sqrt(square * (square - 1)))


KINDS: dict[str, Draw] = {
    "normal": lambda random, shape: random.normal(size=shape),
    "t5": lambda random, shape: random.standard_t(5, size=shape) / math.sqrt(5 / 3),
    "skewed": lambda random, shape: (random.gamma(4, size=shape) - 4) / 2,
    "lognormal": _lognormal,
    "flat": lambda random, shape: random.uniform(-math.sqrt(3), math.sqrt(3), size=shape),
}


def simulate(
    random: np.random.Generator,
    studies: int,
    runs: int,
    languages: int = 1,
    *,
    ratio: float = 1.0,
    pairing: float = 0.0,
    kinds: tuple[str, str] = ("normal", "normal"),
    settings: float = 0.0,
    collapse: float = 0.0,
) -> tuple[Array, Array]:
    """Scores of ours and theirs, studies × runs × languages; ``ratio`` is the true std ratio.

    Effects of settings and collapses do not count in that ratio. ``settings`` is the standard deviation of the effects,
    each shared by about four runs. ``pairing`` is the share of variance that the methods have in common. ``collapse``
    is the chance of each run of each method to be ``DEPTH`` points lower in all languages.
    """

    def draws(kind: str) -> Array:
        run = KINDS[kind](random, (studies, runs, 1))
        if languages == 1:
            return run
        return math.sqrt(ALIKE) * run + math.sqrt(1 - ALIKE) * KINDS[kind](random, (studies, runs, languages))

    shared = draws(kinds[0]) if pairing else 0.0
    ours, theirs = (math.sqrt(pairing) * shared + math.sqrt(1 - pairing) * draws(kind) for kind in kinds)
    groups = max(2, runs // 4)
    effects = settings * random.normal(size=(studies, groups, 1))[:, np.arange(runs) % groups]
    ours, theirs = ratio * ours + effects + 62, theirs + effects + 60
    if collapse:
        ours, theirs = (one - DEPTH * (random.random((studies, runs, 1)) < collapse) for one in (ours, theirs))
    return ours, theirs


def held(ours: Array, theirs: Array, ratio: float) -> float:
    """The share of studies whose interval holds the true ratio, among studies with an interval."""
    found = [std_ratio(a, b) for a, b in zip(ours, theirs, strict=True)]
    inside = [one.low <= ratio <= one.high for one in found if not one.reason]
    return float(np.mean(inside)) if inside else math.nan


def rejected(ours: Array, theirs: Array, level: float = 0.05) -> float:
    """The share of studies in which the swap test finds a difference."""
    return float(np.mean([swap_test(a, b).p <= level for a, b in zip(ours, theirs, strict=True)]))


def ps_by_brown_forsythe(ours: Array, theirs: Array) -> Array:
    """The p of Brown and Forsythe's test, studies × languages."""
    distances = (np.abs(scores - np.median(scores, axis=1, keepdims=True)) for scores in (ours, theirs))
    return np.asarray(f_oneway(*distances, axis=1).pvalue)


def rejected_by_brown_forsythe(ours: Array, theirs: Array, level: float = 0.05) -> float:
    """The share of studies × languages in which Brown and Forsythe's test finds a difference, before Holm's
    correction."""
    return float((ps_by_brown_forsythe(ours, theirs) <= level).mean())
