"""Sensitivity to each hyperparameter by regression: points per doubling of the learning rate and per unit of others."""

import math
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.stats import t as student

from analysis.statistics.run_bootstrap import LEVEL

BY_DOUBLING = ("learning_rate",)
"""Hyperparameters with a doubling as their unit."""
MIN_SETTINGS, MIN_SEEDS = 3, 2
"""Fewest settings for a slope, and fewest seeds for a std. Three settings leave one degree of freedom to a single
hyperparameter."""
SAME = 1e-9
"""Spread, relative to the largest value, below which values count as equal up to rounding."""

Floats = NDArray[np.float64]
Interval = tuple[float, float, float, float, float]
"""Low, high, error, degrees of freedom and p."""
NO_INTERVAL: Interval = (math.nan,) * 5


@dataclass(frozen=True)
class Slope:
    """The change per unit of one hyperparameter, with a 95 % interval over settings."""

    name: str
    unit: str
    """``doubling`` or ``unit``."""
    estimate: float
    """In the outcome's unit: points, or log std ratios. NaN when undefined (see ``reason``)."""
    low: float
    high: float
    error: float
    df: float
    p: float
    """Two-sided p of the hypothesis of no slope; not corrected for the number of hyperparameters."""
    others: tuple[str, ...] = ()
    """Other hyperparameters in the same regression."""
    note: str = ""
    """Why the slope is not adjusted for the other numeric hyperparameters; else empty."""
    reason: str = ""
    """Why the slope or its interval is missing; else empty."""


@dataclass(frozen=True)
class Slopes:
    """One slope per hyperparameter, in the frame's order."""

    slopes: tuple[Slope, ...]
    settings: int
    """Number of settings with an outcome."""


def slopes(
    scores: ArrayLike, hyperparameters: pd.DataFrame, settings: ArrayLike, doublings: Collection[str] = BY_DOUBLING
) -> Slopes:
    """Regress the settings' mean scores on their hyperparameters.

    Ordinary least squares, each setting once, with settings − hyperparameters − 1 degrees of freedom. Several numeric
    hyperparameters enter one regression if they are not collinear and leave a degree of freedom. Otherwise each is
    regressed alone, with a note. Booleans, names, constants and hyperparameters with missing values get a reason
    instead.

    The slope is the straight-line part of a response that may bend: an optimum in the middle has a slope of 0. Settings
    are treated as independent. Each error is the larger of the ordinary one and HC2 (MacKinnon & White, 1985), because
    scores spread more at high learning rates.

    Size at 5 %, from 5,000 simulated studies of 3 to 20 settings: 0.03 to 0.055 with one variance (normal, t5,
    lognormal). If the std grows 5-fold over the settings, the size is up to 0.066. With the ordinary error alone it
    would be up to 0.085.

    Args:
        scores: (runs,), in points, or differences of two methods for the difference of slopes; NaN is no score.
        hyperparameters: one row per run, in the same order.
        settings: label of each run's setting, (runs,).
        doublings: hyperparameters with a doubling as their unit.

    Raises:
        ValueError: lengths do not fit, a score is infinite, or a hyperparameter differs within a setting.
    """
    values = np.asarray(scores, np.float64)
    codes, table = _settings(hyperparameters, settings)
    if values.shape != codes.shape:
        raise ValueError(f"scores and settings must have the shape (runs,), not {values.shape} and {codes.shape}")
    if np.isinf(values).any():
        raise ValueError("all scores must be finite")
    there = ~np.isnan(values)
    counts = np.bincount(codes[there], minlength=len(table))
    sums = np.bincount(codes[there], values[there], minlength=len(table))
    return _regress(sums[counts > 0] / counts[counts > 0], table[counts > 0], doublings)


def spread_slopes(
    ours: ArrayLike,
    theirs: ArrayLike,
    hyperparameters: pd.DataFrame,
    settings: ArrayLike,
    doublings: Collection[str] = BY_DOUBLING,
) -> Slopes:
    """Regress each setting's log std ratio (ours over theirs, from its seeds) on its hyperparameters, as ``slopes``.

    With several languages the mean log ratio counts. A slope of log 2 says that the ratio doubles with each doubling.
    Settings with fewer than 2 seeds, or a std of 0, are left out.

    Size at 5 % is 0.03 to 0.06, from 1,000 simulated studies with a slope of both stds but none of the ratio. Settings
    × seeds are 4 × 2, 5 × 3, 10 × 2 and 20 × 3; scores are normal, t5, lognormal, or with 10 % collapse.

    Args:
        ours, theirs: paired scores, (runs,) or (runs × languages), in points.
        hyperparameters, settings, doublings: as in ``slopes``.

    Raises:
        ValueError: as ``slopes``, or a score is not finite.
    """
    both = [np.asarray(scores, np.float64) for scores in (ours, theirs)]
    a, b = (scores[:, None] if scores.ndim == 1 else scores for scores in both)
    codes, table = _settings(hyperparameters, settings)
    if a.ndim != 2 or a.shape != b.shape or len(a) != len(codes):
        raise ValueError(f"paired scores must be (runs,) or runs × languages, not {both[0].shape} and {both[1].shape}")
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise ValueError("all scores must be finite")
    logs = np.array([_log_ratio(a[codes == i], b[codes == i]) for i in range(len(table))], np.float64)
    there = np.isfinite(logs)
    return _regress(logs[there], table[there], doublings)


def _log_ratio(a: Floats, b: Floats) -> float:
    if len(a) < MIN_SEEDS:
        return math.nan
    stds = [scores.std(axis=0) for scores in (a, b)]
    if any((std <= SAME * np.abs(scores).max(axis=0)).any() for std, scores in zip(stds, (a, b), strict=True)):
        return math.nan
    return float(np.log(stds[0] / stds[1]).mean())


def _settings(hyperparameters: pd.DataFrame, settings: ArrayLike) -> tuple[NDArray[np.intp], pd.DataFrame]:
    """Each run's setting as a number from 0, and the settings' hyperparameters in that order."""
    labels = np.asarray(settings)
    if labels.shape != (len(hyperparameters),):
        raise ValueError(f"settings must have the shape (runs,), one per row of hyperparameters, not {labels.shape}")
    _, first, codes = np.unique(labels, return_index=True, return_inverse=True)
    table = hyperparameters.iloc[first]
    for name in hyperparameters:
        own, of_setting = hyperparameters[name].tolist(), table[name].tolist()
        pairs = [(one, of_setting[code]) for one, code in zip(own, codes, strict=True)]
        if any(one != other and not (pd.isna(one) and pd.isna(other)) for one, other in pairs):
            raise ValueError(f"{name} differs within a setting")
    return codes, table


def _regress(outcome: Floats, table: pd.DataFrame, doublings: Collection[str]) -> Slopes:
    columns, reasons = {}, {}
    for name in map(str, table):
        found = _numbers(table[name], name in doublings)
        if isinstance(found, str):
            reasons[name] = found
        else:
            columns[name] = found
    count = len(outcome)
    if count < MIN_SETTINGS:
        reasons |= dict.fromkeys(columns, f"{count} settings have an outcome, and a slope needs {MIN_SETTINGS}")
        columns = {}
    fits = _fits(outcome, columns, doublings)
    return Slopes(
        tuple(
            fits[name]
            if name in fits
            else Slope(name, _unit(name, doublings), math.nan, *NO_INTERVAL, reason=reasons[name])
            for name in map(str, table)
        ),
        count,
    )


def _numbers(values: "pd.Series[Any]", doubling: bool) -> Floats | str:
    """The hyperparameter of each setting on the scale of its unit, or the reason for no slope."""
    cells = values.tolist()
    if any(isinstance(cell, bool | np.bool_) for cell in cells):
        return "it is true or false"
    if any(cell is None or pd.isna(cell) for cell in cells):
        return "some settings have no value"
    if not all(isinstance(cell, int | float | np.number) for cell in cells):
        return "its values are names"
    numbers = np.array(cells, np.float64)
    if not np.isfinite(numbers).all():
        return "some settings have an infinite value"
    if doubling and (numbers <= 0).any():
        return "values of 0 or less cannot be doubled"
    numbers = np.log2(numbers) if doubling else numbers
    if not len(numbers) or np.ptp(numbers) <= SAME * np.abs(numbers).max():
        return "it does not vary"
    return numbers


def _unit(name: str, doublings: Collection[str]) -> str:
    return "doubling" if name in doublings else "unit"


def _fits(outcome: Floats, columns: dict[str, Floats], doublings: Collection[str]) -> dict[str, Slope]:
    names = list(columns)
    if not names:
        return {}
    # Columns are scaled to unit length, so that collinearity does not depend on their scales.
    centred = np.stack([of - of.mean() for of in columns.values()], axis=1)
    note = ""
    if len(names) > 1 and np.linalg.matrix_rank(centred / np.linalg.norm(centred, axis=0), tol=1e-8) < len(names):
        note = "regressed alone: the hyperparameters are collinear, so their effects cannot be separated"
    elif len(names) > 1 and len(outcome) <= len(names) + 1:
        note = f"regressed alone: {len(outcome)} settings are too few for {len(names)} hyperparameters at once"
    together = [[name] for name in names] if note else [names]
    return {
        name: slope
        for group in together
        for name, slope in _fit(outcome, {name: columns[name] for name in group}, doublings, note).items()
    }


def _fit(outcome: Floats, columns: dict[str, Floats], doublings: Collection[str], note: str) -> dict[str, Slope]:
    """Least squares with an intercept, and the larger of each slope's ordinary and HC2 error."""
    names = list(columns)
    centred = np.stack([of - of.mean() for of in columns.values()], axis=1)
    scale = np.linalg.norm(centred, axis=0)
    scaled = centred / scale
    towards = np.linalg.inv(scaled.T @ scaled) @ scaled.T
    estimates = towards @ (outcome - outcome.mean()) / scale
    residuals = outcome - outcome.mean() - centred @ estimates
    df = len(outcome) - len(names) - 1
    # 1 − leverage: share of each residual left by the fit
    free = 1 - 1 / len(outcome) - np.einsum("sp,ps->s", scaled, towards)
    own = np.divide(residuals**2, free, out=np.zeros_like(residuals), where=free > SAME)
    ordinary = (towards**2).sum(axis=1) * (residuals @ residuals) / df
    errors = np.sqrt(np.maximum(ordinary, towards**2 @ own)) / scale
    exact = bool(np.abs(residuals).max() <= SAME * np.abs(outcome).max())
    found = {}
    for name, estimate, error in zip(names, estimates.tolist(), errors.tolist(), strict=True):
        others = tuple(other for other in names if other != name)
        ends = NO_INTERVAL if exact else _interval(estimate, error, df)
        reason = "the settings lie on the line exactly" if exact else ""
        found[name] = Slope(name, _unit(name, doublings), estimate, *ends, others, note, reason)
    return found


def _interval(estimate: float, error: float, df: int) -> Interval:
    half = float(student.ppf((1 + LEVEL) / 2, df)) * error
    return estimate - half, estimate + half, error, df, float(2 * student.sf(abs(estimate) / error, df))
