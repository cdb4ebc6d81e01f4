"""Positions of a study's settings along the first screen's picture."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.rendering.axis import RATE
from analysis.results.frame import Results
from analysis.results.wording import counted

FEW = 12
"""Largest number of numeric values with evenly spaced positions. Non-numeric values always have such positions."""
TICKS = 6
"""Largest number of labelled values if there are more numeric values than ``FEW``."""


@dataclass(frozen=True)
class Places:
    """Positions of settings from 0 to 1, by label."""

    of: Mapping[str, float]
    ticks: tuple[tuple[float, str], ...]
    """Positions of the ticks, with their labels."""
    label: str
    step: float
    """Room for one position, as a share of the panel's width."""

    @classmethod
    def along(cls, results: Results) -> "Places":
        """Positions by the learning rate if it varies, else by the only hyperparameter that varies.

        Otherwise all settings have the position 0.5.
        """
        varied = results.varied
        name = RATE if RATE in varied else (str(varied.columns[0]) if varied.shape[1] == 1 else "")
        if not name:
            word = counted(len(results.settings_met), "setting")
            return cls(dict.fromkeys(results.settings_met, 0.5), (), f"all runs of {word}", 1.0)
        values = varied[name]
        numbers = pd.to_numeric(values, errors="coerce")
        label = name.removeprefix("setting.").replace("_", " ")
        if numbers.nunique() > FEW and numbers.notna().all():
            return cls._continuous(numbers, label)
        order = values.loc[numbers.sort_values(kind="stable").index].map(_shown).drop_duplicates().tolist()
        at = {value: (place + 0.5) / len(order) for place, value in enumerate(order)}
        places = {str(setting): at[_shown(value)] for setting, value in values.items()}
        return cls(places, tuple((place, value) for value, place in at.items()), label, 1 / len(order))

    @classmethod
    def _continuous(cls, numbers: "pd.Series[float]", label: str) -> "Places":
        even = (
            pd.Series(np.log(numbers), numbers.index)
            if numbers.min() > 0 and numbers.max() >= 5 * numbers.min()
            else numbers
        )
        across = (even - even.min()) / (even.max() - even.min())
        places = {str(setting): float(place) for setting, place in across.items()}
        met = sorted(zip(places.values(), numbers, strict=True))
        named = [met[round(i * (len(met) - 1) / (TICKS - 1))] for i in range(TICKS)]
        ticks = tuple((place, f"{value:.2g}") for place, value in dict(named).items())
        return cls(places, ticks, label, 1 / numbers.nunique())


def _shown(value: object) -> str:
    if isinstance(value, float):
        return "none" if math.isnan(value) else f"{value:g}"
    return str(value)
