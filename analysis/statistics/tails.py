"""The worst runs of a method, and measures of spread beside the std, with intervals where one is valid."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import logit
from scipy.stats import binom

from analysis.statistics.run_bootstrap import LEVEL, counts, percentiles, resamples_of
from analysis.statistics.spread.swaps import members_of

TAIL = 0.10
"""Share of runs in the tail."""
MIN_FOR_IQR, MIN_UNITS = 20, 36
"""Fewest runs or settings for an interval of the IQR, and for an interval of any other measure."""
RESOLUTION = 0.1
"""Points that one example is worth in a test set of 1,000."""
SAME = 1e-9
"""Spread, relative to the largest score, below which scores count as equal up to rounding."""

Floats = NDArray[np.float64]
Statistic = Callable[[Floats, Floats], Floats]
"""A statistic: from ordered scores (runs,) and weights (samples × runs) to one number per sample."""
Influential = Callable[[Floats, Floats], tuple[Floats, Floats]]
"""A statistic that also returns its influence function at each run, samples × runs."""


@dataclass(frozen=True)
class Figure:
    """A measure with a 95 % interval."""

    estimate: float
    """In points, or logits. NaN without runs, for a spread of one run, and for logits without a resolution."""
    low: float = math.nan
    high: float = math.nan
    reason: str = ""
    """Why there is no interval; empty with an interval, and for logits without a resolution."""


@dataclass(frozen=True)
class Tails:
    """Tail measures of one method's runs; in points except ``logit_std``."""

    worst: Figure
    """The lowest score. It has no interval, because its expected value falls with every further run."""
    quantile: Figure
    """The 10 % quantile, interpolated."""
    worst_tenth: Figure
    """Mean of the lowest tenth, with the run at the tenth's edge counted in part: CVaR (Rockafellar & Uryasev,
    2000)."""
    iqr: Figure
    """Distance between the 25 % and the 75 % quantile."""
    gini: Figure
    """Gini's mean difference: the mean distance between two runs."""
    logit_std: Figure
    """Std of log(score / (100 − score)), in logits, with ddof 1."""
    n: int
    """Number of runs."""


def tails(scores: ArrayLike, settings: ArrayLike | None = None, resolution: float | None = RESOLUTION) -> Tails:
    """Measure the tail and the spread of one method's scores.

    Intervals need 36 runs, and the IQR's needs 20:

    - Quantile: order statistics, exact for any distribution. There is no interval over settings: with 40 settings the
      coverage of a percentile bootstrap is 0.90.
    - IQR: the percentile bootstrap.
    - All other measures: symmetric bootstrap-t (Hall, 1988). For Gini's mean difference and the logit std it is
      computed on the logarithm.

    Fewer runs do not suffice. With 10 % collapse, an eighth of studies of 20 runs have no collapsed run. Intervals of
    Gini's mean difference and the logit std would have a coverage of 0.84 to 0.86 at 20 runs. At 30 runs it is 0.90 to
    0.91. The interval of CVaR has no finite length at 30 runs. A percentile bootstrap of CVaR has a coverage of
    0.56 to 0.65 at 20 runs and 0.83 to 0.88 at 60.

    Coverage of 95 % intervals, normal scores / 10 % of runs 50 points lower, 400 to 800 studies a cell:

    | | 20 runs | 40 runs | 60 runs | 40 settings × 3 |
    |---|---|---|---|---|
    | quantile | – | .97 / .96 | .97 / .96 | – |
    | worst tenth | – | .96 / .98 | .95 / .97 | .92 / .95 |
    | IQR | .98 / .97 | .97 / .98 | .97 / .97 | .96 / .97 |
    | Gini | – | .94 / .95 | .96 / .96 | .95 / .97 |
    | logit std | – | .94 / .94 | .96 / .96 | .94 / .96 |

    In the last column settings have effects as large as the noise, or collapse as a whole.
    ``python -m tests.benchmarks.scopes`` measures the columns of 20 and 60 runs.

    Args:
        scores: (runs,), in points from 0 to 100; NaN is no score. The lowest is the worst.
        settings: each run's setting, (runs,). If given, whole settings are drawn, and the numbers of runs above apply
            to settings.
        resolution: points that one test example is worth. For logits, scores are kept half a resolution away from 0 and
            100. Without a resolution, scores may be any numbers, and there is no logit std.

    Raises:
        ValueError: other shapes, scores outside 0 to 100, or a resolution outside (0, 100).
    """
    values = np.asarray(scores, np.float64)
    if values.ndim != 1:
        raise ValueError(f"scores must have the shape (runs,), not {values.shape}")
    if settings is not None and np.shape(settings) != values.shape:
        raise ValueError(f"settings must have the shape of the scores, {values.shape}, not {np.shape(settings)}")
    there = ~np.isnan(values)
    kept = values[there]
    order = np.argsort(kept, kind="stable")
    ordered = kept[order]
    logits = None if resolution is None else logits_of(ordered, resolution)
    members = None if settings is None else members_of(np.asarray(settings)[there][order], len(kept))
    worst = Figure(float(ordered.min(initial=math.inf)), reason="with more runs, the worst run can only fall")
    if len(ordered) < 2:
        alone = Figure(float(ordered[0]) if len(ordered) else math.nan, reason="there are fewer than 2 runs")
        lacking = Figure(math.nan, reason=alone.reason)
        return Tails(worst if len(ordered) else lacking, alone, alone, lacking, lacking, lacking, len(ordered))
    return Tails(
        worst,
        _of_quantile(ordered, members),
        _bootstrap_t(_worst_tenth, ordered, members, logarithm=False),
        _percentile(_iqr, ordered, members, MIN_FOR_IQR),
        _bootstrap_t(_gini, ordered, members),
        _bootstrap_t(_std, logits, members) if logits is not None else Figure(math.nan),
        len(ordered),
    )


def reflected(found: Tails) -> Tails:
    """The measures of scores for which lower is better, from the measures of the negated scores."""
    return replace(
        found,
        worst=_negated(found.worst),
        quantile=_negated(found.quantile),
        worst_tenth=_negated(found.worst_tenth),
    )


def _negated(figure: Figure) -> Figure:
    return Figure(-figure.estimate, -figure.high, -figure.low, figure.reason.replace("can only fall", "can only rise"))


def logits_of(scores: Floats, resolution: float = RESOLUTION) -> Floats:
    """Logits of scores (any shape) in points, kept half a resolution away from 0 and 100. Raises as ``tails``."""
    if not 0 < resolution < 100:
        raise ValueError(f"a resolution must be above 0 and below 100 points, not {resolution}")
    if not ((scores >= 0) & (scores <= 100)).all():
        raise ValueError("scores must be points from 0 to 100")
    return np.asarray(logit(np.clip(scores, resolution / 2, 100 - resolution / 2) / 100))


def _of_quantile(ordered: Floats, members: Floats | None) -> Figure:
    estimate, runs = float(_quantile(ordered, np.ones((1, len(ordered))), TAIL)[0]), len(ordered)
    if members is not None:
        return Figure(estimate, reason="the quantile's interval would ignore that runs of one setting are alike")
    if runs < MIN_UNITS:
        return Figure(estimate, reason=_few("runs", MIN_UNITS))
    low, high = (int(binom.ppf(part, runs, TAIL)) for part in ((1 - LEVEL) / 2, (1 + LEVEL) / 2))
    return Figure(estimate, float(ordered[low - 1]), float(ordered[high]))


def _percentile(statistic: Statistic, ordered: Floats, members: Floats | None, least: int) -> Figure:
    estimate = float(statistic(ordered, np.ones((1, len(ordered))))[0])
    units, unit = _units(ordered, members)
    if units < least:
        return Figure(estimate, reason=_few(unit, least))
    blocks = counts(units, resamples_of(len(ordered)), width=len(ordered) // units)
    low, high = percentiles(np.concatenate([statistic(ordered, _runs(often, members)) for often in blocks]))
    return Figure(estimate, float(low), float(high))


def _bootstrap_t(statistic: Influential, ordered: Floats, members: Floats | None, *, logarithm: bool = True) -> Figure:
    """The statistic with a symmetric interval: a distance on either side, or with ``logarithm`` a factor."""

    def studentised(often: Floats) -> tuple[Floats, Floats]:
        """Each sample's statistic, or its logarithm, and its error, from the count of each unit (samples × units)."""
        weights = _runs(often, members)
        value, influence = statistic(ordered, weights)
        own = influence if members is None else influence @ members.T
        error = np.sqrt((often * own**2).sum(axis=1)) / weights.sum(axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            return (np.log(value), error / value) if logarithm else (value, error)

    units, unit = _units(ordered, members)
    estimate = float(statistic(ordered, np.ones((1, len(ordered))))[0][0])
    if np.ptp(ordered) <= SAME * np.abs(ordered).max():
        return Figure(estimate, reason="all runs have the same score")
    if units < MIN_UNITS:
        return Figure(estimate, reason=_few(unit, MIN_UNITS))
    value, error = (float(of[0]) for of in studentised(np.ones((1, units))))
    blocks = counts(units, resamples_of(len(ordered)), width=len(ordered) // units)
    drawn = [studentised(often) for often in blocks]
    values, errors = (np.concatenate(part) for part in zip(*drawn, strict=True))
    with np.errstate(divide="ignore", invalid="ignore"):
        distances = np.where(np.isfinite(values) & (errors > 0), np.abs(values - value) / errors, math.inf)
    half = error * float(np.quantile(distances, LEVEL, method="higher"))
    if not math.isfinite(half):
        return Figure(estimate, reason="the scores are too often the same: more than 1 in 20 resamples do not vary")
    ends = (value - half, value + half)
    return Figure(estimate, *(map(math.exp, ends) if logarithm else ends))


def _units(ordered: Floats, members: Floats | None) -> tuple[int, str]:
    return (len(ordered), "runs") if members is None else (len(members), "settings")


def _runs(often: Floats, members: Floats | None) -> Floats:
    """Count of each run in each sample (samples × runs), from the count of the run's unit."""
    return often if members is None else often @ members


def _few(unit: str, least: int) -> str:
    return f"there are fewer than {least} {unit}"


def _quantile(ordered: Floats, weights: Floats, part: float) -> Floats:
    """numpy's default quantile of each sample, given the count of each ordered run (samples × runs)."""
    after = weights.cumsum(axis=1)
    place = (after[:, -1] - 1) * part
    below = np.floor(place)
    one, other = (
        ordered[(after <= np.minimum(at, after[:, -1] - 1)[:, None]).sum(axis=1)] for at in (below, below + 1)
    )
    return np.asarray(one + (place - below) * (other - one))


def _iqr(ordered: Floats, weights: Floats) -> Floats:
    return _quantile(ordered, weights, 0.75) - _quantile(ordered, weights, 0.25)


def _worst_tenth(ordered: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """CVaR of each sample, and its influence function at each run (samples × runs)."""
    after = weights.cumsum(axis=1)
    size = after[:, -1:] * TAIL
    parts = np.clip(size - (after - weights), 0, weights)
    value = parts @ ordered / size[:, 0]
    edge = ordered[np.minimum((after < size).sum(axis=1), len(ordered) - 1)][:, None]
    influence = edge + np.minimum(ordered - edge, 0) / TAIL - value[:, None]
    return value, influence


def _gini(ordered: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Gini's mean difference of each sample, and its influence function."""
    after, total = weights.cumsum(axis=1), (weights * ordered).cumsum(axis=1)
    size = after[:, -1:]
    distances = (ordered * after - total) + (total[:, -1:] - total) - ordered * (size - after)
    value = (weights * distances).sum(axis=1) / (size * (size - 1))[:, 0]
    return value, 2 * (distances / (size - 1) - value[:, None])


def _std(ordered: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Std of each sample, and its influence function."""
    size = weights.sum(axis=1, keepdims=True)
    centred = ordered - weights @ ordered[:, None] / size
    squares = (weights * centred**2).sum(axis=1, keepdims=True)
    value = np.sqrt(squares / (size - 1))
    with np.errstate(divide="ignore", invalid="ignore"):
        return value[:, 0], value * (centred**2 * size / squares - 1) / 2
