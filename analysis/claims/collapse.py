"""Claims on whether a method collapses more or less often, from shares of collapsed runs."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from analysis.claims.claim import Claim, Quantity, Scope
from analysis.results.comparison import Comparison
from analysis.statistics.paired_proportions import PairedProportions, paired_proportions, pairs_needed, settings_flips
from analysis.statistics.proportions import Proportion, unpaired_proportions

NEVER = "no run of either collapsed"


def claims(comparison: Comparison) -> list[Claim]:
    """The claims on one method, without verdicts: on these runs, and on other settings if there are several."""
    found = (_claim(comparison, scope) for scope in (Scope.THESE, Scope.SETTINGS))
    return [claim for claim in found if claim is not None]


def _claim(comparison: Comparison, scope: Scope) -> Claim | None:
    """The claim in one scope; ``None`` if the runs say nothing about this scope."""
    if comparison.unpaired:
        return _unpaired(comparison) if scope is Scope.THESE else None
    if not comparison.runs or (scope is Scope.SETTINGS and comparison.settings < 2):
        return None
    ours, theirs = (comparison.collapsed[column].to_numpy(bool) for column in comparison.collapsed)
    table = paired_proportions(ours, theirs)
    made = replace(
        _blank(comparison, scope),
        n=comparison.runs,
        settings=comparison.settings,
        estimate=table.difference,
        details=_details(table),
    )
    if not (ours.any() or theirs.any()):
        return replace(made, reason=NEVER)
    if scope is Scope.SETTINGS and comparison.settings < comparison.runs:
        flips = settings_flips(ours, theirs, comparison.ours.index.get_level_values("setting"))
        return replace(made, p=flips.p, least_p=flips.least_p)
    return replace(made, low=table.low, high=table.high, p=table.p, least_p=table.least_p)


def _unpaired(comparison: Comparison) -> Claim:
    """The claim on two unpaired methods."""
    ours, theirs = (np.asarray(flags, bool) for flags in comparison.apart_collapsed)
    table = unpaired_proportions(int(ours.sum()), len(ours), int(theirs.sum()), len(theirs))
    made = replace(
        _blank(comparison, Scope.THESE),
        n=min(len(ours), len(theirs)),
        settings=0,
        paired=False,
        estimate=table.difference,
        details={
            "method": _figures(table.ours),
            "baseline": _figures(table.theirs),
        },
    )
    if not (ours.any() or theirs.any()):
        return replace(made, reason=NEVER)
    return replace(made, low=table.low, high=table.high, p=table.p, least_p=table.least_p)


def _blank(comparison: Comparison, scope: Scope) -> Claim:
    return Claim(
        method=comparison.method,
        baseline=comparison.base,
        quantity=Quantity.COLLAPSE,
        scope=scope,
        of=comparison.source,
        n=0,
        settings=0,
        unit="share",
    )


def _details(table: PairedProportions) -> dict[str, object]:
    return {
        "method": _figures(table.ours),
        "baseline": _figures(table.theirs),
        "both": table.both,
        "only baseline": table.only_theirs,
        "only method": table.only_ours,
        "neither": table.neither,
    }


def _figures(share: Proportion) -> list[float]:
    """Collapsed runs, all runs and both ends of Wilson's interval."""
    return [share.count, share.runs, share.low, share.high]


def baselines(claims: Sequence[Claim]) -> dict[str, list[float]]:
    """Collapsed runs, all runs and Wilson interval of every baseline, from the claim with the most runs of the
    baseline."""
    found: dict[str, list[float]] = {}
    for claim in claims:
        figures = claim.details["baseline"]
        if claim.baseline not in found or found[claim.baseline][1] < figures[1]:
            found[claim.baseline] = figures
    return found


def with_needed(claim: Claim) -> Claim:
    """The judged claim, with the number of discordant pairs in one direction that a finding needs."""
    if not claim.paired or not claim.tested:
        return claim
    return replace(claim, details={**claim.details, "discordant pairs needed": pairs_needed(claim.tests)})
