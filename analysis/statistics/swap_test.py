"""Whether two methods' standard deviations differ: a paired permutation test on the mean log ratio over languages."""

import itertools
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.statistics.run_bootstrap import SEED
from analysis.statistics.std_ratio import paired, varies

LEAST = 3
"""Runs from which there is a test."""
EXACT = 12
"""Runs up to which all swaps are made: 2¹¹ of them, as the swap of every run but the first and its opposite say the same."""
DRAWN, DRAWN_OF_MANY, MANY = 9_999, 1_999, 500
"""Swaps drawn at random of more runs, and of more than so many runs."""
CLOSE = 1e-9


@dataclass(frozen=True)
class SwapTest:
    """A two-sided test that the two have the same standard deviations."""

    statistic: float
    """Mean over languages of log(std ours / std theirs); NaN where there is none, for ``reason``."""
    p: float
    least_p: float
    """The smallest p that so many runs can give: above 0.05 up to 5 runs, which therefore cannot show anything at the 5 % level."""
    runs: int
    exact: bool = True
    """Whether all swaps were made."""
    reason: str = ""
    """Why there is no test; else empty."""


def swap_test(ours: ArrayLike, theirs: ArrayLike) -> SwapTest:
    """Test paired scores (runs,) or (runs × languages), in points; row i of both is the same setting and seed.

    The two methods are swapped within runs, each run as a whole: its languages move together and are never counted apart. What the
    settings have in common stays where it is. Scores are centred by method and language first, as the methods' means may differ: for one
    language and all swaps it is the permutation form of Pitman and Morgan's test, of the correlation of sums and differences.

    At a nominal 5 % its size is 0.045 to 0.06 with normal scores and with Student's t of 5 degrees of freedom, with and without effects of
    the settings; 0 up to 5 runs. Skewed scores, whose centring is uncertain, take it to 0.07 or 0.08 at 8 to 20 runs. ``python -m
    tests.benchmarks.spread`` measures these.

    Raises ``ValueError`` as ``std_ratio``.
    """
    a, b = paired(ours, theirs)
    runs, none = len(a), math.nan
    drawn = DRAWN if runs <= MANY else DRAWN_OF_MANY
    least = 2.0 ** (1 - runs) if runs <= EXACT else 1 / (1 + drawn)
    if runs < LEAST:
        return SwapTest(none, none, none, runs, reason=f"there are fewer than {LEAST} runs")
    if not (varies(a).all() and varies(b).all()):
        return SwapTest(none, none, least, runs, reason="all runs of a method have the same score")
    signs = swaps(runs, drawn)
    observed = float(statistics(a, b, np.ones((1, runs)))[0])
    extreme = int((np.abs(statistics(a, b, signs)) >= abs(observed) - CLOSE).sum())
    exact = runs <= EXACT
    p = extreme / len(signs) if exact else (1 + extreme) / (1 + len(signs))
    return SwapTest(observed, p, least, runs, exact)


def swaps(runs: int, drawn: int) -> NDArray[np.float64]:
    """Which runs are swapped, as −1, and which not, as 1 (swaps × runs): all up to sign, or so many at random."""
    if runs <= EXACT:
        rest = np.array([*itertools.product([1.0, -1.0], repeat=runs - 1)])
        return np.column_stack([np.ones(len(rest)), rest])
    return np.random.default_rng(SEED).choice([-1.0, 1.0], size=(drawn, runs))


def statistics(a: NDArray[np.float64], b: NDArray[np.float64], signs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean log std ratio over languages after every swap (swaps × runs), of centred scores (runs × languages).

    With sums s and differences d the swapped scores are (s ± εd)/2, so that two matrix products say all: Σ εsd and Σ εd.
    """
    sums, differences = a + b, a - b
    shared = (sums**2 + differences**2).sum(axis=0) / 4
    moved = signs @ (sums * differences) / 2
    off_centre = (signs @ differences) ** 2 / (4 * len(a))
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.log(np.maximum(shared + moved - off_centre, 0)) - np.log(np.maximum(shared - moved - off_centre, 0))
    return np.asarray(np.nan_to_num(ratio, posinf=1e6, neginf=-1e6).mean(axis=1) / 2)
