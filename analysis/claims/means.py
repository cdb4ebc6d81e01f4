"""Whether a method scores higher: claims on mean zero-shot scores, whose error follows the design of the runs."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from analysis.claims.claim import LEVEL, Claim, Quantity, Runs, Scope, Verdict, judged
from analysis.results.comparison import ZERO_SHOT, Comparison
from analysis.statistics.crossed_means import CrossedMeans, Scoped, crossed_means
from analysis.statistics.equivalence import mean_equivalence
from analysis.statistics.minimum_detectable import minimum_detectable_difference

BOUNDS = (-1.0, 1.0)
"""Points between which a mean difference counts as none."""


def claims(found: Mapping[str, Comparison], level: float = LEVEL, bounds: tuple[float, float] = BOUNDS) -> list[Claim]:
    """The claims of every method at three scopes, over the pairs of runs in which neither collapsed."""
    crossed = {
        method: crossed_of(comparison.surviving) for method, comparison in found.items() if not comparison.unpaired
    }
    made: list[Claim] = []
    for scope in Scope:
        made += judged(
            (_claim(found[method], scope, means, level, bounds) for method, means in crossed.items()), none=0.0
        )
    return made


def crossed_of(comparison: Comparison) -> CrossedMeans:
    """The mean difference of the zero-shot scores at every scope."""
    ours, theirs = comparison.zero_shot
    index = ours.index
    return crossed_means(ours - theirs, index.get_level_values("setting"), index.get_level_values("seed"))


def _claim(
    comparison: Comparison, scope: Scope, means: CrossedMeans, level: float, bounds: tuple[float, float]
) -> Claim:
    found = _scoped(means, scope)
    surviving = comparison.surviving
    ours, theirs = surviving.zero_shot
    made = Claim(
        method=comparison.method,
        baseline=comparison.base,
        quantity=Quantity.MEAN,
        scope=scope,
        of=ZERO_SHOT,
        runs=Runs.SURVIVING if comparison.collapsed.any(axis=None) else Runs.ALL,
        n=means.n,
        settings=means.n_settings,
        unit="points",
        level=level,
        estimate=found.estimate,
        details={"over all runs": float(np.subtract(*comparison.zero_shot).mean()) if comparison.runs else None},
    )
    if scope is Scope.THESE:
        return replace(made, verdict=Verdict.DESCRIBED)
    if found.reason:
        return replace(made, reason=found.reason)
    return replace(
        made,
        low=found.low,
        high=found.high,
        p=found.p,
        bounds=bounds,
        equivalent=mean_equivalence(found.estimate, found.error, found.df, *bounds).equivalent,
        details={
            **made.details,
            "degrees of freedom": found.df,
            "minimum detectable difference": minimum_detectable_difference(ours - theirs),
            "note": found.note,
        },
    )


def _scoped(means: CrossedMeans, scope: Scope) -> Scoped:
    return {Scope.THESE: means.runs, Scope.SEEDS: means.seeds, Scope.SETTINGS: means.settings}[scope]
