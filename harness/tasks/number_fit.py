"""Correlation of a model's numbers with the gold numbers on a test set, and the rule for collapse."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

STANDARD_ERRORS = 2
"""Standard errors of Fisher's z (1921) by which a model's correlation must exceed 0, the value of chance."""
FLAT = 0.01
"""Smallest ratio of the predictions' standard deviation to the gold numbers' at which a model is not constant."""
FEWEST = 4
"""Smallest number of values for which Fisher's z has a standard error."""


@dataclass(frozen=True, kw_only=True)
class NumberFit:
    """Pearson's correlation of a model's numbers with the gold numbers. Raises ``ValueError`` for impossible values."""

    numbers: int
    """Number of scored values."""
    correlation: float
    """Pearson's correlation; 0 if either side is constant."""
    spread: float
    """Ratio of the model's standard deviation to the gold numbers'; 0 if either side is constant."""

    def __post_init__(self) -> None:
        if not (self.numbers >= 1 and -1 <= self.correlation <= 1 and 0 <= self.spread < math.inf):
            raise ValueError(f"no model can have {self}")

    @property
    def bar(self) -> float:
        """The correlation that a model must exceed: tanh(2 / √(n − 3)); -1 with fewer than ``FEWEST`` numbers."""
        return math.tanh(STANDARD_ERRORS / (self.numbers - 3) ** 0.5) if self.numbers >= FEWEST else -1.0

    @property
    def collapsed(self) -> bool:
        """Whether the model's numbers are practically constant, or correlate with gold numbers no better than chance.

        In classification, the bar is above the best constant answer. For numbers, every constant answer has a
        correlation of 0, the value of chance. So the bar is above chance by ``STANDARD_ERRORS``. A guessing model
        passes in 2 % of cases.
        """
        return self.spread < FLAT or self.correlation <= self.bar


def number_fit(gold: Sequence[float], predicted: Sequence[float]) -> NumberFit | None:
    """The fit of a model's numbers to the gold numbers, both of shape (numbers,) and in the same order.

    ``None`` if a number is not finite, the shapes differ or there are no numbers.
    """
    ours, theirs = np.asarray(gold, np.float64), np.asarray(predicted, np.float64)
    if not ours.size or ours.shape != theirs.shape or not np.isfinite([ours, theirs]).all():
        return None
    deviations = float(ours.std()), float(theirs.std())
    constant = 0 in deviations or np.ptp(ours) == 0 or np.ptp(theirs) == 0
    correlation = 0.0 if constant else float(np.clip(np.corrcoef(ours, theirs)[0, 1], -1, 1))
    return NumberFit(
        numbers=ours.size, correlation=correlation, spread=0.0 if constant else deviations[1] / deviations[0]
    )
