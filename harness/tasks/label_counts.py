"""Counts of gold and predicted labels on a test set, and the rule for collapse."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import ArrayLike, NDArray

STANDARD_ERRORS = 2
"""Binomial standard errors by which a model must beat the best constant answer."""
ONE_LABEL = 0.99
"""Smallest share of the predicted labels at which one label counts as the only label."""

FEW = 2**15
"""Label ids below this bound are counted with ``bincount``, which is faster than sorting."""
MOST = 2**53
"""Largest number of labels: up to it a float holds every count exactly."""


@dataclass(frozen=True, kw_only=True)
class LabelCounts:
    """Counts of gold, predicted and right labels on one test set. Raises ``ValueError`` for impossible counts."""

    labels: int
    """Number of labels scored: pairs in a pair task, words in a token task."""
    right: int
    """Number of correct predictions."""
    constant: int
    """Number of labels that the best constant answer predicts correctly: the count of the commonest gold label."""
    predicted: int
    """Number of labels with a prediction."""
    commonest: int
    """Count of the commonest predicted label."""

    def __post_init__(self) -> None:
        if not (
            0 <= self.right <= self.predicted <= self.labels
            and 1 <= self.constant <= self.labels <= MOST
            and min(1, self.predicted) <= self.commonest <= self.predicted
        ):
            raise ValueError(f"no model can have {self}")

    @property
    def accuracy(self) -> float:
        """Share of the labels that are predicted correctly."""
        return self.right / self.labels

    @property
    def constant_accuracy(self) -> float:
        """Accuracy of the best constant answer on this test set."""
        return self.constant / self.labels

    @property
    def commonest_share(self) -> float:
        """Share of the predictions that are the commonest predicted label; 1 if there is no prediction."""
        return self.commonest / self.predicted if self.predicted else 1.0

    @property
    def bar(self) -> float:
        """Accuracy that a model must exceed.

        It is the accuracy of the best constant answer plus ``STANDARD_ERRORS`` binomial standard errors.
        """
        constant = self.constant_accuracy
        return float(constant + STANDARD_ERRORS * (constant * (1 - constant) / self.labels) ** 0.5)

    @property
    def collapsed(self) -> bool:
        """Whether the model does no better than a constant answer, or predicts one label nearly everywhere.

        A guessing model exceeds the bar by chance in 2 % of cases. A model without a mistake has not collapsed, even on
        a small or uniform test set.
        """
        if self.right == self.labels:
            return False
        return self.accuracy <= self.bar or self.commonest_share >= ONE_LABEL


def label_counts(gold: ArrayLike, predicted: ArrayLike) -> LabelCounts | None:
    """Count gold and predicted label ids, both of shape (labels,) and in the same order; -1 means no prediction.

    Returns ``None`` if the shapes differ, the arrays are empty, or a value is not a label id.
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
