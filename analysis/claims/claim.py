"""A claim about a method and its baseline, as stored in ``answer.json``."""

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import Any

import numpy as np

from analysis.statistics.holm import holm

LEVEL = 0.05
"""Two-sided level of every test, after Holm's correction and the correction for planned looks."""


class Quantity(StrEnum):
    """The quantity that a claim compares."""

    COLLAPSE = "collapse rate"
    """Share of runs that collapse on the source. The estimate is the method's share minus the baseline's."""
    SPREAD = "standard deviation"
    """Standard deviation over runs. The estimate is the ratio of the method's to the baseline's; with several
    languages, the geometric mean of their ratios."""
    MEAN = "mean score"
    """Mean zero-shot score over runs. The estimate is the method's minus the baseline's."""
    SENSITIVITY = "sensitivity"
    """Slope of the zero-shot score on a hyperparameter. The estimate is the method's minus the baseline's."""
    SPREAD_SENSITIVITY = "sensitivity of the standard deviation"
    """Slope, on a hyperparameter, of the log ratio of standard deviations over seeds: the method's over the
    baseline's."""


class Scope(StrEnum):
    """The runs that a claim is about."""

    THESE = "these runs"
    SEEDS = "other seeds at these settings"
    SETTINGS = "other settings too"


class Verdict(StrEnum):
    """The verdict on a quantity, in the words of ``answer.json``."""

    LOWER = "lower"
    HIGHER = "higher"
    EQUIVALENT = "equivalent"
    """The 90 % interval lies within the bounds of equivalence."""
    OPEN = "open"
    """The runs neither show nor rule out a difference."""
    UNTESTED = "untested"
    """There is no test; the claim's reason says why."""
    DESCRIBED = "described"
    """The estimate describes these runs; nothing is tested."""


class Runs(StrEnum):
    """The runs behind a claim."""

    ALL = "all"
    SURVIVING = "neither collapsed"
    """Pairs in which neither run collapsed; in an unpaired comparison, runs that did not collapse."""


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One comparison of a method with its baseline. NaN marks a figure that does not exist."""

    method: str
    baseline: str
    quantity: Quantity
    scope: Scope
    of: str
    """The score: a language, ``zero-shot`` for the mean over targets, or ``languages`` for each target."""
    runs: Runs = Runs.ALL
    n: int
    """Number of pairs of runs. In an unpaired comparison, the number of runs of the method with fewer, or for the mean
    score the number of common settings."""
    settings: int
    """Number of settings that both methods have; 0 for collapse and spread in an unpaired comparison."""
    paired: bool = True
    unit: str
    """``share``, ``ratio``, ``log ratio`` or the unit of scores (``Measure.unit``). Slopes are per step of a
    hyperparameter."""
    estimate: float = math.nan
    low: float = math.nan
    """Ends of the 95 % interval, before any correction."""
    high: float = math.nan
    p: float = math.nan
    """Two-sided p. With planned looks it is the repeated p, which is corrected for the looks so far."""
    corrected: float = math.nan
    """p after Holm's correction over all tested claims on the same quantity and scope."""
    tests: int = 1
    """Number of tests in the correction."""
    least_p: float = 0.0
    """The smallest p, before Holm's correction, that is possible with this number of runs."""
    least_corrected: float = 0.0
    """``least_p`` after Holm's correction, with the p of the other claims as they are."""
    equivalent: bool | None = None
    """Whether the 90 % interval lies within the bounds of equivalence; ``None`` without bounds or a test."""
    bounds: tuple[float, float] | None = None
    """The bounds of equivalence."""
    verdict: Verdict = Verdict.UNTESTED
    reason: str = ""
    """Why there is no test or no verdict; else empty."""
    confounded: str = ""
    """Facts other than the method that differ between the two methods' runs, such as their device; else empty."""
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
        """Whether the corrected p is above the level with any result of these runs."""
        return self.least_corrected > LEVEL

    def to_json(self) -> dict[str, Any]:
        """The claim for JSON, with ``None`` for NaN."""
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
    """The claims with corrected p and verdict. Holm's correction is over the claims of one quantity and scope."""
    found = [*claims]
    families: dict[tuple[Quantity, Scope], list[int]] = {}
    for place, claim in enumerate(found):
        if claim.tested:
            families.setdefault((claim.quantity, claim.scope), []).append(place)
    for places in families.values():
        ps = [found[place].p for place in places]
        for number, (place, p) in enumerate(zip(places, holm(ps), strict=True)):
            least = holm([*ps[:number], found[place].least_p, *ps[number + 1 :]])[number]
            found[place] = _verdict(
                replace(found[place], corrected=float(p), tests=len(places), least_corrected=float(least))
            )
    return found


def _verdict(claim: Claim) -> Claim:
    """The claim with its verdict; a claim with a reason stays unchanged."""
    if claim.reason:
        return claim
    none = 1.0 if claim.quantity is Quantity.SPREAD else 0.0
    if claim.corrected <= LEVEL and claim.estimate != none:
        return replace(claim, verdict=Verdict.LOWER if claim.estimate < none else Verdict.HIGHER)
    return replace(claim, verdict=Verdict.EQUIVALENT if claim.equivalent else Verdict.OPEN)
