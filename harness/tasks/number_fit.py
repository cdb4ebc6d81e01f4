"""How a model's numbers go with the gold ones on a test set, and the rule by which it has collapsed."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

STANDARD_ERRORS = 2
"""By so many standard errors of Fisher's z (1921) a model's correlation must be above that of chance, 0."""
FLAT = 0.01
"""Standard deviation of a model's numbers, in that of the gold ones, below which they are as good as one number."""
FEWEST = 4
"""Numbers from which Fisher's z has a standard error."""


@dataclass(frozen=True, kw_only=True)
class NumberFit:
    """Pearson's correlation of a model's numbers with the gold ones. Raises ``ValueError`` for what cannot be."""

    numbers: int
    """Numbers scored."""
    correlation: float
    """Pearson's, 0 where either side is constant."""
    spread: float
    """Standard deviation of the model's numbers in that of the gold ones; 0 where these are all the same."""

    def __post_init__(self) -> None:
        if not (self.numbers >= 1 and -1 <= self.correlation <= 1 and 0 <= self.spread < math.inf):
            raise ValueError(f"no model can have {self}")

    @property
    def bar(self) -> float:
        """The correlation that a model must exceed: tanh(2 / √(n − 3)); none of fewer than ``FEWEST`` numbers."""
        return math.tanh(STANDARD_ERRORS / (self.numbers - 3) ** 0.5) if self.numbers >= FEWEST else -1.0

    @property
    def collapsed(self) -> bool:
        """Whether the model gives one number nearly everywhere, or numbers that go with the gold ones no better than
        chance.

        The constant answer with the least squared error is the mean, and a correlation cannot tell constants from one
        another. So chance is the bar here, where classification has the best constant answer. A model that guesses
        passes in 2 % of cases.
        """
        return self.spread < FLAT or self.correlation <= self.bar


def number_fit(gold: Sequence[float], predicted: Sequence[float]) -> NumberFit | None:
    """The fit of a model's numbers (numbers,), in the order of the gold ones. ``None`` where one is not finite."""
    ours, theirs = np.asarray(gold, np.float64), np.asarray(predicted, np.float64)
    if not ours.size or ours.shape != theirs.shape or not np.isfinite([ours, theirs]).all():
        return None
    deviations = float(ours.std()), float(theirs.std())
    constant = 0 in deviations or np.ptp(ours) == 0 or np.ptp(theirs) == 0
    correlation = 0.0 if constant else float(np.clip(np.corrcoef(ours, theirs)[0, 1], -1, 1))
    return NumberFit(
        numbers=ours.size, correlation=correlation, spread=0.0 if constant else deviations[1] / deviations[0]
    )
