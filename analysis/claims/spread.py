"""Claims on whether a method is steadier, from standard deviations over the pairs of runs in which neither
collapsed."""

import math
from dataclasses import asdict, dataclass, replace

from analysis.claims.claim import Claim, Quantity, Runs, Scope
from analysis.claims.spread_test import MAX_COLLAPSED, Way, std_test
from analysis.results.comparison import LANGUAGES, ZERO_SHOT, Comparison
from analysis.statistics.spread.std_ratio import std_ratio
from analysis.statistics.spread.unpaired_swaps import unpaired_swap_test


@dataclass(frozen=True)
class _Found:
    """The ratio in one scope with its test: fields of a claim."""

    estimate: float
    low: float
    high: float
    p: float
    least_p: float = 0.0
    equivalent: bool | None = None
    reason: str = ""


def claims(comparison: Comparison, bounds: tuple[float, float]) -> list[Claim]:
    """The claims on one method at three scopes, without verdicts; a single claim if runs are unpaired.

    ``bounds`` are the bounds of equivalence of the ratio. ``spread_test.std_test`` says which test each scope has. The
    interval of a swap test inverts the test. The jackknife's interval needs three seeds; for other settings, it also
    needs three settings.
    """
    if comparison.unpaired:
        return [_unpaired(comparison)]
    return [_claim(comparison, scope, bounds) for scope in Scope]


def _claim(comparison: Comparison, scope: Scope, bounds: tuple[float, float]) -> Claim:
    surviving = comparison.surviving
    of = LANGUAGES if surviving.steady_languages else ZERO_SHOT
    made = Claim(
        method=comparison.method,
        baseline=comparison.base,
        quantity=Quantity.SPREAD,
        scope=scope,
        of=of,
        runs=Runs.SURVIVING if comparison.any_collapsed else Runs.ALL,
        n=surviving.runs,
        settings=surviving.settings,
        unit="ratio",
        bounds=bounds,
    )
    if reason := _no_claim(comparison):
        return replace(made, reason=reason)
    return replace(
        made,
        **asdict(_found(surviving, of, scope, bounds)),
        details={
            "languages": len(surviving.steady_languages),
            "zero-shot score": surviving.spreads[ZERO_SHOT].ratio.value,
            "one seed": scope is Scope.SETTINGS and surviving.ours.index.get_level_values("seed").nunique() == 1,
        },
    )


def _unpaired(comparison: Comparison) -> Claim:
    """The claim on two unpaired methods: all their runs that did not collapse, by a permutation test."""
    sides = comparison.apart_surviving
    scores = [side.drop(columns=comparison.source).dropna(axis=1).to_numpy() for side in sides]
    made = Claim(
        method=comparison.method,
        baseline=comparison.base,
        quantity=Quantity.SPREAD,
        scope=Scope.THESE,
        of=LANGUAGES,
        runs=Runs.SURVIVING if comparison.any_collapsed else Runs.ALL,
        n=min(map(len, sides)),
        settings=0,
        paired=False,
        unit="ratio",
        details={"languages": scores[0].shape[1]},
    )
    if any(len(flags) and flags.mean() >= MAX_COLLAPSED for flags in comparison.apart_collapsed):
        return replace(made, reason="a method collapsed in half of its runs or more")
    if not scores[0].shape[1]:
        return replace(made, reason="no target language has a score in all runs of both methods")
    test = unpaired_swap_test(*scores)
    return replace(
        made,
        estimate=math.exp(test.statistic),
        p=test.p,
        least_p=0.0 if test.reason else test.least_p,
        reason=test.reason,
    )


def _no_claim(comparison: Comparison) -> str:
    """Why nothing is claimed; else empty."""
    if not comparison.runs:
        return "the two methods have no run in common"
    for method, share in zip((comparison.method, comparison.base), comparison.collapsed.mean(), strict=True):
        if share >= MAX_COLLAPSED:
            return f"{method} collapsed in half of the runs or more, so its other runs say nothing about its spread"
    return "fewer than 2 pairs of runs are left" if comparison.surviving.runs < 2 else ""


def _found(comparison: Comparison, of: str, scope: Scope, bounds: tuple[float, float]) -> _Found:
    """The test, with the interval that belongs to it."""
    ratio = comparison.spreads[of].ratio
    ours, theirs = comparison.pairs[of]
    settings, seeds = (comparison.ours.index.get_level_values(name) for name in ("setting", "seed"))
    test = std_test(ours, theirs, settings, seeds, scope, bounds)
    if test.way is None:
        return _Found(ratio.value, math.nan, math.nan, math.nan, reason=test.reason)
    if test.crossed is not None:
        low, high = math.exp(test.crossed.low), math.exp(test.crossed.high)
        return _Found(math.exp(test.log), low, high, test.p, equivalent=test.equivalent, reason=test.reason)
    if test.way is Way.SETTINGS:
        ratio = std_ratio(ours, theirs, settings)
    return _Found(ratio.value, ratio.low, ratio.high, test.p, test.least_p, test.equivalent, test.reason)
