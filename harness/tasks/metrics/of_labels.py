"""Metrics of one label an example, as scikit-learn computes them.

Classes that neither the gold nor the predicted labels have count for nothing in a mean over classes; one without a
right prediction has an F1 of 0.
"""

from collections.abc import Sequence
from typing import Any

from harness.tasks.metrics import Metric

Labels = Sequence[Any]


def accuracy(gold: Labels, predicted: Labels) -> float:
    """The share of labels that are right."""
    return sum(ours == theirs for ours, theirs in zip(gold, predicted, strict=True)) / len(gold)


def macro_f1(gold: Labels, predicted: Labels) -> float:
    """The mean of the classes' F1, each class the same weight."""
    from sklearn.metrics import f1_score

    return float(f1_score(gold, predicted, average="macro", zero_division=0))


def micro_f1(gold: Labels, predicted: Labels) -> float:
    """F1 over all decisions at once: with one label an example the accuracy."""
    from sklearn.metrics import f1_score

    return float(f1_score(gold, predicted, average="micro", zero_division=0))


def matthews(gold: Labels, predicted: Labels) -> float:
    """Matthews' correlation coefficient, of many classes Gorodkin's (2004): 0 for a constant answer."""
    from sklearn.metrics import matthews_corrcoef

    return float(matthews_corrcoef(gold, predicted))


ACCURACY = Metric("accuracy", accuracy)
MACRO_F1 = Metric("macro F1", macro_f1)
MICRO_F1 = Metric("micro F1", micro_f1)
MATTHEWS = Metric("Matthews correlation", matthews, low=-1.0)
