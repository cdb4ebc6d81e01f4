"""Metrics of one label per example. scikit-learn computes all except the accuracy.

A mean over classes ignores classes that neither the gold nor the predicted labels contain. A class without a correct
prediction has an F1 of 0.
"""

from collections.abc import Sequence
from typing import Any

from harness.tasks.metrics import Metric

Labels = Sequence[Any]


def accuracy(gold: Labels, predicted: Labels) -> float:
    """The share of correct labels."""
    return sum(ours == theirs for ours, theirs in zip(gold, predicted, strict=True)) / len(gold)


def macro_f1(gold: Labels, predicted: Labels) -> float:
    """The mean of the classes' F1, with equal weights."""
    from sklearn.metrics import f1_score

    return float(f1_score(gold, predicted, average="macro", zero_division=0))


def micro_f1(gold: Labels, predicted: Labels) -> float:
    """F1 over all decisions at once. With one label per example, it equals the accuracy."""
    from sklearn.metrics import f1_score

    return float(f1_score(gold, predicted, average="micro", zero_division=0))


def matthews(gold: Labels, predicted: Labels) -> float:
    """Matthews' correlation coefficient, for several classes in Gorodkin's form (2004); 0 for a constant answer."""
    from sklearn.metrics import matthews_corrcoef

    return float(matthews_corrcoef(gold, predicted))


ACCURACY = Metric("accuracy", function=accuracy)
MACRO_F1 = Metric("macro F1", function=macro_f1)
MICRO_F1 = Metric("micro F1", function=micro_f1)
MATTHEWS = Metric("Matthews correlation", function=matthews)
