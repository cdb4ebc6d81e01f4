"""The multi-bootstrap: the difference of two methods' mean scores when both runs and test examples are samples.

Sellam et al. (2022), The MultiBERTs: BERT Reproductions for Robustness Analysis, Section 3, with paired runs.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import nan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.statistics.run_bootstrap import SEED, percentiles

RESAMPLES = 9_999
MIN_UNITS = 2
"""Fewest runs, and examples of a language, for an interval."""
TRUSTED_RUNS, TRUSTED_EXAMPLES = 20, 300
"""Fewest runs, and fewest examples over all languages, with which the interval covers 93 to 97 % in simulations
(``tests.benchmarks.variance``).

With fewer runs the interval is too narrow if runs differ much. With fewer examples it is too wide: the chance in a
single answer counts three times, over the runs, over the examples and over both.
"""
MIN_FOR_P = 20
"""Fewest runs for a p. In simulations without a difference, p is below 0.05 in 16 % of samples of two runs. This share
is 40 % if the methods differ much by run. With eight runs the shares are 5 and 9 %."""
BLOCK = 1 << 20
"""Resamples × examples in one block of weights: 4 MiB."""


@dataclass(frozen=True)
class Metric:
    """A score as a ratio of weighted sums of counts: 100 · (totals · numerator) / (totals · denominator).

    ``totals`` are the counts, summed over examples; ``numerator`` and ``denominator`` have a weight for each count. The
    score is 0 if both weighted sums are 0.
    """

    name: str
    statistics: tuple[str, ...]
    """Names of the counts of each example."""
    numerator: tuple[int, ...]
    denominator: tuple[int, ...]

    def score(self, totals: NDArray[Any]) -> NDArray[np.float64]:
        """Scores in points (any shape) from sums over examples (that shape × statistics)."""
        above, below = (
            np.asarray(totals, np.float64) @ np.asarray(weights, np.float64)
            for weights in (self.numerator, self.denominator)
        )
        return 100 * np.divide(above, below, out=np.zeros_like(above), where=below > 0)


@dataclass(frozen=True)
class Difference:
    """A difference of mean scores, ours − theirs, in points, with its multi-bootstrap interval."""

    difference: float
    """NaN when undefined (see ``reason``)."""
    low: float
    """Ends of the middle 95 % of the resampled differences; NaN when undefined (see ``reason``)."""
    high: float
    p: float
    """Two-sided: twice the share of resamples at or beyond 0, on the rarer side.

    The data count as one more resample on that side, so p is below 0.05 only if the interval excludes 0. NaN with fewer
    than ``MIN_FOR_P`` runs or without an interval (see ``reason``).
    """
    runs: int
    """Number of pairs of runs."""
    examples: int
    """Number of test examples, summed over languages."""
    resamples: int
    reason: str = ""
    """Why the difference or its interval is missing; else empty."""
    warnings: tuple[str, ...] = ()
    """Why the interval may not cover 95 %, and why an interval comes without p."""


def difference(ours: NDArray[Any], theirs: NDArray[Any], metric: Metric, *, resamples: int = RESAMPLES) -> Difference:
    """The difference in one language; otherwise as ``zero_shot_difference``."""
    return zero_shot_difference({"": ours}, {"": theirs}, metric, resamples=resamples)


def zero_shot_difference(
    ours: Mapping[str, NDArray[Any]], theirs: Mapping[str, NDArray[Any]], metric: Metric, *, resamples: int = RESAMPLES
) -> Difference:
    """The difference, between two methods, of the mean over runs of the mean over languages.

    A resample draws runs once for all languages, and examples for each language separately. Both draws are the same for
    the two methods. The score of a resample is the mean over drawn runs of the metric on the drawn examples.

    Runs are drawn as if independent. With few settings of many seeds each, the interval is too narrow for a claim about
    other settings.

    Args:
        ours, theirs: by language, the metric's counts (runs × examples × statistics, see ``Metric``). Runs are pairs
            with one setting and seed, in the same order everywhere. The examples of a language are the same for both
            methods.
        metric: the score.
        resamples: number of resamples.

    Raises:
        ValueError: languages or shapes differ.
    """
    return differences(ours, theirs, metric, resamples=resamples)[0]


def differences(
    ours: Mapping[str, NDArray[Any]], theirs: Mapping[str, NDArray[Any]], metric: Metric, *, resamples: int = RESAMPLES
) -> tuple[Difference, dict[str, Difference]]:
    """The difference of the mean over languages, and the difference in every language, from the same resamples.

    Otherwise as ``zero_shot_difference``.
    """
    shapes = {code: np.shape(values) for code, values in ours.items()}
    if (
        shapes != {code: np.shape(values) for code, values in theirs.items()}
        or len({shape[0] for shape in shapes.values()}) > 1
    ):
        raise ValueError(f"both methods need the same runs and examples in the same languages, not {shapes}")
    runs = next((shape[0] for shape in shapes.values()), 0)
    examples = {code: shape[1] for code, shape in shapes.items()}
    found = {
        code: float(np.mean(metric.score(ours[code].sum(axis=1)) - metric.score(theirs[code].sum(axis=1))))
        for code in ours
        if runs and examples[code]
    }
    random = np.random.default_rng(SEED)
    drawn = np.concatenate(list(_drawn(random, runs, resamples))) / runs if runs >= MIN_UNITS else None
    resampled = {
        code: _differences(random, ours[code], theirs[code], metric, drawn)
        for code in sorted(ours)
        if drawn is not None and examples[code] >= MIN_UNITS
    }

    def over(codes: Sequence[str]) -> Difference:
        sizes = [examples[code] for code in codes]
        if not codes or any(code not in found for code in codes):
            reason = "there are no paired runs with predictions"
            return Difference(nan, nan, nan, nan, runs, sum(sizes), 0, reason=reason)
        value = float(np.mean([found[code] for code in codes]))
        if any(code not in resampled for code in codes):
            lacking = "paired runs" if runs < MIN_UNITS else "test examples in a language"
            reason = f"there are fewer than {MIN_UNITS} {lacking}"
            return Difference(value, nan, nan, nan, runs, sum(sizes), 0, reason=reason)
        return _interval(value, np.mean([resampled[code] for code in codes], axis=0), runs, sum(sizes))

    return over(sorted(ours)), {code: over([code]) for code in ours}


def _interval(found: float, resampled: NDArray[np.float64], runs: int, examples: int) -> Difference:
    """The difference with its interval, p and warnings from its resamples."""
    low, high = percentiles(resampled)
    rarer = 1 + int(min(np.count_nonzero(resampled <= 0), np.count_nonzero(resampled >= 0)))
    warnings = {
        f"with fewer than {TRUSTED_RUNS} runs the interval may be too narrow": runs < TRUSTED_RUNS,
        f"with fewer than {MIN_FOR_P} runs there is no bootstrap p: it would be small too often": runs < MIN_FOR_P,
        f"with fewer than {TRUSTED_EXAMPLES} examples the interval may be too wide": examples < TRUSTED_EXAMPLES,
    }
    resamples = len(resampled)
    p = min(1.0, 2 * rarer / (resamples + 1)) if runs >= MIN_FOR_P else nan
    told = tuple(warning for warning, applies in warnings.items() if applies)
    return Difference(found, float(low), float(high), p, runs, examples, resamples, warnings=told)


def _differences(
    random: np.random.Generator, ours: NDArray[Any], theirs: NDArray[Any], metric: Metric, drawn: NDArray[np.float64]
) -> NDArray[np.float64]:
    """A language's difference in every resample, given each run's weight in the resample (resamples × runs)."""
    runs, examples, _ = ours.shape
    both = np.concatenate([ours, theirs])
    # Numerators and denominators of all runs of both methods, one column each: a block of resamples is then one
    # product.
    columns = np.concatenate(
        [both @ np.asarray(weights) for weights in (metric.numerator, metric.denominator)]
    ).T.astype(np.float32)
    found = []
    for weights in _drawn(random, examples, len(drawn)):
        above, below = np.split(weights @ columns, 2, axis=1)
        scores = 100 * np.divide(above, below, out=np.zeros_like(above), where=below > 0)
        found.append(scores[:, :runs] - scores[:, runs:])
    weighted: NDArray[np.float64] = (drawn * np.concatenate(found)).sum(axis=1, dtype=np.float64)
    return weighted


def _drawn(random: np.random.Generator, units: int, resamples: int) -> Iterator[NDArray[np.float32]]:
    """Number of draws of each unit in each resample, in blocks (some resamples × units)."""
    rows = max(1, BLOCK // units)
    for start in range(0, resamples, rows):
        block = random.integers(units, size=(min(rows, resamples - start), units))
        block += units * np.arange(len(block))[:, None]
        yield np.bincount(block.ravel(), minlength=block.size).reshape(block.shape).astype(np.float32)
