"""Runs of equal source score: how well the source score ranks the others, and how far apart these still are.

The paper (section 1): "the same validation score on the source language results in very different zero-shot test scores
on a target language".
"""

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.stats import t as student

from analysis.statistics.correlation import Correlation, spearman
from analysis.statistics.run_bootstrap import LEVEL, counts, percentiles, resamples_of

Interval = Literal["jackknife", "bootstrap"]

WITHIN = 1.0
"""Points between source scores that count as equal: about twice the standard error of a score near 85 % on 5,000 test
examples (0.5), so a difference that the source's own test set can hardly tell from none."""
ROUNDING = 1e-9
"""Points by which a difference may exceed ``within``, as 0.3 − 0.2 exceeds 0.1."""
MIN_FOR_INTERVAL = 4
"""Runs in pairs from which there is an interval of the spread."""


@dataclass(frozen=True)
class Spread:
    """How far apart a score is among runs of equal source score, in points."""

    value: float
    """Root mean square of the difference over the pairs, over √2; NaN where there is none, for ``reason``."""
    low: float
    high: float
    largest: float
    """Largest difference within a pair. It grows with the number of pairs: it describes these runs and estimates
    nothing."""
    pairs: int
    """Pairs of runs whose source scores are within the window."""
    n: int
    """Runs that are in a pair."""
    undefined: int = 0
    """Resamples left out of a bootstrap's interval: they held no pair."""
    reason: str = ""
    """Why there is no spread, or no interval; else empty."""


@dataclass(frozen=True)
class Against:
    """A score beside the source score."""

    correlation: Correlation
    """Spearman's, over runs."""
    spread: Spread


@dataclass(frozen=True)
class EqualSource:
    """What equal source scores leave open."""

    within: float
    source: Spread
    """Of the source score itself, over all runs that have one: what is left of it among runs that count as equal."""
    zero_shot: Against
    """Of the mean over the targets, over runs that have them all."""
    targets: tuple[Against, ...]
    """In the order of the columns, each over the runs that have it."""


def equal_source(
    source: ArrayLike,
    targets: ArrayLike,
    within: float = WITHIN,
    *,
    interval: Interval = "jackknife",
    each: bool = True,
) -> EqualSource:
    """Compare source scores (runs,) with target scores (runs × languages), both in points; NaN where a run lacks one.

    The spread is over all pairs of different runs whose source scores are at most ``within`` apart: √(mean of (yᵢ −
    yⱼ)² / 2), the standard deviation among runs of equal source score. With ``within`` infinite it is the sample
    standard deviation (ddof=1). Windows overlap and are no bins, so nothing depends on where a bin begins. A run amid
    many others is in more pairs, and counts for more.

    The correlations' intervals are percentile bootstraps over runs, of fewer resamples above 1,000 runs
    (``resamples_of``). Those of the spread are over whole runs too, either

    - ``jackknife``: t intervals of the log variance, with its delete-one-run jackknife error (Miller, 1968). Of normal
      scores a 95 % interval holds the truth in 0.93 to 0.95 of studies, at 5 runs as at 200, but at 5 its upper end is
      10 to 20 times the lower, which is what 5 runs tell. Of heavy tails it holds less: 0.90 to 0.92 at 20 to 200 runs
      of Student's t with 5 degrees of freedom, and 0.62 at 5 and 0.83 at 20 runs of which each collapses with a chance
      of 1 in 10, as many such studies have no collapsed run.
    - ``bootstrap``: percentiles over resampled runs; a pair of a run with itself counts nowhere. Too short: 0.7 to 0.8
      at 5 runs, 0.88 at 20, 0.92 at 50 and 0.94 at 200 of normal scores. It has a width where the jackknife has none.

    ``python -m tests.benchmarks.run_intervals`` measures these.

    Without ``each`` the zero-shot score alone has a correlation, and the targets' are NaN: their bootstrap takes
    longest.

    Raises ``ValueError`` where the shapes do not fit, a score is infinite or ``within`` is negative or no number.
    """
    x, y = np.asarray(source, np.float64), np.asarray(targets, np.float64)
    if x.ndim != 1 or y.ndim != 2 or len(x) != len(y):
        raise ValueError(f"source scores are (runs,) and target scores runs × languages, not {x.shape} and {y.shape}")
    if np.isinf(x).any() or np.isinf(y).any():
        raise ValueError("scores are finite, or NaN where there is none")
    if not within >= 0:
        raise ValueError(f"within is {within}; give the points between source scores that count as equal")
    zero_shot = y.mean(axis=1) if y.shape[1] else np.full(len(x), math.nan)
    columns = np.column_stack([x, zero_shot, y])
    columns[np.isnan(x)] = np.nan
    spreads = _spreads(x, columns, within, interval)
    resamples = resamples_of(len(x))
    asked = columns.T[1:] if each else columns.T[1:2]
    ranked = [spearman(pd.Series(x), pd.Series(column), units="runs", resamples=resamples) for column in asked]
    unasked = Correlation(math.nan, math.nan, math.nan, len(x), reason="it is not asked for")
    ranked += [unasked] * (columns.shape[1] - 1 - len(ranked))
    against = [Against(correlation, spread) for correlation, spread in zip(ranked, spreads[1:], strict=True)]
    return EqualSource(within, spreads[0], against[0], tuple(against[1:]))


def _spreads(
    source: NDArray[np.float64], columns: NDArray[np.float64], within: float, interval: Interval
) -> list[Spread]:
    """The spread of every column; those that the same runs have are done at once."""
    found: dict[int, Spread] = {}
    present, alike = np.unique(~np.isnan(columns), axis=1, return_inverse=True)
    for group, runs in enumerate(present.T):
        here = np.flatnonzero(alike == group)
        found |= zip(here, _complete_spreads(source[runs], columns[np.ix_(runs, here)], within, interval), strict=True)
    return [found[i] for i in range(columns.shape[1])]


def _complete_spreads(
    source: NDArray[np.float64], columns: NDArray[np.float64], within: float, interval: Interval
) -> list[Spread]:
    runs, none = len(source), math.nan
    order = np.argsort(source, kind="stable")
    source, columns = source[order], columns[order]
    # Runs within reach of run i are begin[i] … end[i] − 1, itself included.
    end = np.searchsorted(source, source + within + ROUNDING, side="right")
    begin = np.searchsorted(end, np.arange(runs), side="right")
    pairs, members = int((end - np.arange(runs) - 1).sum()), int((end - begin > 1).sum())
    if not pairs:
        why = (
            f"no two runs have source scores within {within:g} of each other"
            if runs > 1
            else "there are fewer than 2 runs"
        )
        return [Spread(none, none, none, none, 0, 0, reason=why)] * columns.shape[1]
    # All runs from i to end[i] are within reach of one another, and every pair is in the stretch of its first.
    stretches, padded = np.column_stack([np.arange(runs), end]).ravel(), np.vstack([columns, columns[-1:]])
    highest, lowest = (extreme.reduceat(padded, stretches, axis=0)[::2] for extreme in (np.maximum, np.minimum))
    largest = (highest - lowest).max(axis=0)
    centred = columns - columns.mean(axis=0)
    value = _spread(centred, np.ones((1, runs)), begin, end)[0] * (largest > 0)
    made = [Spread(float(v), none, none, float(most), pairs, members) for v, most in zip(value, largest, strict=True)]
    if members < MIN_FOR_INTERVAL:
        return [replace(spread, reason=f"fewer than {MIN_FOR_INTERVAL} runs are in a pair") for spread in made]
    undefined = 0
    if interval == "bootstrap":
        resampled = np.concatenate([_spread(centred, drawn, begin, end) for drawn in counts(runs, resamples_of(runs))])
        empty = np.isnan(resampled[:, 0])
        undefined = int(empty.sum())
        low, high = percentiles(resampled[~empty])
    else:
        factor = _jackknife(centred, begin, end, members)
        low, high = value / factor, value * factor
    for i, spread in enumerate(made):
        if not largest[i]:
            made[i] = replace(spread, reason="the scores are the same in all pairs")
        elif math.isnan(low[i]):
            made[i] = replace(spread, reason="without one of the runs no spread is left")
        else:
            made[i] = replace(spread, low=float(low[i]), high=float(high[i]), undefined=undefined)
    return made


def _jackknife(
    columns: NDArray[np.float64], begin: NDArray[np.intp], end: NDArray[np.intp], members: int
) -> NDArray[np.float64]:
    """By what factor the interval of every column's spread goes up and down from it; NaN where leaving out a run leaves
    none.

    Columns are runs × columns, centred. Runs in no pair change nothing when they are left out, and give no degree of
    freedom.
    """
    others = end - begin - 1.0
    y, one = columns.T, np.ones((1, len(columns)))
    of_each = (
        y * y * _within_reach(one, begin, end) - 2 * y * _within_reach(y, begin, end) + _within_reach(y * y, begin, end)
    )
    squares, pairs = of_each.sum(axis=1, keepdims=True), others.sum()
    left = squares - 2 * of_each
    left[(left <= ROUNDING * squares).any(axis=1) | (pairs == 2 * others).any()] = np.nan
    logs = np.log(left / np.maximum(pairs - 2 * others, 1))[:, others > 0]
    error = np.sqrt((members - 1) * logs.var(axis=1, ddof=0))
    factor: NDArray[np.float64] = np.exp(student.ppf((1 + LEVEL) / 2, members - 1) * error / 2)
    return factor


def _spread(
    columns: NDArray[np.float64], drawn: NDArray[np.float64], begin: NDArray[np.intp], end: NDArray[np.intp]
) -> NDArray[np.float64]:
    """The spread of every column in every sample (samples × columns), given how often it has each run; NaN where no
    pair is drawn.

    The sum over ordered pairs of wᵢwⱼ(yᵢ − yⱼ)²/2 is Σ wᵢyᵢ²Wᵢ − Σ wᵢyᵢSᵢ, where W and S are the sums of w and of wy
    over the runs within reach, differences of running sums. It rounds to some 1e-6 points where the columns, centred,
    are a few tens.
    """
    reach = _within_reach(drawn, begin, end)
    pairs = np.rint((drawn * reach).sum(axis=1) - (drawn * drawn).sum(axis=1))
    squares = (drawn * reach) @ (columns * columns)
    for i, column in enumerate(columns.T):
        weighted = drawn * column
        squares[:, i] -= np.einsum("ij,ij->i", weighted, _within_reach(weighted, begin, end))
    pairs[pairs == 0] = np.nan
    spreads: NDArray[np.float64] = np.sqrt(np.maximum(squares, 0) / pairs[:, None])
    return spreads


def _within_reach(values: NDArray[np.float64], begin: NDArray[np.intp], end: NDArray[np.intp]) -> NDArray[np.float64]:
    """Sums of the values (samples × runs) over begin[i] … end[i] − 1, for every run i."""
    running = np.zeros((len(values), values.shape[1] + 1))
    np.cumsum(values, axis=1, out=running[:, 1:])
    return running[:, end] - running[:, begin]
