"""The bounds within which a study counts two methods as the same."""

from dataclasses import dataclass

from harness.common import fields
from harness.common.errors import bad


@dataclass(frozen=True, kw_only=True)
class EquivalenceBounds:
    """Bounds of equivalence: within them a claim says "the same".

    They are part of the question, so fix them before the first run.
    """

    ratio: tuple[float, float] = (0.80, 1.25)
    """Lowest and highest ratio of two standard deviations. The defaults are the usual bounds of bioequivalence."""
    points: float = 1.0
    """Largest difference of two mean zero-shot scores in either direction: in points, or in the metric's own unit."""

    def __post_init__(self) -> None:
        fields.coerce(self)
        if len(self.ratio) != 2 or not 0 < self.ratio[0] < 1 < self.ratio[1] < float("inf"):
            raise bad("ratio", list(self.ratio), "two ratios, one below 1 and one above, such as [0.8, 1.25]")
        fields.above("points", self.points, 0)

    @property
    def difference(self) -> tuple[float, float]:
        """Lowest and highest difference of two means."""
        return -self.points, self.points


DEFAULT = EquivalenceBounds()
"""The bounds of a study that names none."""
