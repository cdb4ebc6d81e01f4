"""The test behind a claim on spread: chosen by the design of the runs and the scope of the claim."""

import math
from dataclasses import dataclass
from enum import StrEnum

from numpy.typing import ArrayLike

from analysis.claims.claim import Scope
from analysis.statistics.crossed_means import Design, Scoped, design_of
from analysis.statistics.equivalence import ratio_equivalence
from analysis.statistics.spread.crossed_ratio import crossed_ratio
from analysis.statistics.spread.std_ratio import equivalent_stds
from analysis.statistics.spread.swap_test import swap_test

MAX_COLLAPSED = 0.5
"""Share of collapsed runs at which the other runs no longer represent the method."""


class Way(StrEnum):
    """The kind of test."""

    RUNS = "swaps of runs"
    SETTINGS = "swaps of whole settings"
    CROSSED = "jackknife over seeds and settings"


@dataclass(frozen=True)
class Tested:
    """The test in one scope. NaN marks an undefined figure (see ``reason``)."""

    way: Way | None
    """``None`` if no test suits the design."""
    log: float = math.nan
    """Mean over languages of log(std ours / std theirs)."""
    p: float = math.nan
    least_p: float = 0.0
    equivalent: bool | None = None
    """``None`` without bounds or without a test."""
    reason: str = ""
    """Why there is no test; else empty."""
    crossed: Scoped | None = None
    """The interval that comes with ``Way.CROSSED``."""


def std_test(
    ours: ArrayLike,
    theirs: ArrayLike,
    settings: ArrayLike,
    seeds: ArrayLike,
    scope: Scope,
    bounds: tuple[float, float] | None = None,
    *,
    drawn: int | None = None,
) -> Tested:
    """Test in a scope whether paired scores have equal standard deviations.

    - These runs: the swap test, run by run. It covers only the noise of single runs.
    - Other seeds: if settings share some of several seeds, the jackknife over seeds and settings. If each setting
      has its own seeds, runs are a sample of seeds, and the swap test holds.
    - Other settings: the same jackknife. Whole settings are swapped if each has its own seeds, or if all have the same
      single seed.

    Args:
        ours, theirs: paired scores, (runs,) or (runs × languages), in points.
        settings, seeds: labels of every run, (runs,).
        bounds: bounds of equivalence of the ratio; ``None`` leaves out the test of equivalence.
        drawn: as in ``swap_test``.
    """
    way, reason = way_of(design_of(settings, seeds), scope)
    if way is None:
        return Tested(None, reason=reason)
    if way is Way.CROSSED:
        both = crossed_ratio(ours, theirs, settings, seeds)
        return _crossed(both.seeds if scope is Scope.SEEDS else both.settings, bounds)
    groups = settings if way is Way.SETTINGS else None
    test = swap_test(ours, theirs, groups, drawn=drawn)
    equivalent = None
    if bounds is not None and not test.reason:
        equivalent = equivalent_stds(ours, theirs, groups, bounds=bounds, drawn=drawn)
    least = 0.0 if math.isnan(test.least_p) else test.least_p
    return Tested(way, test.statistic, test.p, least, equivalent, test.reason)


def way_of(design: Design, scope: Scope) -> tuple[Way | None, str]:
    """The kind of test for a design and a scope; or ``None`` and the reason."""
    if scope is Scope.THESE:
        return Way.RUNS, ""
    if design.crossed and design.seeds > 1:
        return Way.CROSSED, ""
    if scope is Scope.SEEDS:
        if design.seeds == 1:
            return None, "there is one seed"
        if design.cells == design.settings:
            return None, "each setting has one seed"
        return Way.RUNS, ""
    return (Way.SETTINGS, "") if design.settings > 1 else (None, "there is one setting")


def _crossed(found: Scoped, bounds: tuple[float, float] | None) -> Tested:
    if found.reason:
        return Tested(Way.CROSSED, found.estimate, reason=found.reason, crossed=found)
    log, error, df = found.estimate, found.error, found.df
    equivalent = None if bounds is None else ratio_equivalence(log, error, df, *bounds).equivalent
    return Tested(Way.CROSSED, log, found.p, equivalent=equivalent, crossed=found)
