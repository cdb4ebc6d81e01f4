"""Whether two methods' standard deviations differ: a paired permutation test on the mean log ratio over languages."""

import itertools
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.statistics.run_bootstrap import SEED
from analysis.statistics.std_ratio import members_of, paired, varies

MIN_UNITS = 3
"""Runs from which there is a test."""
EXACT = 12
"""Runs up to which all swaps are made: 2¹¹ of them, as the swap of every run but the first and its opposite say the
same."""
DRAWN, DRAWN_OF_MANY, MANY_UNITS = 9_999, 1_999, 500
"""Swaps drawn at random of more runs, and of more than so many runs."""
CLOSE = 1e-9
ROUNDING = 1e-12
"""Part of the two methods' squares below which those of swapped scores are 0: all the same but for rounding."""


@dataclass(frozen=True)
class SwapTest:
    """A two-sided test that the two have the same standard deviations."""

    statistic: float
    """Mean over languages of log(std ours / std theirs); NaN where there is none, for ``reason``."""
    p: float
    least_p: float
    """The smallest p that so many runs, or settings, can give: above 0.05 up to 5, which therefore cannot show anything
    at 5 %."""
    runs: int
    exact: bool = True
    """Whether all swaps were made."""
    reason: str = ""
    """Why there is no test; else empty."""


def swap_test(ours: ArrayLike, theirs: ArrayLike, groups: ArrayLike | None = None) -> SwapTest:
    """Test paired scores (runs,) or (runs × languages), in points; row i of both is the same setting and seed.

    The two methods are swapped within runs, each run as a whole: its languages move together and are never counted
    apart. What the settings have in common stays where it is. Scores are centred by method and language first, as the
    methods' means may differ: for one language it is nearly the permutation form of Pitman and Morgan's test, of the
    correlation of sums and differences: p differs by 0.01 on average at 8 to 12 runs, as swapped scores are centred
    anew.

    At a nominal 5 % its size is 0 up to 5 runs, 0.03 to 0.04 at 6, and from 8 on 0.04 to 0.06 with normal scores and
    with Student's t of 5 degrees of freedom: 0.058 where the settings have large effects, as centring takes more from
    the differences than from sums. Skewed scores, whose centring is uncertain, take it to 0.07 at 8 to 20 runs. It is a
    test that the two methods' scores have one distribution but for the mean: of one std but unequal kurtosis (uniform,
    and Student's t of 5 degrees of freedom) it finds a difference in 0.05 to 0.065 of paired studies, and in 0.10 of
    those of 20 runs and one language where nothing is paired. ``python -m tests.benchmarks.spread`` measures these.

    Where a method goes its own way at every setting, runs of one setting are alike, and of few settings with several
    seeds each the test is about these settings alone: were they drawn anew, it would find a difference that is not
    there in up to half of such studies. With ``groups``, the setting of every run (runs,), whole settings are swapped
    instead of runs: then it is about others too, and all of the above is said of the number of settings.

    Raises ``ValueError`` as ``std_ratio``.
    """
    a, b = paired(ours, theirs)
    runs, none = len(a), math.nan
    members = members_of(groups, runs)
    units, unit = (runs, "runs") if members is None else (len(members), "settings")
    drawn = DRAWN if units <= MANY_UNITS else DRAWN_OF_MANY
    least = 2.0 ** (1 - units) if units <= EXACT else 1 / (1 + drawn)
    if units < MIN_UNITS:
        return SwapTest(none, none, none, runs, reason=f"there are fewer than {MIN_UNITS} {unit}")
    if not (varies(a).all() and varies(b).all()):
        return SwapTest(none, none, least, runs, reason="all runs of a method have the same score")
    signs = swaps(units, drawn) if members is None else swaps(units, drawn) @ members
    observed = float(statistics(a, b, np.ones((1, runs)))[0])
    extreme = int((np.abs(statistics(a, b, signs)) >= abs(observed) - CLOSE).sum())
    exact = units <= EXACT
    p = extreme / len(signs) if exact else (1 + extreme) / (1 + len(signs))
    ratio = float(np.log((a**2).sum(axis=0) / (b**2).sum(axis=0)).mean() / 2)  # of sums that no cancelling has spoilt
    return SwapTest(ratio, p, least, runs, exact)


def swaps(units: int, drawn: int) -> NDArray[np.float64]:
    """Which units are swapped, as −1, and which not, as 1 (swaps × units): all up to sign, or so many at random."""
    if units <= EXACT:
        rest = np.array([*itertools.product([1.0, -1.0], repeat=units - 1)])
        return np.column_stack([np.ones(len(rest)), rest])
    return np.random.default_rng(SEED).choice([-1.0, 1.0], size=(drawn, units))


def statistics(a: NDArray[np.float64], b: NDArray[np.float64], signs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean log std ratio over languages after every swap (swaps × runs), of centred scores (runs × languages).

    The scores may be those of several studies (studies × runs × languages): so is the result (studies × swaps).
    With sums s and differences d the swapped scores are (s ± εd)/2, so that two matrix products say all: Σ εsd and
    Σ εd.
    """
    sums, differences = a + b, a - b
    shared = (sums**2 + differences**2).sum(axis=-2, keepdims=True) / 4
    moved = signs @ (sums * differences) / 2
    off_centre = (signs @ differences) ** 2 / (4 * a.shape[-2])
    ours, theirs = shared + moved - off_centre, shared - moved - off_centre
    for squares in (ours, theirs):
        squares[squares <= ROUNDING * shared] = 0
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.log(ours) - np.log(theirs)
    return np.asarray(np.nan_to_num(ratio, posinf=1e6, neginf=-1e6).mean(axis=-1) / 2)
