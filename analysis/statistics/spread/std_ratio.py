"""Ratio of two methods' standard deviations, with the interval of all ratios that the swap test does not reject."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import norm

from analysis.statistics.spread.crossing import NEAREST, crossings
from analysis.statistics.spread.swaps import (
    Floats,
    least_p,
    log_ratios,
    mean_log_ratios,
    members_of,
    observed,
    p_of,
    paired,
    run_swaps,
    varies,
)

LEVEL = 0.05
MAX_LOG = 20.0
"""Distance from the log ratio, a factor of 5·10⁸, at which the search for an interval's end stops. The end is then
infinite."""
PART = 0.005
"""Precision of an interval's end, relative to its distance from the log ratio."""
SAME_SCORES = "all runs of a method have the same score"

Statistic = Callable[[Floats, Floats, Floats], Floats]
"""Maps centred scores of two methods (runs × languages) and swaps (swaps × runs) to statistics (swaps × ratios)."""


@dataclass(frozen=True)
class StdRatio:
    """The standard deviation of ours over the standard deviation of theirs, with an interval."""

    value: float
    """With several languages the geometric mean of their ratios; NaN when undefined (see ``reason``)."""
    low: float
    high: float
    runs: int
    reason: str = ""
    """Why the ratio or its interval is missing; else empty."""


def std_ratio(ours: ArrayLike, theirs: ArrayLike, groups: ArrayLike | None = None, *, level: float = LEVEL) -> StdRatio:
    """Compare the stds of paired scores; row i is the same setting and seed in both arrays.

    The interval inverts ``swap_test`` (Lehmann & Romano, 2005, Testing Statistical Hypotheses, Section 3.5). It holds
    every ratio r at which ours/r and theirs do not differ at ``level``, two-sided. Interval and test therefore agree at
    1. Coverage is 1 minus the test's size if the two distributions of scores differ by a constant factor alone. Up to 5
    runs no ratio can be rejected at 5 %, and there is no interval.

    The table shows the coverage by ``python -m tests.benchmarks.spread``. The first number is for 1 language with a
    ratio of 0.5, the second for 14 languages with a ratio of 0.7. Each number is from 250 studies (2 s.e. 0.028 near
    0.95). The true ratio is the ratio of the uncollapsed runs. Collapses are 50 points deep in both methods, so many
    collapses draw the interval to 1.

    | runs | 8 | 10 | 15 | 20 |
    |---|---|---|---|---|
    | normal | .976 / .976 | .952 / .964 | .960 / .956 | .944 / .956 |
    | t5 | .976 / .976 | .948 / .964 | .948 / .944 | .960 / .952 |
    | gamma of shape 4 | .956 / .988 | .964 / .964 | .944 / .952 | .960 / .928 |
    | lognormal, σ = 0.5 | .992 / .972 | .956 / .960 | .952 / .964 | .952 / .964 |
    | 5 % collapse | .956 / .964 | .944 / .956 | .948 / .968 | .940 / .952 |
    | 10 % collapse | .972 / .944 | .960 / .960 | .948 / .960 | .892 / .920 |
    | 20 % collapse | .960 / .932 | .944 / .900 | .856 / .880 | .776 / .808 |
    | 40 % collapse | .744 / .872 | .720 / .876 | .404 / .584 | .144 / .472 |

    The ratio does not depend on ddof. Runs count as a sample of all possible runs. Runs of one setting are alike: with
    few settings of several seeds each, the interval covers these settings only.

    Args:
        ours, theirs: paired scores, (runs,) or (runs × languages), in points.
        groups: setting of every run, (runs,). If given, whole settings are swapped instead of runs.
        level: 1 minus the confidence.

    Raises:
        ValueError: shapes do not fit, or a score is not finite.
    """
    a, b = paired(ours, theirs)
    runs = len(a)
    if runs < 2:
        return StdRatio(math.nan, math.nan, math.nan, runs, "there are fewer than 2 runs")
    if not (varies(a).all() and varies(b).all()):
        return StdRatio(math.nan, math.nan, math.nan, runs, SAME_SCORES)
    value = observed(a, b).mean(keepdims=True)
    return _ratios(a, b, value, members_of(groups, runs), mean_log_ratios, level)[0]


def std_ratios(ours: ArrayLike, theirs: ArrayLike, *, level: float = LEVEL) -> list[StdRatio]:
    """The ratio of each language of scores (runs × languages); otherwise as ``std_ratio``."""
    a, b = paired(ours, theirs)
    runs = len(a)
    reason = "there are fewer than 2 runs" if runs < 2 else SAME_SCORES
    found = [StdRatio(math.nan, math.nan, math.nan, runs, reason)] * a.shape[1]
    at = np.flatnonzero(varies(a) & varies(b)) if runs >= 2 else np.array([], int)
    if len(at):
        a, b = a[:, at], b[:, at]
        for place, ratio in zip(at, _ratios(a, b, observed(a, b), None, log_ratios, level), strict=True):
            found[int(place)] = ratio
    return found


def equivalent_stds(
    ours: ArrayLike,
    theirs: ArrayLike,
    groups: ArrayLike | None = None,
    *,
    bounds: tuple[float, float],
    level: float = LEVEL,
    drawn: int | None = None,
) -> bool:
    """Whether the std ratio is shown to lie between two bounds, by two one-sided tests at ``level`` each.

    This holds if the interval of ``std_ratio`` at twice the level lies between the bounds (Schuirmann, 1987). ``drawn``
    is as in ``swap_test``.
    """
    a, b = paired(ours, theirs)
    if len(a) < 2 or not (varies(a).all() and varies(b).all()):
        return False
    log, ends = float(observed(a, b).mean()), np.log(bounds)
    if not ends[0] < log < ends[1]:
        return False
    test = _Test.of(a, b, members_of(groups, len(a)), mean_log_ratios, drawn)
    return all(test.p(np.array([end]))[0] <= 2 * level for end in ends)


def _ratios(
    a: Floats, b: Floats, logs: Floats, members: Floats | None, statistic: Statistic, level: float
) -> list[StdRatio]:
    """A ratio with its interval for each of the log ratios; ``statistic`` gives the log ratios after swaps (swaps ×
    ratios)."""
    runs = len(a)
    test = _Test.of(a, b, members, statistic)
    if test.units < 2 or least_p(test.units) > level:
        unit = "run" if members is None else "setting"
        count = f"{test.units} {unit}{'s are' if test.units != 1 else ' is'}"
        reason = f"{count} too few to exclude any ratio"
        return [StdRatio(math.exp(log), math.nan, math.nan, runs, reason) for log in logs]
    low, high = (logs + side * _distance(test, logs, side, level) for side in (-1, 1))
    return [
        StdRatio(math.exp(log), *_ends(below, above), runs, *_reason(below, above))
        for log, below, above in zip(logs, low, high, strict=True)
    ]


@dataclass(frozen=True)
class _Test:
    """The swap test between our scores, divided by a ratio, and their scores, for log ratios (ratios,)."""

    a: Floats
    b: Floats
    signs: Floats
    units: int
    statistic: Statistic

    @classmethod
    def of(
        cls, a: Floats, b: Floats, members: Floats | None, statistic: Statistic, drawn: int | None = None
    ) -> "_Test":
        """The test of centred scores (runs × languages)."""
        units = len(a) if members is None else len(members)
        return cls(a, b, run_swaps(len(a), members, drawn), units, statistic)

    def swapped(self, logs: Floats) -> Floats:
        """The statistics after every swap (swaps × ratios)."""
        return self.statistic(np.exp(-logs) * self.a, self.b, self.signs)

    def p(self, logs: Floats) -> Floats:
        """The p of every ratio."""
        unswapped = self.statistic(np.exp(-logs) * self.a, self.b, np.ones((1, len(self.a))))[0]
        return p_of(unswapped, self.swapped(logs), self.units)


def _distance(test: _Test, logs: Floats, side: int, level: float) -> Floats:
    """Distance from each log ratio to the farthest ratio on one side that is not rejected; infinite if none is
    rejected.

    A normal deviate of p is nearly linear in the distance, so few steps are needed. The ratio 1 is tried first, so
    interval and test agree at 1. Next comes the 1 − ``level`` quantile of the swapped statistics at the ratio itself.
    """
    guess = np.maximum(np.quantile(np.abs(test.swapped(logs)), 1 - level, axis=0), NEAREST)
    of_one, goal = -side * logs, float(norm.isf(level / 2))
    near, far = crossings(
        lambda distance: norm.isf(test.p(logs + side * distance) / 2) - goal,
        -goal,
        (np.where(of_one > 0, of_one, guess), guess),
        limit=MAX_LOG,
        part=PART,
    )
    return np.where(np.isfinite(far), near, math.inf)


def _ends(low: float, high: float) -> tuple[float, float]:
    """Both ends as ratios; NaN if either is infinite, since an interval open on one side does not count."""
    return (math.exp(low), math.exp(high)) if math.isfinite(low) and math.isfinite(high) else (math.nan, math.nan)


def _reason(low: float, high: float) -> tuple[str, ...]:
    return () if math.isfinite(low) and math.isfinite(high) else ("these runs exclude no ratio on one side",)
