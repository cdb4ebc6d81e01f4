"""Correlations of numbers, computed by scipy, and errors in the unit of the numbers.

The scores ``negative_mae`` and ``negative_rmse`` are negated errors × 100; higher is better. If the gold numbers or the
answers are constant, the correlation is 0 here; scipy returns NaN.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from harness.tasks.metrics import Metric


def pearson(gold: Sequence[float], predicted: Sequence[float]) -> float:
    """Pearson's correlation coefficient."""
    from scipy.stats import pearsonr

    return _defined(pearsonr, gold, predicted)


def spearman(gold: Sequence[float], predicted: Sequence[float]) -> float:
    """Spearman's rank correlation. Tied values get their mean rank."""
    from scipy.stats import spearmanr

    return _defined(spearmanr, gold, predicted)


def mae(gold: Sequence[float], predicted: Sequence[float]) -> float:
    """The mean absolute error, in the unit of the numbers."""
    return float(np.abs(np.subtract(gold, predicted)).mean())


def rmse(gold: Sequence[float], predicted: Sequence[float]) -> float:
    """The root of the mean squared error, in the unit of the numbers."""
    return float(np.sqrt(np.square(np.subtract(gold, predicted)).mean()))


def negative_mae(gold: Sequence[float], predicted: Sequence[float]) -> float:
    """The mean absolute error, negated."""
    return -mae(gold, predicted)


def negative_rmse(gold: Sequence[float], predicted: Sequence[float]) -> float:
    """The root of the mean squared error, negated."""
    return -rmse(gold, predicted)


def _defined(correlation: Callable[..., Any], gold: Sequence[float], predicted: Sequence[float]) -> float:
    constant = len(gold) < 2 or np.ptp(gold) == 0 or np.ptp(predicted) == 0
    return 0.0 if constant else float(correlation(gold, predicted).statistic)


PEARSON = Metric("Pearson correlation", function=pearson, of="numbers")
SPEARMAN = Metric("Spearman correlation", function=spearman, of="numbers")
MAE = Metric("mean absolute error", points=False, lower_is_better=True, function=mae, of="numbers")
RMSE = Metric("root mean squared error", points=False, lower_is_better=True, function=rmse, of="numbers")
NEGATIVE_MAE = Metric("negative mean absolute error", function=negative_mae, of="numbers")
NEGATIVE_RMSE = Metric("negative root mean squared error", function=negative_rmse, of="numbers")
