"""Whether a method is less sensitive to a hyperparameter: claims on slopes over settings, method × slope."""

import math
from collections.abc import Mapping

import pandas as pd

from analysis.claims.claim import LEVEL, Claim, Quantity, Runs, Scope, judged
from analysis.results.comparison import LANGUAGES, ZERO_SHOT, Comparison
from analysis.statistics.slopes import Slope, Slopes, slopes, spread_slopes

MIN_SETTINGS = 3
"""Settings that both have from which there is a slope."""


def claims(found: Mapping[str, Comparison], varied: pd.DataFrame, level: float = LEVEL) -> list[Claim]:
    """The claims of every method and numeric hyperparameter, on the mean and on the log std ratio.

    ``varied`` are the hyperparameters in which the settings differ (settings × hyperparameters).
    """
    means, spreads = [], []
    for comparison in found.values():
        surviving = comparison.surviving
        if varied.empty or surviving.settings < MIN_SETTINGS:
            continue
        settings = surviving.ours.index.get_level_values("setting")
        hyperparameters = varied.reindex(settings).reset_index(drop=True)
        ours, theirs = surviving.zero_shot
        difference = (ours - theirs).to_numpy()
        means += _claims(comparison, slopes(difference, hyperparameters, settings), Quantity.SENSITIVITY, level)
        if surviving.steady_languages:
            ratios = spread_slopes(*surviving.matrices, hyperparameters, settings)
            spreads += _claims(comparison, ratios, Quantity.SPREAD_SENSITIVITY, level)
    return [*judged(means, none=0.0), *judged(spreads, none=0.0)]


def _claims(comparison: Comparison, found: Slopes, quantity: Quantity, level: float) -> list[Claim]:
    """A claim for each slope that there is."""
    return [
        _claim(comparison, found, slope, quantity, level) for slope in found.slopes if not math.isnan(slope.estimate)
    ]


def _claim(comparison: Comparison, found: Slopes, slope: Slope, quantity: Quantity, level: float) -> Claim:
    mean = quantity is Quantity.SENSITIVITY
    return Claim(
        method=comparison.method,
        baseline=comparison.base,
        quantity=quantity,
        scope=Scope.SETTINGS,
        of=ZERO_SHOT if mean else LANGUAGES,
        runs=Runs.SURVIVING if comparison.collapsed.any(axis=None) else Runs.ALL,
        n=comparison.surviving.runs,
        settings=found.settings,
        unit=f"{'points' if mean else 'log ratio'} per {slope.unit} of {slope.name}",
        level=level,
        estimate=slope.estimate,
        low=slope.low,
        high=slope.high,
        p=slope.p,
        reason=slope.reason,
        details={"hyperparameter": slope.name, "adjusted for": list(slope.others), "note": slope.note},
    )
