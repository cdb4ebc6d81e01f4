"""Metrics by name: a metric is one function and one line in ``METRICS``.

Higher is always better, so errors are negated. A user's own metric is a function ``metric`` in a ``.py`` file, see
``harness.tasks.metrics.own``. Neither torch nor scikit-learn is imported before a score is computed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from harness.common.registry import Registry

Function = Callable[[Sequence[Any], Sequence[Any]], float]
"""A function of the gold answers and the model's answers, in the same order."""


@dataclass(frozen=True)
class Metric:
    """A metric: its function for tasks, and its name for reports."""

    words: str
    """Name of the metric in figures."""
    function: Function
    """Function from gold and predicted answers to a score of at most 1."""
    of: str = "labels"
    """Kind of answers: ``labels``, ``numbers``, ``tags`` (a sequence of labels per example) or ``answers`` (texts)."""


METRICS: Registry[Metric] = Registry(
    {
        "accuracy": "harness.tasks.metrics.of_labels:ACCURACY",
        "macro_f1": "harness.tasks.metrics.of_labels:MACRO_F1",
        "micro_f1": "harness.tasks.metrics.of_labels:MICRO_F1",
        "matthews": "harness.tasks.metrics.of_labels:MATTHEWS",
        "f1": "harness.tasks.metrics.of_tags:F1",
        "exact_match": "harness.tasks.metrics.of_answers:EXACT_MATCH",
        "pearson": "harness.tasks.metrics.of_numbers:PEARSON",
        "spearman": "harness.tasks.metrics.of_numbers:SPEARMAN",
        "negative_mae": "harness.tasks.metrics.of_numbers:NEGATIVE_MAE",
        "negative_rmse": "harness.tasks.metrics.of_numbers:NEGATIVE_RMSE",
    }
)


RESERVED = ("examples", "fingerprint", "label_counts", "majority", "number_fit", "unknown")
"""Names that no metric may have: a record has other values under them beside the metrics."""


def words(name: str) -> str:
    """A metric's name in figures; an unknown metric keeps its own name."""
    return METRICS[name].words if name in METRICS else name
