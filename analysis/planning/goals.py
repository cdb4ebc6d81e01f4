"""The effects to plan for, and the claims that show these effects."""

from dataclasses import dataclass
from typing import Any

from analysis.claims.claim import Quantity, Scope
from harness.common.errors import bad
from harness.study.equivalence import DEFAULT

SCOPES = {
    Quantity.COLLAPSE: (Scope.THESE, Scope.SETTINGS),
    Quantity.SPREAD: (Scope.THESE, Scope.SEEDS, Scope.SETTINGS),
    Quantity.MEAN: (Scope.SEEDS, Scope.SETTINGS),
}
"""The scopes of the claims that a plan tests."""


@dataclass(frozen=True)
class Goal:
    """A claim to be shown."""

    quantity: Quantity
    scope: Scope
    same: bool = False
    """``True`` for a claim of equivalence, ``False`` for a difference."""

    def to_json(self) -> dict[str, Any]:
        return {
            "quantity": str(self.quantity),
            "scope": str(self.scope),
            "verdict": "equivalent" if self.same else "different",
        }


GOALS = tuple(
    Goal(quantity, scope, same)
    for same in (False, True)
    for quantity, scopes in SCOPES.items()
    for scope in scopes
    if not (same and quantity is Quantity.COLLAPSE)
)
"""All goals in the order of the tables."""


@dataclass(frozen=True, kw_only=True)
class Targets:
    """The effects to be shown, and the wanted power (0.5 to 0.99). Raises ``UserError`` for impossible values."""

    ratio: float = 0.7
    """Std of the method over the baseline's."""
    collapse: tuple[float, float] = (0.2, 0.02)
    """Collapse rates of the baseline and of the method."""
    difference: float = 1.0
    """Mean score of the method minus the baseline's, in points; below 0 if the method's mean is the lower."""
    same_ratio: tuple[float, float] = DEFAULT.ratio
    """Bounds of equivalence of the ratio; the true ratio is 1."""
    same_points: float = DEFAULT.points
    """Bound of equivalence of the difference; the true difference is 0."""
    power: float = 0.8

    def __post_init__(self) -> None:
        if not (0 < self.ratio < 100) or self.ratio == 1:
            raise bad(
                "--ratio", self.ratio, "a ratio of standard deviations between 0 and 100 other than 1, such as 0.7"
            )
        low, high = sorted(self.collapse)
        if not 0 <= low < high <= 1:
            raise bad("--collapse", self.collapse, "two different shares from 0 to 1, such as 0.2:0.02")
        if self.difference == 0 or not abs(self.difference) < 100:
            raise bad(
                "--difference", self.difference, "a number of points between -100 and 100 other than 0, such as 1"
            )
        if not 0.5 <= self.power <= 0.99:
            raise bad("--power", self.power, "a share from 0.5 to 0.99, such as 0.8")

    def effect(self, goal: Goal) -> str:
        """The true effect of a difference, or the bounds of an equivalence, in a few words."""
        low, high = self.same_ratio
        told = {
            (Quantity.COLLAPSE, False): "{:g} : {:g} %".format(*(100 * rate for rate in self.collapse)),
            (Quantity.SPREAD, False): f"ratio {self.ratio:g}",
            (Quantity.MEAN, False): f"{self.difference:+g} points",
            (Quantity.SPREAD, True): f"in {low:g}–{high:g}",
            (Quantity.MEAN, True): f"in ±{self.same_points:g}",
        }
        return told[goal.quantity, goal.same]

    def to_json(self) -> dict[str, Any]:
        return {
            "ratio": self.ratio,
            "collapse": list(self.collapse),
            "difference": self.difference,
            "equivalent_ratio": list(self.same_ratio),
            "equivalent_points": self.same_points,
            "power": self.power,
        }
