"""Counts of a test set's labels and of a model's, and the one rule by which a model has collapsed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import ArrayLike, NDArray

STANDARD_ERRORS = 2
"""By so many binomial standard errors a model must be better than the best constant answer."""
ONE_LABEL = 0.99
"""Share of the predicted labels from which they are as good as one label."""

FEW = 2**15
"""Label ids below which an array with one place for each is quicker than to sort them."""
MOST = 2**53
"""Labels up to which a count is a float without rounding."""


@dataclass(frozen=True, kw_only=True)
class LabelCounts:
    """How often a model's labels were right on one test set. Raises ``ValueError`` for counts that cannot be."""

    labels: int
    """Labels scored: of pairs the pairs, of sentences the words."""
    right: int
    """Labels that the model predicted right."""
    constant: int
    """Labels that the best constant answer has right: the gold labels that are the commonest one."""
    predicted: int
    """Labels with a prediction."""
    commonest: int
    """Predictions that are the commonest predicted label."""

    def __post_init__(self) -> None:
        if not (
            0 <= self.right <= self.predicted <= self.labels
            and 1 <= self.constant <= self.labels <= MOST
            and min(1, self.predicted) <= self.commonest <= self.predicted
        ):
            raise ValueError(f"no model can have {self}")

    @property
    def accuracy(self) -> float:
        """Share of the labels that are right."""
        return self.right / self.labels

    @property
    def constant_accuracy(self) -> float:
        """Accuracy of the best constant answer on this test set."""
        return self.constant / self.labels

    @property
    def commonest_share(self) -> float:
        """Share of the predicted labels that are the commonest one; 1 where there is no prediction."""
        return self.commonest / self.predicted if self.predicted else 1.0

    @property
    def bar(self) -> float:
        """Accuracy that a model must exceed: the best constant answer's, and ``STANDARD_ERRORS`` binomial ones."""
        constant = self.constant_accuracy
        return float(constant + STANDARD_ERRORS * (constant * (1 - constant) / self.labels) ** 0.5)

    @property
    def collapsed(self) -> bool:
        """Whether the model does no better than a constant answer, or gives one label nearly everywhere.

        A model that guesses passes by chance in 2 % of cases. A model without a mistake has not collapsed, however
        small or uniform the test set is.
        """
        if self.right == self.labels:
            return False
        return self.accuracy <= self.bar or self.commonest_share >= ONE_LABEL


def label_counts(gold: ArrayLike, predicted: ArrayLike) -> LabelCounts | None:
    """Count gold and predicted label ids (labels,), in the same order; -1 is no prediction.

    ``None`` where they are not equally many, there are none, or they are no label ids.
    """
    ours, theirs = np.asarray(gold), np.asarray(predicted)
    if not ours.size or ours.shape != theirs.shape:
        return None
    if {ours.dtype.kind, theirs.dtype.kind} != {"i"} or ours.min() < 0 or theirs.min() < -1:
        return None
    given = theirs[theirs >= 0]
    return LabelCounts(
        labels=ours.size,
        right=int((ours == theirs).sum()),
        constant=_commonest(ours),
        predicted=given.size,
        commonest=_commonest(given) if given.size else 0,
    )


def of_examples(gold: Iterable[Sequence[int]], predicted: Iterable[Sequence[int]]) -> LabelCounts | None:
    """``label_counts`` of the label ids of each example."""
    return label_counts([*chain.from_iterable(gold)], [*chain.from_iterable(predicted)])


def _commonest(ids: NDArray[np.integer]) -> int:
    counts = np.bincount(ids) if ids.max() < FEW else np.unique(ids, return_counts=True)[1]
    return int(counts.max())
