"""Claims on whether a method is less sensitive to a hyperparameter: slopes of the methods' difference over settings."""

import math

import pandas as pd

from analysis.claims.claim import Claim, Quantity, Runs, Scope
from analysis.results.comparison import LANGUAGES, ZERO_SHOT, Comparison
from analysis.statistics.slopes import Slope, Slopes, slopes, spread_slopes

MIN_SETTINGS = 3
"""Fewest common settings for a slope."""


def claims(comparison: Comparison, varied: pd.DataFrame, unit: str = "points") -> list[Claim]:
    """The claims on one method for every numeric hyperparameter, without verdicts: on the mean and on the log std
    ratio.

    ``varied`` are the hyperparameters that differ between settings (settings × hyperparameters); ``unit`` is the unit
    of scores. There is no claim if runs are unpaired or have fewer than ``MIN_SETTINGS`` settings.
    """
    surviving = comparison.surviving
    if comparison.unpaired or varied.empty or surviving.settings < MIN_SETTINGS:
        return []
    settings = surviving.ours.index.get_level_values("setting")
    hyperparameters = varied.reindex(settings).reset_index(drop=True)
    ours, theirs = surviving.zero_shot
    made = _claims(comparison, slopes(ours - theirs, hyperparameters, settings), Quantity.SENSITIVITY, unit)
    if surviving.steady_languages:
        ratios = spread_slopes(*surviving.matrices, hyperparameters, settings)
        made += _claims(comparison, ratios, Quantity.SPREAD_SENSITIVITY, "log ratio")
    return made


def _claims(comparison: Comparison, found: Slopes, quantity: Quantity, unit: str) -> list[Claim]:
    """A claim for each defined slope."""
    return [
        _claim(comparison, found, slope, quantity, unit) for slope in found.slopes if not math.isnan(slope.estimate)
    ]


def _claim(comparison: Comparison, found: Slopes, slope: Slope, quantity: Quantity, unit: str) -> Claim:
    mean = quantity is Quantity.SENSITIVITY
    return Claim(
        method=comparison.method,
        baseline=comparison.base,
        quantity=quantity,
        scope=Scope.SETTINGS,
        of=ZERO_SHOT if mean else LANGUAGES,
        runs=Runs.SURVIVING if comparison.any_collapsed else Runs.ALL,
        n=comparison.surviving.runs,
        settings=found.settings,
        unit=f"{unit} per {slope.unit} of {slope.name}",
        estimate=slope.estimate,
        low=slope.low,
        high=slope.high,
        p=slope.p,
        reason=slope.reason,
        details={"hyperparameter": slope.name, "adjusted for": list(slope.others), "note": slope.note},
    )
