"""Ratio of two methods' standard deviations, with the interval of all ratios that the swap test does not reject."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.statistics.swaps import (
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
"""Log ratio that no end of an interval is beyond: a factor of 5·10⁸ says nothing."""
FIRST_STEP, HALVINGS = 0.1, 7
"""Distance from the ratio at which the search for an end of an interval begins, and its halvings."""
SAME_SCORES = "all runs of a method have the same score"


@dataclass(frozen=True)
class StdRatio:
    """The standard deviation of ours over that of theirs, with an interval."""

    value: float
    """Of several languages the geometric mean of their ratios; NaN where there is none, for ``reason``."""
    low: float
    high: float
    runs: int
    reason: str = ""
    """Why there is no ratio, or no interval; else empty."""


def std_ratio(ours: ArrayLike, theirs: ArrayLike, groups: ArrayLike | None = None, *, level: float = LEVEL) -> StdRatio:
    """Compare paired scores (runs,) or (runs × languages), in points; row i of both is the same setting and seed.

    The interval inverts ``swap_test`` (Lehmann & Romano, 2005, Testing Statistical Hypotheses, Section 3.5): it holds
    every ratio r at which ours/r and theirs do not differ at ``level``, two-sided. Interval and test therefore agree,
    and what is said of the test's size holds of the interval's coverage. Up to 5 runs no ratio can be rejected at 5 %,
    and there is no interval.

    The ratio does not depend on ddof. Runs are taken for a sample of the runs that could have been. Runs of one setting
    are alike, so that of few settings with several seeds each the interval is about these. With ``groups``, the setting
    of every run (runs,), whole settings are swapped instead of runs.

    Raises ``ValueError`` where the shapes do not fit or a score is not finite.
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
    """The ratio of every language of scores (runs × languages) by itself; otherwise as ``std_ratio``."""
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
) -> bool:
    """Whether the std ratio is shown to lie between two bounds, by two one-sided tests at ``level`` each.

    It is where the interval of ``std_ratio`` at twice the level lies between them (Schuirmann, 1987).
    """
    a, b = paired(ours, theirs)
    if len(a) < 2 or not (varies(a).all() and varies(b).all()):
        return False
    found = _Rejection.of(a, b, members_of(groups, len(a)), mean_log_ratios, 2 * level)
    log, ends = float(observed(a, b).mean()), np.log(bounds)
    return bool(ends[0] < log < ends[1] and all(found(np.array([end]))[0] for end in ends))


def _ratios(
    a: Floats,
    b: Floats,
    logs: Floats,
    members: Floats | None,
    after: Callable[[Floats, Floats, Floats], Floats],
    level: float,
) -> list[StdRatio]:
    """A ratio with its interval for each of some log ratios, which ``after`` gives after swaps (swaps × ratios)."""
    runs = len(a)
    rejected = _Rejection.of(a, b, members, after, level)
    if rejected.units < 2 or least_p(rejected.units) > level:
        reason = f"{rejected.units} {'runs' if members is None else 'settings'} are too few to exclude any ratio"
        return [StdRatio(math.exp(log), math.nan, math.nan, runs, reason) for log in logs]
    low, high = (logs + side * _distance(rejected, logs, side) for side in (-1, 1))
    return [
        StdRatio(math.exp(log), *_ends(below, above), runs, *_reason(below, above))
        for log, below, above in zip(logs, low, high, strict=True)
    ]


@dataclass(frozen=True)
class _Rejection:
    """Whether log ratios (ratios,) are rejected by the swap test of ours over the ratio, and theirs."""

    a: Floats
    b: Floats
    signs: Floats
    units: int
    after: Callable[[Floats, Floats, Floats], Floats]
    level: float

    @classmethod
    def of(
        cls,
        a: Floats,
        b: Floats,
        members: Floats | None,
        after: Callable[[Floats, Floats, Floats], Floats],
        level: float,
    ) -> "_Rejection":
        """The test of centred scores (runs × languages)."""
        units = len(a) if members is None else len(members)
        return cls(a, b, run_swaps(len(a), members), units, after, level)

    def __call__(self, logs: Floats) -> NDArray[np.bool_]:
        scaled = np.exp(-logs) * self.a
        unswapped = self.after(scaled, self.b, np.ones((1, len(self.a))))[0]
        return np.asarray(p_of(unswapped, self.after(scaled, self.b, self.signs), self.units) <= self.level)


def _distance(rejected: Callable[[Floats], NDArray[np.bool_]], logs: Floats, side: int) -> Floats:
    """How far from each log ratio on one side the rejected ones begin; infinite where none is rejected."""
    near, far = np.zeros_like(logs), np.full_like(logs, FIRST_STEP)
    while (kept := ~rejected(logs + side * far) & (far < MAX_LOG)).any():
        near, far = np.where(kept, far, near), np.where(kept, 2 * far, far)
    endless = far >= MAX_LOG
    for _ in range(HALVINGS):
        middle = (near + far) / 2
        out = rejected(logs + side * middle)
        near, far = np.where(out, near, middle), np.where(out, middle, far)
    return np.where(endless, math.inf, far)


def _ends(low: float, high: float) -> tuple[float, float]:
    """An interval that is open on a side is none."""
    return (math.exp(low), math.exp(high)) if math.isfinite(low) and math.isfinite(high) else (math.nan, math.nan)


def _reason(low: float, high: float) -> tuple[str, ...]:
    return () if math.isfinite(low) and math.isfinite(high) else ("the runs exclude no ratio on one side",)
