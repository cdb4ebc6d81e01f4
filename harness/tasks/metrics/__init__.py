"""Metrics by name: a metric is one function and one line in ``METRICS``.

A metric's ``Measure`` has the name, unit and direction of its scores. A user's own metric is a function ``metric`` in a
``.py`` file (see ``harness.tasks.metrics.own``). scipy and scikit-learn are imported only to compute a score.
"""

from collections.abc import Callable, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any

from harness.common.registry import Registry

Function = Callable[[Sequence[Any], Sequence[Any]], float]
"""A function of the gold answers and the model's answers, in the same order."""


@dataclass(frozen=True)
class Measure:
    """Name, unit and direction of a metric's scores."""

    words: str
    """Name of the metric in figures."""
    points: bool = True
    """Whether scores are points, 100 times the metric. Otherwise they are in the metric's own unit."""
    lower_is_better: bool = False

    @property
    def factor(self) -> int:
        """The score for a metric value of 1."""
        return 100 if self.points else 1

    @property
    def sign(self) -> int:
        """The factor, 1 or -1, that makes larger scores better."""
        return -1 if self.lower_is_better else 1

    @property
    def mode(self) -> str:
        """The direction as a word for Ray Tune and Optuna."""
        return "min" if self.lower_is_better else "max"

    @property
    def unit(self) -> str:
        """The unit of a difference of two scores."""
        return "points" if self.points else self.words

    @property
    def best(self) -> str:
        """``lowest`` or ``highest``: the kind of the best score."""
        return "lowest" if self.lower_is_better else "highest"

    @property
    def axis(self) -> str:
        """The label of an axis with scores."""
        return f"{self.scaled}, lower is better" if self.lower_is_better else self.scaled

    @property
    def scaled(self) -> str:
        """The name with the scale of scores."""
        return f"{self.words} × 100" if self.points else self.words

    @property
    def brief(self) -> str:
        """The format of scores in a line of progress."""
        return ".1f" if self.points else ".4g"

    def within(self, size: float) -> str:
        """A distance of scores in words, such as ``0.5 points`` or ``0.1 in root mean squared error``."""
        return f"{size:g} point{'' if size == 1 else 's'}" if self.points else f"{size:g} in {self.words}"


@dataclass(frozen=True)
class Metric(Measure):
    """A metric by name: its measure for reports, and its function for tasks."""

    _: KW_ONLY
    function: Function
    """Function from gold and predicted answers to a number. If ``points``, the number is at most 1."""
    of: str = "labels"
    """Kind of answers: ``labels``, ``numbers``, ``tags`` (a sequence of labels per example) or ``answers`` (texts)."""

    @property
    def measure(self) -> Measure:
        return Measure(self.words, self.points, self.lower_is_better)


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
        "mae": "harness.tasks.metrics.of_numbers:MAE",
        "rmse": "harness.tasks.metrics.of_numbers:RMSE",
        "negative_mae": "harness.tasks.metrics.of_numbers:NEGATIVE_MAE",
        "negative_rmse": "harness.tasks.metrics.of_numbers:NEGATIVE_RMSE",
    }
)


RESERVED = ("examples", "fingerprint", "label_counts", "majority", "number_fit", "unknown")
"""Names that no metric may have, because records use these names for other values."""

SIGNED = ("matthews", "pearson", "spearman")
"""Metrics from -1 to 1."""

YOUNG = ("mae", "rmse")
"""Metrics whose names a user's metric file may have too, because older stores have scores of such files."""


def measure_of(name: str) -> Measure:
    """A metric's measure by its name. For an unknown metric: its name, in points, higher is better."""
    return METRICS[name].measure if name in METRICS else Measure(name)
