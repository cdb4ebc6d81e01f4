"""Ray Tune's words as functions, for studies in Python.

``harness.ranges`` explains the words. Each function raises ``UserError`` for arguments that make no range.
"""

from collections.abc import Sequence
from typing import Any

from harness.ranges.interval import Interval
from harness.ranges.lists import Choice, GridSearch


def uniform(lower: float, upper: float) -> Interval:
    return Interval("uniform", lower, upper)


def quniform(lower: float, upper: float, q: float) -> Interval:
    return Interval("quniform", lower, upper, q)


def loguniform(lower: float, upper: float) -> Interval:
    return Interval("loguniform", lower, upper)


def qloguniform(lower: float, upper: float, q: float) -> Interval:
    return Interval("qloguniform", lower, upper, q)


def randint(lower: int, upper: int) -> Interval:
    return Interval("randint", lower, upper)


def qrandint(lower: int, upper: int, q: int = 1) -> Interval:
    return Interval("qrandint", lower, upper, q)


def lograndint(lower: int, upper: int) -> Interval:
    return Interval("lograndint", lower, upper)


def qlograndint(lower: int, upper: int, q: int) -> Interval:
    return Interval("qlograndint", lower, upper, q)


def choice(categories: Sequence[Any]) -> Choice:
    return Choice(tuple(categories))


def grid_search(values: Sequence[Any]) -> GridSearch:
    return GridSearch(tuple(values))
