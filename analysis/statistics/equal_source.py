"""Runs of equal source score: how well the source score ranks the target scores, and how much target scores still
differ.

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
"""Largest distance, in points, between source scores that count as equal.

This distance is about twice the standard error of a score near 85 % on 5,000 test examples (0.5). The source's test set
can hardly detect such a difference.
"""
ROUNDING = 1e-9
"""Tolerance in points above ``within`` for rounding: in floating point 0.7 + 0.1 is below 0.8."""
MIN_FOR_INTERVAL = 4
"""Fewest runs in pairs for an interval of the spread."""


@dataclass(frozen=True)
class Spread:
    """The spread of a score among runs of equal source score, in points."""

    value: float
    """Root mean square of the difference over the pairs, divided by √2; NaN when undefined (see ``reason``)."""
    low: float
    high: float
    largest: float
    """Largest difference within a pair. It grows with the number of pairs, so it describes these runs only."""
    pairs: int
    """Pairs of runs whose source scores are within the window."""
    n: int
    """Number of runs that belong to a pair."""
    undefined: int = 0
    """Resamples without a pair, left out of the bootstrap interval."""
    reason: str = ""
    """Why the spread or its interval is missing; else empty."""


@dataclass(frozen=True)
class Against:
    """A target score compared with the source score."""

    correlation: Correlation
    """Spearman's correlation over runs."""
    spread: Spread


@dataclass(frozen=True)
class EqualSource:
    """How far equal source scores determine the target scores."""

    within: float
    source: Spread
    """Spread of the source score itself, over all runs with a source score: the difference that remains among runs that
    count as equal."""
    zero_shot: Against
    """The mean over the target languages, over runs with a score in all target languages."""
    targets: tuple[Against, ...]
    """Each target language in column order, over the runs with a score in this language."""


def equal_source(
    source: ArrayLike,
    targets: ArrayLike,
    within: float = WITHIN,
    *,
    interval: Interval = "jackknife",
    each: bool = True,
) -> EqualSource:
    """Compare source scores with target scores.

    The spread is √(mean of (yᵢ − yⱼ)² / 2) over all pairs of different runs whose source scores are at most ``within``
    apart. It is the standard deviation among runs of equal source score. With ``within`` infinite it is the sample
    standard deviation (ddof=1). Windows overlap instead of forming bins, so the result depends on no bin edge. A run
    with many neighbours is in more pairs and counts more.

    The correlations' intervals are percentile bootstraps over runs, with fewer resamples above 1,000 runs
    (``resamples_of``). The spread's interval is over whole runs too, and has two forms:

    - ``jackknife``: t interval of the log variance with its delete-one-run jackknife error (Miller, 1968). With normal
      scores a 95 % interval covers the truth in 0.93 to 0.95 of studies, from 5 runs to 200. At 5 runs its upper end is
      10 to 20 times the lower: 5 runs give no more information. Heavy tails lower the coverage: 0.90 to 0.92 at 20 to
      200 runs of Student's t with 5 degrees of freedom. With a collapse chance of 1 in 10, coverage is 0.62 at 5 runs
      and 0.83 at 20: many such studies have no collapsed run.
    - ``bootstrap``: percentiles over resampled runs; pairs of a run with itself are left out. It is too short: coverage
      with normal scores is 0.7 to 0.8 at 5 runs, 0.88 at 20, 0.92 at 50 and 0.94 at 200. The bootstrap also gives an
      interval in cases without a jackknife interval.

    ``python -m tests.benchmarks.run_intervals`` measures these figures.

    Args:
        source: source scores (runs,), in points; NaN when missing.
        targets: target scores (runs × languages), in points; NaN when missing.
        within: largest distance, in points, between source scores that count as equal.
        interval: form of the spread's interval.
        each: whether every target gets a correlation with the source, and not the zero-shot score alone. The bootstrap
            of these correlations takes longest. If false, they are NaN.

    Raises:
        ValueError: shapes do not fit, a score is infinite, or ``within`` is negative or NaN.
    """
    x, y = np.asarray(source, np.float64), np.asarray(targets, np.float64)
    if x.ndim != 1 or y.ndim != 2 or len(x) != len(y):
        raise ValueError(
            f"source scores must be (runs,) and target scores runs × languages, not {x.shape} and {y.shape}"
        )
    if np.isinf(x).any() or np.isinf(y).any():
        raise ValueError("all scores must be finite, or NaN for no score")
    if not within >= 0:
        raise ValueError(f"within must be a number of points of at least 0, not {within}")
    zero_shot = y.mean(axis=1) if y.shape[1] else np.full(len(x), math.nan)
    columns = np.column_stack([x, zero_shot, y])
    columns[np.isnan(x)] = np.nan
    spreads = _spreads(x, columns, within, interval)
    resamples = resamples_of(len(x))
    asked = columns.T[1:] if each else columns.T[1:2]
    ranked = [spearman(pd.Series(x), pd.Series(column), units="runs", resamples=resamples) for column in asked]
    unasked = Correlation(math.nan, math.nan, math.nan, len(x), reason="the correlation was not requested")
    ranked += [unasked] * (columns.shape[1] - 1 - len(ranked))
    against = [Against(correlation, spread) for correlation, spread in zip(ranked, spreads[1:], strict=True)]
    return EqualSource(within, spreads[0], against[0], tuple(against[1:]))


def _spreads(
    source: NDArray[np.float64], columns: NDArray[np.float64], within: float, interval: Interval
) -> list[Spread]:
    """The spread of every column. Columns with the same runs are computed together."""
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
    # Runs within reach of run i are begin[i] … end[i] − 1, run i included.
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
    # All runs from i to end[i] − 1 are within reach of one another. Every pair lies in the stretch of its first run.
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
            made[i] = replace(spread, reason="without one of the runs there is no spread")
        else:
            made[i] = replace(spread, low=float(low[i]), high=float(high[i]), undefined=undefined)
    return made


def _jackknife(
    columns: NDArray[np.float64], begin: NDArray[np.intp], end: NDArray[np.intp], members: int
) -> NDArray[np.float64]:
    """The factor between every column's spread and the ends of its interval; NaN if there is no spread without one of
    the runs.

    Columns are runs × columns, centred. A run outside all pairs changes nothing if it is left out, so it gives no
    degree of freedom.
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
    """The spread of every column in every sample (samples × columns), given the count of each run; NaN without a pair.

    The sum over ordered pairs of wᵢwⱼ(yᵢ − yⱼ)²/2 is Σ wᵢyᵢ²Wᵢ − Σ wᵢyᵢSᵢ. W and S are the sums of w and of wy over the
    runs within reach, computed as differences of running sums. The rounding error is about 1e-6 points when the centred
    columns are a few tens.
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
