"""Correlations over languages, with intervals that say how far so few languages determine them."""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from markupsafe import Markup, escape
from numpy.typing import NDArray
from scipy.stats import rankdata

from analysis.table import MISSING_CELL

RESAMPLES = 9_999
LEVEL = 0.95
SEED = 0
LEAST, LEAST_OF_AN_INTERVAL = 3, 4
"""Languages from which there is a correlation, and from which there is an interval: of fewer, most resamples repeat a few points."""
CONSTANT = 1e-13
"""Spread relative to the largest value below which a series is constant but for rounding, as scipy has it."""


@dataclass(frozen=True)
class Correlation:
    """A correlation coefficient with its percentile bootstrap interval over languages; a table's cell."""

    value: float
    """NaN where there is none, for ``reason``."""
    low: float
    high: float
    languages: int
    undefined: int = 0
    """Resamples left out of the interval: in them a series was constant."""
    reason: str = ""
    """Why there is no correlation, or no interval; else empty."""

    def plain(self) -> str:
        if math.isnan(self.value):
            return MISSING_CELL
        return f"{self.value:.2f}" + ("" if math.isnan(self.low) else f" [{self.low:.2f}, {self.high:.2f}]")

    markdown = plain

    def latex(self) -> str:
        if math.isnan(self.value):
            return "--"
        return f"${self.value:.2f}$" + ("" if math.isnan(self.low) else f" [${self.low:.2f}$, ${self.high:.2f}$]")

    def html(self) -> Markup:
        return escape(self.plain())

    def numbers(self) -> dict[str, float]:
        return {"": self.value, "low": self.low, "high": self.high, "undefined resamples": self.undefined}


def pearson(one: "pd.Series[float]", other: "pd.Series[float]") -> Correlation:
    """Pearson's r of two series over the languages (their index) at which both have a value."""
    return _correlate(one, other, ranked=False)


def spearman(one: "pd.Series[float]", other: "pd.Series[float]") -> Correlation:
    """Spearman's ρ, Pearson's r of the ranks, which are taken anew within each resample; otherwise as ``pearson``."""
    return _correlate(one, other, ranked=True)


def _correlate(one: "pd.Series[float]", other: "pd.Series[float]", *, ranked: bool) -> Correlation:
    """The interval holds the middle ``LEVEL`` of the coefficients of ``RESAMPLES`` samples of languages drawn with replacement."""
    pairs = pd.concat([one, other], axis=1, join="inner").dropna().to_numpy(np.float64)
    count, none = len(pairs), math.nan
    if count < LEAST:
        return Correlation(none, none, none, count, reason=f"there are fewer than {LEAST} languages")
    x, y = pairs[None, :, 0], pairs[None, :, 1]
    value = float(_coefficients(x, y, ranked)[0])
    if math.isnan(value):
        return Correlation(none, none, none, count, reason="all languages have the same distance or the same score")
    if count < LEAST_OF_AN_INTERVAL:
        return Correlation(value, none, none, count, reason=f"there are fewer than {LEAST_OF_AN_INTERVAL} languages")
    drawn = np.random.default_rng(SEED).integers(count, size=(RESAMPLES, count))
    resampled = _coefficients(x[0][drawn], y[0][drawn], ranked)
    undefined = np.isnan(resampled)
    low, high = np.quantile(resampled[~undefined], [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Correlation(value, float(low), float(high), count, int(undefined.sum()))


def _coefficients(x: NDArray[np.float64], y: NDArray[np.float64], ranked: bool) -> NDArray[np.float64]:
    """The coefficient of every row of two arrays (samples × languages); NaN where either is constant there."""
    constant = _constant(x) | _constant(y)
    if ranked:
        x, y = rankdata(x, axis=1), rankdata(y, axis=1)
    x, y = (values - values.mean(axis=1, keepdims=True) for values in (x, y))
    norms = np.sqrt((x * x).sum(axis=1) * (y * y).sum(axis=1))
    norms[constant] = np.nan
    return np.clip((x * y).sum(axis=1) / norms, -1, 1)


def _constant(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    return np.ptp(values, axis=1) <= CONSTANT * np.abs(values).max(axis=1)
