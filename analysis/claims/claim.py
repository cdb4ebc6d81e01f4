"""A claim about a method and its baseline, as ``answer.json`` holds it."""

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import Any

import numpy as np

from analysis.statistics.holm import holm

LEVEL = 0.05
"""Two-sided level of every test, after Holm's correction and that for planned looks."""


class Quantity(StrEnum):
    """The quantity that a claim compares."""

    COLLAPSE = "collapse rate"
    """Share of runs that collapse on the source. The estimate is the method's share less the baseline's."""
    SPREAD = "standard deviation"
    """Over runs. The estimate is the method's over the baseline's, of several languages the geometric mean."""
    MEAN = "mean score"
    """Over runs, of the zero-shot score. The estimate is the method's less the baseline's, in points."""
    SENSITIVITY = "sensitivity"
    """Slope of the zero-shot score on a hyperparameter. The estimate is the method's less the baseline's."""
    SPREAD_SENSITIVITY = "sensitivity of the standard deviation"
    """Slope of the log ratio of standard deviations over seeds, the method's over the baseline's."""


class Scope(StrEnum):
    """The runs that a claim is about."""

    THESE = "these runs"
    SEEDS = "other seeds at these settings"
    SETTINGS = "other settings too"


class Verdict(StrEnum):
    """The verdict on the quantity: no other word is said of it."""

    LOWER = "lower"
    HIGHER = "higher"
    EQUIVALENT = "equivalent"
    """The 90 % interval lies within the bounds of equivalence."""
    OPEN = "open"
    """Neither a difference nor its absence is shown."""
    UNTESTED = "untested"
    """There is no test, for the claim's reason."""
    DESCRIBED = "described"
    """The estimate describes these runs; nothing is tested."""


class Runs(StrEnum):
    """The pairs of runs that a claim is made of."""

    ALL = "all"
    SURVIVING = "neither collapsed"
    """Pairs in which neither of the two collapsed."""


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One comparison of a method with its baseline. NaN stands for a figure that there is none of, for ``reason``."""

    method: str
    baseline: str
    quantity: Quantity
    scope: Scope
    of: str
    """The score: a language, ``zero-shot`` for the mean over targets, or ``languages`` for each of them."""
    runs: Runs = Runs.ALL
    n: int
    """Pairs of runs; of an unpaired comparison the runs of the method that has fewer."""
    settings: int
    """Settings that both have."""
    paired: bool = True
    unit: str
    """``share``, ``ratio`` or ``points``, or points per a step of a hyperparameter."""
    estimate: float = math.nan
    low: float = math.nan
    """Ends of the 95 % interval, before any correction."""
    high: float = math.nan
    p: float = math.nan
    """Two-sided; where looks were planned the repeated p, which is corrected for the looks so far."""
    corrected: float = math.nan
    """p after Holm's correction over the methods."""
    tests: int = 1
    """Tests that were corrected for."""
    least_p: float = 0.0
    """The smallest p, before correction, that so many runs can give."""
    equivalent: bool | None = None
    """Whether the 90 % interval lies within the bounds of equivalence; ``None`` where that is not tested."""
    bounds: tuple[float, float] | None = None
    """Those bounds."""
    verdict: Verdict = Verdict.UNTESTED
    reason: str = ""
    """Why there is no test, or no verdict; else empty."""
    confounded: str = ""
    """The facts beside the method that differ between the two methods' runs, such as their device; else empty."""
    details: dict[str, Any] = field(default_factory=dict)
    """Further figures, by name."""

    @property
    def tested(self) -> bool:
        """Whether there is a p."""
        return not math.isnan(self.p)

    @property
    def shown(self) -> bool:
        """Whether a difference is shown."""
        return self.verdict in (Verdict.LOWER, Verdict.HIGHER)

    @property
    def hopeless(self) -> bool:
        """Whether no result of so many runs could have been below the level."""
        return self.least_p * self.tests > LEVEL

    def to_json(self) -> dict[str, Any]:
        """The claim with ``None`` for NaN, as JSON has it."""
        return {name: _plain(value) for name, value in asdict(self).items()}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def judged(claims: Iterable[Claim]) -> list[Claim]:
    """The claims with corrected p and verdict: Holm's correction is over those of one quantity and scope."""
    found = [*claims]
    families: dict[tuple[Quantity, Scope], list[int]] = {}
    for place, claim in enumerate(found):
        if claim.tested:
            families.setdefault((claim.quantity, claim.scope), []).append(place)
    for places in families.values():
        corrected = holm([found[place].p for place in places])
        for place, p in zip(places, corrected, strict=True):
            found[place] = _verdict(replace(found[place], corrected=float(p), tests=len(places)))
    return found


def _verdict(claim: Claim) -> Claim:
    """A claim with a reason stays as it is."""
    if claim.reason:
        return claim
    none = 1.0 if claim.quantity is Quantity.SPREAD else 0.0
    if claim.corrected <= LEVEL and claim.estimate != none:
        return replace(claim, verdict=Verdict.LOWER if claim.estimate < none else Verdict.HIGHER)
    return replace(claim, verdict=Verdict.EQUIVALENT if claim.equivalent else Verdict.OPEN)
