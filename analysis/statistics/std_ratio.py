"""Ratio of two methods' standard deviations, with an interval over runs."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import t as student

from analysis.statistics.run_bootstrap import LEVEL, counts, resamples_of

MIN_UNITS = 4
"""Runs from which there is an interval."""
MIN_FOR_BOOTSTRAP = 8
"""Runs from which it is a bootstrap's: of fewer, too many resamples repeat a few runs."""
SAME = 1e-9
"""Standard deviation, relative to the largest score, below which scores are the same but for rounding."""


MAX_WIDTH = 20.0
"""Log ratio that no end of a bootstrap's interval is beyond: a factor of 5·10⁸ says nothing."""


@dataclass(frozen=True)
class StdRatio:
    """The standard deviation of ours over that of theirs, with a 95 % interval."""

    value: float
    """Of several languages the geometric mean of their ratios; NaN where there is none, for ``reason``."""
    low: float
    high: float
    runs: int
    way: str = ""
    """``bootstrap`` or ``jackknife``; empty where there is no interval."""
    reason: str = ""
    """Why there is no ratio, or no interval; else empty."""


def std_ratio(ours: ArrayLike, theirs: ArrayLike, groups: ArrayLike | None = None) -> StdRatio:
    """Compare paired scores (runs,) or (runs × languages), in points; row i of both is the same setting and seed.

    From 8 runs on the interval is a symmetric bootstrap-t of the log ratio (Hall, 1988): whole runs are drawn, paired
    across the methods and with all their languages, and each resample is studentised by the influence function of its
    own log ratio. It holds the truth in 0.94 to 0.965 of studies with normal scores and scores of Student's t with 5
    degrees of freedom, and in 0.93 to 0.965 with skewed ones. The percentile bootstrap holds it in 0.87 to 0.93 at 8
    and 10 runs, and in 0.90 to 0.95 at 20. Of 4 to 7 runs, of which no bootstrap is to be trusted, the interval is the
    jackknife's with Student's t: 0.94 to 0.96 at 5 runs, where its ends are typically 6 to 7 times apart for 14
    languages that are paired, and 30 to 43 times for one that is not. Where a run in 10 collapses it does not keep its
    promise: 0.87 to 0.975 up to 20 runs, as many such studies have no collapsed run, and 0.98 to 0.99 at 50. ``python
    -m tests.benchmarks.spread`` measures these. Where scores repeat so that more than 1 in 20 resamples do not vary
    there is no interval.

    The ratio does not depend on ddof. Runs are taken for a sample of the runs that could have been. Runs of one setting
    are alike, so that of few settings with several seeds each the interval is too short for other settings: it is about
    these. With ``groups``, the setting of every run (runs,), whole settings are drawn, or left out, instead of runs;
    all of the above is then said of the number of settings.

    Raises ``ValueError`` where the shapes do not fit or a score is not finite.
    """
    a, b = paired(ours, theirs)
    runs, none = len(a), math.nan
    members = members_of(groups, runs)
    units, unit = (runs, "runs") if members is None else (len(members), "settings")
    if runs < 2:
        return StdRatio(none, none, none, runs, reason="there are fewer than 2 runs")
    if not (varies(a).all() and varies(b).all()):
        return StdRatio(none, none, none, runs, reason="all runs of a method have the same score")
    every = np.ones((1, units))
    log, error = (float(found[0]) for found in _log_ratios(a, b, every, members))
    value = math.exp(log)
    if units < MIN_UNITS:
        return StdRatio(value, none, none, runs, reason=f"there are fewer than {MIN_UNITS} {unit}")
    if error <= SAME:
        reason = "but for a shift and a scale the two methods' scores are the same, or two scores each as often"
        return StdRatio(value, none, none, runs, reason=reason)
    if units < MIN_FOR_BOOTSTRAP:
        left = _log_ratios(a, b, every - np.eye(units), members)[0]
        if not np.isfinite(left).all():
            return StdRatio(
                value, none, none, runs, reason=f"without one of the {unit} a method's scores are all the same"
            )
        half = float(student.ppf((1 + LEVEL) / 2, units - 1) * math.sqrt((units - 1) * left.var(ddof=0)))
        return StdRatio(value, math.exp(log - half), math.exp(log + half), runs, "jackknife")
    blocks = [
        _log_ratios(a, b, drawn, members)
        for drawn in counts(units, resamples_of(runs), width=runs * a.shape[1] // units)
    ]
    logs, errors = (np.concatenate(part) for part in zip(*blocks, strict=True))
    with np.errstate(divide="ignore", invalid="ignore"):
        # Where one has no ratio or, its scores being two and each as often, no error but rounding's, it counts as
        # infinitely far off.
        distances = np.where(np.isfinite(logs) & (errors > SAME), np.abs(logs - log) / errors, math.inf)
    half = error * float(np.quantile(distances, LEVEL, method="higher"))
    if half > MAX_WIDTH:
        return StdRatio(
            value, none, none, runs, reason="the scores are too often the same: more than 1 in 20 resamples do not vary"
        )
    return StdRatio(value, math.exp(log - half), math.exp(log + half), runs, "bootstrap")


def paired(ours: ArrayLike, theirs: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Both as centred runs × languages."""
    a, b = (np.asarray(scores, np.float64) for scores in (ours, theirs))
    if a.ndim == 1:
        a, b = a[:, None], b[:, None] if b.ndim == 1 else b
    if a.ndim != 2 or a.shape != b.shape or not a.shape[1]:
        raise ValueError(
            f"scores are (runs,) or runs × languages, the same of both, not {np.shape(ours)} and {np.shape(theirs)}"
        )
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise ValueError("scores are finite")
    if not len(a):
        return a, b
    centred = (scores - scores.mean(axis=0) for scores in (a, b))
    first, second = (
        np.where(np.abs(c).max(axis=0) <= SAME * np.abs(s).max(axis=0), 0, c)
        for c, s in zip(centred, (a, b), strict=True)
    )
    return first, second


def members_of(groups: ArrayLike | None, runs: int) -> NDArray[np.float64] | None:
    """Which runs are drawn or swapped together, groups × runs; ``None`` where each is by itself."""
    if groups is None:
        return None
    labels = np.asarray(groups)
    if labels.shape != (runs,):
        raise ValueError(f"groups are (runs,), not {labels.shape}")
    places = np.unique(labels, return_inverse=True)[1]
    return np.asarray(places == np.arange(places.max(initial=-1) + 1)[:, None], np.float64)


def varies(centred: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which columns are not the same in all runs."""
    return np.asarray(np.abs(centred).max(axis=0) > 0)


def _log_ratios(
    a: NDArray[np.float64],
    b: NDArray[np.float64],
    units: NDArray[np.float64],
    members: NDArray[np.float64] | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean log std ratio over languages of every sample (samples × units: how often it has each), and its standard
    error.

    The error is that of the influence function ψᵢ = mean over languages of ((aᵢ − ā)²/vₐ − (bᵢ − b̄)²/v_b)/2, summed
    over the runs of a unit (``members``, units × runs).
    """
    drawn = units if members is None else units @ members
    size = drawn.sum(axis=1, keepdims=True)
    log = np.zeros(len(drawn))
    influence = np.zeros(drawn.shape)
    with np.errstate(divide="ignore", invalid="ignore"):
        for scores, sign in ((a, 0.5), (b, -0.5)):
            mean = drawn @ scores / size
            variance = drawn @ scores**2 / size - mean**2
            variance[variance <= SAME**2 * (scores**2).max(axis=0)] = 0  # a resample of one run, again and again
            log += sign * np.log(variance).mean(axis=1)
            inverse = 1 / variance
            squares = (
                inverse @ (scores**2).T
                - 2 * (mean * inverse) @ scores.T
                + (mean**2 * inverse).sum(axis=1, keepdims=True)
            )
            influence += sign * squares / scores.shape[1]
        error = (
            np.sqrt((units * (influence if members is None else influence @ members.T) ** 2).sum(axis=1)) / size[:, 0]
        )
    return log, error
