"""A hyperparameter as an axis: its values in methods, and their places in a figure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from analysis.rendering.cells import MISSING_CELL
from analysis.results.frame import Results
from harness.setting import ABSENT

RATE = "learning_rate"
MIN_VALUES = 3
"""Smallest number of values of an axis, except for the learning rate."""
RANGE = 5
"""Smallest ratio of largest to smallest value that makes an axis of values above 0 logarithmic."""
FAR = 20
"""Smallest ratio of largest value to smallest value above 0 that makes an axis from 0 partly logarithmic.

The axis is linear up to the smallest value above 0, and logarithmic beyond it.
"""
LETTER = 0.08
"""Width in inches of a letter in a tick's label."""
ROUNDING = 1e-9


@dataclass(frozen=True)
class Axis:
    """A hyperparameter of some methods, with its value at each setting."""

    name: str
    methods: tuple[str, ...]
    """The methods with several values, in the study's order."""
    settings: "pd.Series[float]"
    """The value at each setting, by label; NaN if not a number. It is infinite if the hyperparameter is unset and a
    missing value means the largest number (``ABSENT``).
    """
    values: tuple[float, ...]
    """The values of the methods, ascending."""

    @classmethod
    def rates(cls, results: Results) -> "Axis | None":
        """The learning rate, with the methods that have several. Their other hyperparameters may differ too.

        ``None`` if the results have no learning rates, or if these methods have no complete run.
        """
        if RATE not in results.settings:
            return None
        values = _numbers(results, RATE)
        return cls._of(results, RATE, [m for m in results.methods if values[settings_of(results, m)].nunique() > 1])

    @classmethod
    def others(cls, results: Results) -> "list[Axis]":
        """Every other hyperparameter that is the only difference between a method's settings, with ``MIN_VALUES``
        values or more.
        """
        found: dict[str, list[str]] = {}
        for method in results.methods:
            names = differing(results, method)
            if len(names) != 1 or names == [RATE]:
                continue
            values = _numbers(results, names[0])[settings_of(results, method)]
            if values.notna().all() and values.nunique() >= MIN_VALUES:
                found.setdefault(names[0], []).append(method)
        return [axis for name, methods in found.items() if (axis := cls._of(results, name, methods)) is not None]

    @classmethod
    def _of(cls, results: Results, name: str, methods: Sequence[str]) -> "Axis | None":
        """The axis; ``None`` if none of the methods has a complete run."""
        values = _numbers(results, name)
        met = {value for method in methods for value in values[settings_of(results, method)].dropna()}
        runs = results.runs[results.runs["method"].isin(methods)]
        return cls(name, tuple(methods), values, tuple(sorted(met))) if runs["complete"].any() else None

    @property
    def label(self) -> str:
        """The hyperparameter's name in words."""
        return self.name.removeprefix("setting.").replace("_", " ")

    def shown(self, value: float) -> str:
        """A value as text."""
        if math.isnan(value):
            return MISSING_CELL
        if math.isinf(value):
            return ABSENT[self.name]
        return str(int(value)) if value.is_integer() else f"{value:g}"

    def runs(self, results: Results) -> pd.DataFrame:
        """The runs of the methods, in the form of ``Results.runs``, with a column ``value``; runs without a value are
        omitted.
        """
        runs = results.runs[results.runs["method"].isin(self.methods)]
        return runs.assign(value=runs["setting"].map(self.settings)).dropna(subset="value")

    @property
    def scale(self) -> str:
        """Matplotlib's name for the scale of the axis."""
        low, *rest = finite = [value for value in self.values if math.isfinite(value)]
        if _logarithmic(finite):
            return "log"
        return "symlog" if low == 0 and rest[-1] >= FAR * rest[0] else "linear"

    @property
    def places(self) -> dict[float, float]:
        """Positions of the values in a figure. An infinite value takes the next position after the largest."""
        finite = [value for value in self.values if math.isfinite(value)]
        at = {value: value for value in finite}
        return at if len(at) == len(self.values) else at | {math.inf: _next(finite)}

    def draw(self, axes: Axes, width: float) -> None:
        """Give axes of ``width`` inches their scale, label and ticks.

        As many values get ticks as fit, always including the largest.
        """
        places, values, scale = self.places, self.values, self.scale
        axes.set_xscale(scale, **({"linthresh": values[1]} if scale == "symlog" else {}))
        across = axes.xaxis.get_transform().transform(np.array([*places.values()]))
        inches = dict(zip(values, width * (across - across[0]) / np.ptp(across), strict=True))
        kept = [values[-1]]
        for value in reversed(values[:-1]):
            letters = 1 + (len(self.shown(value)) + len(self.shown(kept[-1]))) / 2
            if inches[kept[-1]] - inches[value] >= LETTER * letters:
                kept.append(value)
        axes.set_xticks([places[value] for value in kept], [self.shown(value) for value in kept])
        axes.minorticks_off()
        axes.set_xlabel(self.label)


def _logarithmic(values: Sequence[float]) -> bool:
    """Whether ascending values are above 0 and spread enough for a logarithmic axis."""
    return values[0] > 0 and values[-1] >= (1 - ROUNDING) * RANGE * values[0]


def differing(results: Results, method: str) -> list[str]:
    """The hyperparameters in which the settings of a method differ."""
    settings = results.settings.loc[settings_of(results, method)]
    return [str(name) for name in settings if settings[name].astype(object).map(repr).nunique() > 1]


def settings_of(results: Results, method: str) -> list[str]:
    """The settings at which a method has runs."""
    return [str(setting) for setting in results.runs.loc[results.runs["method"] == method, "setting"].unique()]


def _numbers(results: Results, name: str) -> "pd.Series[float]":
    values = results.settings[name]
    numbers = pd.to_numeric(values, errors="coerce").astype("float64")
    return numbers.where(np.isfinite(numbers)).mask(values.isna() & (name in ABSENT), math.inf)


def _next(values: Sequence[float]) -> float:
    """The position after ascending values, one mean step further; on a logarithmic axis the step is a factor."""
    steps = len(values) - 1
    if _logarithmic(values):
        return values[-1] * math.pow(values[-1] / values[0], 1 / steps)
    return values[-1] + (values[-1] - values[0]) / steps
