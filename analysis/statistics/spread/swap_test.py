"""A paired permutation test of equal standard deviations, on the mean log ratio over languages."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from analysis.statistics.spread.swaps import (
    EXACT,
    least_p,
    mean_log_ratios,
    members_of,
    observed,
    p_of,
    paired,
    run_swaps,
    varies,
)

MIN_UNITS = 3
"""Fewest runs or settings for a test."""


@dataclass(frozen=True)
class SwapTest:
    """A two-sided test of the hypothesis that both methods have the same standard deviations."""

    statistic: float
    """Mean over languages of log(std ours / std theirs); NaN when undefined (see ``reason``)."""
    p: float
    least_p: float
    """The smallest p possible with this number of runs or settings.

    Up to 5 runs or settings it is above 0.05, so the test can show nothing at 5 %. With one language and an odd number
    of runs, p is rarely below twice this value, because the median run is the centre.
    """
    runs: int
    exact: bool = True
    """Whether all swaps were made."""
    reason: str = ""
    """Why there is no test; else empty."""


def swap_test(
    ours: ArrayLike, theirs: ArrayLike, groups: ArrayLike | None = None, *, drawn: int | None = None
) -> SwapTest:
    """Test whether the stds of paired scores differ; row i is the same setting and seed in both arrays.

    The two methods are swapped within whole runs: a run's languages move together and are never separated. Effects that
    the methods share at a setting stay in place. Scores are first centred by method and language on the median.
    Different centres then do not matter, and a collapsed run does not move the other runs. For one language the test is
    nearly the permutation form of Pitman and Morgan's test, which uses the correlation of sums and differences.

    At a nominal 5 % its size is 0 up to 5 runs, and 0.01 to 0.04 at 6 and 7. Size and power by
    ``python -m tests.benchmarks.spread``, 600 and 400 studies a cell (2 s.e. 0.018 and 0.05 at most), for 1 / 14
    languages. Half of the variance is common to both methods. A collapse is 50 points deep, equally likely in both
    methods.

    | runs | 8 | 10 | 15 | 20 |
    |---|---|---|---|---|
    | normal | .020 / .047 | .047 / .035 | .040 / .048 | .038 / .035 |
    | t5 | .037 / .023 | .027 / .025 | .043 / .043 | .032 / .048 |
    | gamma of shape 4 | .028 / .033 | .027 / .030 | .042 / .033 | .037 / .033 |
    | lognormal, σ = 0.5 | .023 / .035 | .050 / .033 | .043 / .050 | .033 / .040 |
    | 5 % collapse | .027 / .040 | .038 / .032 | .050 / .055 | .040 / .033 |
    | 10 % collapse | .035 / .045 | .053 / .032 | .052 / .050 | .048 / .055 |
    | 20 % collapse | .047 / .055 | .052 / .047 | .052 / .040 | .053 / .048 |
    | 40 % collapse | .028 / .025 | .018 / .012 | .007 / .003 | .005 / .015 |
    | power at a ratio of 0.7 | .06 / .14 | .11 / .21 | .24 / .38 | .33 / .47 |
    | 0.5 | .20 / .51 | .29 / .65 | .64 / .90 | .82 / .97 |
    | 0.33 | .44 / .88 | .70 / .97 | .94 / 1.00 | 1.00 / 1.00 |
    | 0.5, with 10 % collapse | .14 / .27 | .14 / .26 | .21 / .20 | .15 / .13 |

    If runs collapse, the size holds and the power is small: compare the uncollapsed runs. The null hypothesis is that
    the two methods' centred scores have one distribution. Between a flat and a t5 distribution of equal std the test
    finds a difference in 0.05 to 0.08 of studies of uncorrelated scores.

    If a method has its own effect at every setting, runs of one setting are alike. With few settings of several seeds
    each, the test is then about these settings alone. Suppose the settings were drawn anew, in studies of 10 settings ×
    5 seeds without a difference. If a method's own setting effects make up half of the variance, the test would find a
    difference in 0.15 of studies. With nine tenths the share is 0.37. Swaps of whole settings give 0.02 and 0.00. With
    ``groups``, whole settings are swapped, and the test is about other settings too. All figures above then apply to
    the number of settings.

    Args:
        ours, theirs: paired scores, (runs,) or (runs × languages), in points.
        groups: setting of every run, (runs,). If given, whole settings are swapped instead of runs.
        drawn: number of random swaps above ``EXACT`` units, if not the usual number. Simulations save time with fewer.

    Raises:
        ValueError: as ``paired``, or groups are not (runs,).
    """
    a, b = paired(ours, theirs)
    runs, none = len(a), math.nan
    members = members_of(groups, runs)
    units, unit = (runs, "runs") if members is None else (len(members), "settings")
    if units < MIN_UNITS:
        return SwapTest(none, none, none, runs, reason=f"there are fewer than {MIN_UNITS} {unit}")
    least = least_p(units, drawn)
    if not (varies(a).all() and varies(b).all()):
        return SwapTest(none, none, least, runs, reason="all runs of a method have the same score")
    unswapped, after = (mean_log_ratios(a, b, signs) for signs in (np.ones((1, runs)), run_swaps(runs, members, drawn)))
    p = float(p_of(unswapped[0], after, units)[0])
    return SwapTest(float(observed(a, b).mean()), p, least, runs, units <= EXACT)
