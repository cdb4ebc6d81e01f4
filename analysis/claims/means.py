"""Claims on whether a method scores higher, from mean zero-shot scores with errors that follow the design of the
runs."""

from dataclasses import replace

import numpy as np

from analysis.claims.claim import Claim, Quantity, Runs, Scope, Verdict
from analysis.results.comparison import ZERO_SHOT, Comparison
from analysis.statistics.crossed_means import CrossedMeans, Scoped, crossed_means
from analysis.statistics.equivalence import mean_equivalence
from analysis.statistics.spread.minimum_detectable import minimum_detectable_difference


def claims(
    comparison: Comparison, bounds: tuple[float, float] | None, unit: str = "points", *, signed: bool = False
) -> list[Claim]:
    """The claims on one method at three scopes, over pairs of uncollapsed runs, or over common settings if unpaired.

    Only the claim on these runs has a verdict. ``bounds`` are the bounds of equivalence of the difference, in ``unit``.
    Without bounds, equivalence is not tested. ``signed`` says whether the metric goes from -100 to 100 points.
    """
    means = _by_setting(comparison) if comparison.unpaired else crossed_of(comparison.surviving)
    most = _largest_difference(comparison, unit, -100 if signed else 0)
    return [_claim(comparison, scope, means, bounds, unit, most) for scope in Scope]


def crossed_of(comparison: Comparison) -> CrossedMeans:
    """The mean difference of the zero-shot scores at every scope."""
    ours, theirs = comparison.zero_shot
    index = ours.index
    return crossed_means(ours - theirs, index.get_level_values("setting"), index.get_level_values("seed"))


def _by_setting(comparison: Comparison) -> CrossedMeans:
    """The mean difference of two unpaired methods, from their means at common settings."""
    sides = (side.drop(columns=comparison.source).mean(axis=1) for side in comparison.apart_surviving)
    ours, theirs = (side.groupby(level="setting").mean() for side in sides)
    difference = (ours - theirs).dropna()
    return crossed_means(difference, difference.index, [0] * len(difference))


def _claim(
    comparison: Comparison,
    scope: Scope,
    means: CrossedMeans,
    bounds: tuple[float, float] | None,
    unit: str,
    most: float,
) -> Claim:
    found = _scoped(means, scope)
    made = Claim(
        method=comparison.method,
        baseline=comparison.base,
        quantity=Quantity.MEAN,
        scope=scope,
        of=ZERO_SHOT,
        runs=Runs.SURVIVING if comparison.any_collapsed else Runs.ALL,
        n=means.n,
        settings=means.n_settings,
        paired=not comparison.unpaired,
        unit=unit,
        estimate=found.estimate,
        details={"over all runs": float(np.subtract(*comparison.zero_shot).mean()) if comparison.runs else None},
    )
    if scope is Scope.THESE:
        return replace(made, verdict=Verdict.DESCRIBED)
    if found.reason:
        return replace(made, reason=found.reason)
    return replace(
        made,
        low=max(found.low, -most),
        high=min(found.high, most),
        p=found.p,
        bounds=bounds,
        equivalent=mean_equivalence(found.estimate, found.error, found.df, *bounds).equivalent if bounds else None,
        details={
            **made.details,
            "degrees of freedom": found.df,
            "minimum detectable difference": minimum_detectable_difference(found.error, found.df),
            "one seed": scope is Scope.SETTINGS and means.n_seeds == 1 and not comparison.unpaired,
        },
    )


def _largest_difference(comparison: Comparison, unit: str, lowest: float) -> float:
    """The largest possible difference of scores between ``lowest`` and 100 points. An interval ends there.

    Metrics in a unit of their own have no such bound, nor do users' metrics with scores outside of this range.
    """
    sides = (comparison.ours, comparison.theirs, *comparison.apart)
    within = all(((side.isna()) | ((side >= lowest) & (side <= 100))).all(axis=None) for side in sides)
    return 100 - lowest if unit == "points" and within else np.inf


def _scoped(means: CrossedMeans, scope: Scope) -> Scoped:
    return {Scope.THESE: means.runs, Scope.SEEDS: means.seeds, Scope.SETTINGS: means.settings}[scope]
