"""Expected score of the best of n runs (Dodge et al., 2019, "Show Your Work"), and of the run with the best source
score."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln

from analysis.statistics.run_bootstrap import counts, percentiles, resamples_of

MAX_TRIES = 200
"""Largest number of points in a default curve. With more runs the points are spaced evenly on a logarithmic axis."""
MIN_FOR_INTERVAL = 4


@dataclass(frozen=True)
class Curve:
    """An expected score after each number of tries, with pointwise percentile bootstrap intervals over runs."""

    tries: NDArray[np.intp]
    """Numbers of tries, (tries,), each from 1 to n."""
    value: NDArray[np.float64]
    """Expected scores, (tries,), in points; empty without runs."""
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    """Upper ends; both ends are empty without an interval (see ``reason``)."""
    n: int
    """Number of runs."""
    replacement: bool
    reason: str = ""
    """Why the curve or its interval is missing; else empty."""


@dataclass(frozen=True)
class ExpectedBest:
    """Expected scores after n random runs of a study."""

    dev: Curve
    """The best source dev score: Dodge et al.'s curve."""
    zero_shot: Curve
    """The zero-shot score of the run with the best source dev score: the protocol's result. It may fall with n."""
    oracle: Curve
    """The best zero-shot score, as if selected on the targets: a bound that no zero-shot protocol may report as its
    result."""


def expected_best(
    dev: ArrayLike, zero_shot: ArrayLike, tries: ArrayLike | None = None, *, replacement: bool = False
) -> ExpectedBest:
    """All three curves, over the runs with both source dev and zero-shot scores ((runs,) each, NaN for none).

    Estimators and limits are as in ``selected``.
    """
    by, scores = _both(dev, zero_shot)
    pairs = ((by, by), (by, scores), (scores, scores))
    return ExpectedBest(*(selected(one, other, tries, replacement=replacement) for one, other in pairs))


def selected(by: ArrayLike, scores: ArrayLike, tries: ArrayLike | None = None, *, replacement: bool = False) -> Curve:
    """The expected score of the run with the highest ``by`` among n random runs.

    The expectation is exact, by order statistics of ``by``. Tied runs share their chance evenly. ``selected(scores,
    scores)`` is the expected best.

    - ``replacement=False``: the mean over all sets of n different runs (Tang et al., 2020, "Showing Your Work Doesn't
      Always Work"). It is unbiased for the best of n runs from the same population. With n near the number of runs it
      rests on few sets: the last value is the score of the best run.
    - ``replacement=True``: Dodge et al.'s eq. 8, n draws from the empirical distribution. It is too low, because a run
      may be drawn twice. With a normal score and N = 20 runs the bias is 0.03 standard deviations at n = N/10 and 0.21
      at n = N. At n = N the bias is 0.26 with N = 5 and 0.16 with N = 200. The estimator's variance is smaller. For n
      near N its mean squared error is smaller too (Dodge et al., 2021). At n = N = 20 its standard error is 0.43, and
      the unbiased estimator's is 0.53.

    The default is unbiased because methods are compared here. The bias grows with the spread and falls with the number
    of runs. A biased estimator would favour a steadier method, or a method with more runs.

    Bands are pointwise percentile bootstraps over runs. With either estimator, their coverage is 95 % only if n is far
    below the number of runs N. At n = 1, N/10, N/4, N/2 and N, with normal scores and N = 50, the coverage for the
    expected best is 0.94, 0.89, 0.82, 0.69 and 0.47. The band cannot reach above the best run (Tang et al., 2020).
    For a zero-shot score selected by the source (correlation 0.45) the coverage is 0.94, 0.92, 0.91, 0.88 and 0.84. At
    N = 200 the figures are similar; at N = 5 coverage is 0.85 at n = 1. ``python -m tests.benchmarks.run_intervals``
    measures these figures.

    "Tries" are random draws from the settings and seeds of these runs, not a tuner's next trial.

    Args:
        by: score that selects the run, (runs,); NaN for none.
        scores: score of the selected run, (runs,); NaN for none.
        tries: numbers of tries, each from 1 to the number of runs; at most ``MAX_TRIES`` of them by default.
        replacement: the estimator.

    Raises:
        ValueError: shapes do not fit, a score is infinite, or tries are not from 1 to the number of runs.
    """
    x, y = _both(by, scores)
    runs, none = len(x), np.empty(0)
    asked = _default_tries(runs) if tries is None else np.asarray(tries)
    if asked.ndim != 1 or (asked != asked.astype(np.intp)).any() or (runs and ((asked < 1) | (asked > runs)).any()):
        raise ValueError(f"tries must be whole numbers from 1 to the number of runs, {runs}")
    asked = asked.astype(np.intp)
    if not runs:
        return Curve(asked, none, none, none, 0, replacement, "there are no runs")
    order = np.argsort(x, kind="stable")
    y, first = y[order], np.unique(x[order], return_index=True)[1]
    chances = _chances(runs, asked, replacement)
    value = (_in_order(y, first, np.ones((1, runs))) @ chances)[0]
    if runs < MIN_FOR_INTERVAL:
        return Curve(asked, value, none, none, runs, replacement, f"there are fewer than {MIN_FOR_INTERVAL} runs")
    blocks = counts(runs, resamples_of(runs))
    low, high = percentiles(np.concatenate([_in_order(y, first, drawn[:, order]) @ chances for drawn in blocks]))
    return Curve(asked, value, low, high, runs, replacement)


def _default_tries(runs: int) -> NDArray[np.intp]:
    if runs <= MAX_TRIES:
        return np.arange(1, runs + 1)
    return np.unique(np.rint(np.geomspace(1, runs, MAX_TRIES)).astype(np.intp))


def _chances(runs: int, tries: NDArray[np.intp], replacement: bool) -> NDArray[np.float64]:
    """The chance that the best of n draws is the k-th lowest of the runs (runs × tries)."""
    upto, n = np.arange(runs + 1.0)[:, None], tries.astype(np.float64)
    if replacement:
        none_above = (upto / runs) ** n
    else:
        # C(k, n) / C(N, n) by log gamma, because the single terms overflow.
        possible = upto >= n
        ways = (
            gammaln(upto + 1) - gammaln(np.where(possible, upto - n, 0) + 1) - gammaln(runs + 1) + gammaln(runs - n + 1)
        )
        none_above = np.where(possible, np.exp(ways), 0)
    return np.diff(none_above, axis=0)


def _in_order(scores: NDArray[np.float64], first: NDArray[np.intp], drawn: NDArray[np.float64]) -> NDArray[np.float64]:
    """The scores of every sample's runs (samples × runs), from the worst to the best by the other score; ties have
    their mean.

    ``scores`` are in that order. ``first`` has the index of the first run at each distinct value of the other score.
    ``drawn`` is the count of each run in each sample (samples × runs).
    """
    of_each = np.add.reduceat(drawn, first, axis=1)
    sums = np.add.reduceat(drawn * scores, first, axis=1)
    means = sums / np.maximum(of_each, 1)
    return np.repeat(means.ravel(), of_each.ravel().astype(np.intp)).reshape(drawn.shape)


def _both(one: ArrayLike, other: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The two scores of every run that has both scores."""
    x, y = np.asarray(one, np.float64), np.asarray(other, np.float64)
    if x.ndim != 1 or x.shape != y.shape:
        raise ValueError(f"both scores must have the shape (runs,), not {x.shape} and {y.shape}")
    if np.isinf(x).any() or np.isinf(y).any():
        raise ValueError("all scores must be finite, or NaN for no score")
    both = ~(np.isnan(x) | np.isnan(y))
    return x[both], y[both]
