"""Correlations over units (languages or runs), with bootstrap intervals."""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.statistics.run_bootstrap import LEVEL as LEVEL
from analysis.statistics.run_bootstrap import counts, percentiles

RESAMPLES = 9_999
MIN_UNITS, MIN_FOR_INTERVAL = 3, 4
"""Fewest units for a correlation and for an interval. With fewer, most resamples repeat a few points."""
CONSTANT = 1e-13
"""Spread relative to the largest value below which a series counts as constant."""


@dataclass(frozen=True)
class Correlation:
    """A correlation coefficient with its percentile bootstrap interval over units."""

    value: float
    """NaN when undefined (see ``reason``)."""
    low: float
    high: float
    n: int
    """Number of units with both values."""
    undefined: int = 0
    """Number of resamples left out of the interval: one of the two series was constant there."""
    reason: str = ""
    """Why the correlation or its interval is missing; else empty."""


def pearson(
    one: "pd.Series[float]", other: "pd.Series[float]", *, units: str = "languages", resamples: int = RESAMPLES
) -> Correlation:
    """Pearson's r of two series over their shared units (index labels).

    Args:
        one, other: series indexed by unit; units with a NaN are left out.
        units: plural name of the units, used in reasons.
        resamples: number of bootstrap resamples.
    """
    return _correlate(one, other, units, resamples, ranked=False)


def spearman(
    one: "pd.Series[float]", other: "pd.Series[float]", *, units: str = "languages", resamples: int = RESAMPLES
) -> Correlation:
    """Spearman's ρ: Pearson's r of the ranks. Ranks are recomputed in each resample; otherwise as ``pearson``."""
    return _correlate(one, other, units, resamples, ranked=True)


def _correlate(
    one: "pd.Series[float]", other: "pd.Series[float]", units: str, resamples: int, *, ranked: bool
) -> Correlation:
    """The coefficient and its interval: the middle ``LEVEL`` of the coefficients over bootstrap samples of units."""
    pairs = pd.concat([one, other], axis=1, join="inner").dropna().to_numpy(np.float64)
    count, none = len(pairs), math.nan
    if count < MIN_UNITS:
        return Correlation(none, none, none, count, reason=f"there are fewer than {MIN_UNITS} {units}")
    x, y = pairs.T
    value = float(_coefficients(x, y, np.ones((1, count)), ranked)[0])
    if math.isnan(value):
        return Correlation(none, none, none, count, reason=f"one of the two is constant over all {units}")
    if count < MIN_FOR_INTERVAL:
        return Correlation(value, none, none, count, reason=f"there are fewer than {MIN_FOR_INTERVAL} {units}")
    resampled = np.concatenate([_coefficients(x, y, drawn, ranked) for drawn in counts(count, resamples)])
    undefined = np.isnan(resampled)
    low, high = percentiles(resampled[~undefined])
    return Correlation(value, float(low), float(high), count, int(undefined.sum()))


def _coefficients(
    x: NDArray[np.float64], y: NDArray[np.float64], drawn: NDArray[np.float64], ranked: bool
) -> NDArray[np.float64]:
    """The coefficient in every sample, given the count of each unit (samples × units).

    It is NaN in samples where either series is constant.
    """
    (x, constant_x), (y, constant_y) = (_centred(values, drawn, ranked) for values in (x, y))
    norms = np.sqrt((drawn * x * x).sum(axis=1) * (drawn * y * y).sum(axis=1))
    norms[constant_x | constant_y] = np.nan
    found: NDArray[np.float64] = np.clip((drawn * x * y).sum(axis=1) / norms, -1, 1)
    return found


def _centred(
    values: NDArray[np.float64], drawn: NDArray[np.float64], ranked: bool
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The values or ranks minus their mean in every sample (samples × units), and whether they are constant there."""
    order = np.argsort(values, kind="stable")
    distinct, first, inverse = np.unique(values[order], return_index=True, return_inverse=True)
    place = np.empty_like(inverse)
    place[order] = inverse
    of_each = np.add.reduceat(drawn[:, order], first, axis=1)
    met = of_each > 0
    least, most = distinct[met.argmax(axis=1)], distinct[len(distinct) - 1 - met[:, ::-1].argmax(axis=1)]
    constant = most - least <= CONSTANT * np.maximum(np.abs(least), np.abs(most))
    # Tied values share the mean of their ranks.
    found = (np.cumsum(of_each, axis=1) - (of_each - 1) / 2)[:, place] if ranked else values[None, :]
    return found - (drawn * found).sum(axis=1, keepdims=True) / drawn.sum(axis=1, keepdims=True), constant
