"""Numbers and words in a table's cells. An invalid value is refused with its line."""

import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from harness.common.errors import bad

TRUE, FALSE = ("true", "1", "yes"), ("false", "0", "no", "")
EXACT = 2.0**53
"""Bound below which a whole number is read exactly."""
DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+([eE][+-]?\d+)?")
SAME = 1e-12
"""Relative difference below which two values of a hyperparameter count as equal. An example is 0.1 × 0.003 and
0.0003."""


def refuse(file: Path, column: str, values: "pd.Series[Any]", wrong: "pd.Series[bool]", allowed: str) -> None:
    """Refuse the first wrong value; the values' index is their line numbers."""
    if wrong.any():
        place = int(np.flatnonzero(wrong)[0])
        raise bad(f"{file}:{values.index[place]}: {column}", values.iloc[place], allowed)


def truths(values: "pd.Series[str]", file: Path) -> "pd.Series[bool]":
    """True or false; empty is false."""
    words = values.str.lower()
    refuse(file, str(values.name), values, ~words.isin([*TRUE, *FALSE]), "true or false")
    return words.isin(TRUE)


def whole(values: "pd.Series[str]", file: Path) -> "pd.Series[int]":
    """Whole numbers."""
    numbers = pd.to_numeric(values, errors="coerce")
    wrong = ~((numbers.abs() < EXACT) & (numbers % 1 == 0))
    refuse(file, str(values.name), values, wrong, "a whole number below 2^53")
    return numbers.astype("int64")


def amounts(values: "pd.Series[str]", file: Path) -> "pd.Series[float]":
    """Numbers of at least 0, missing if a cell is empty."""
    numbers = pd.to_numeric(values.replace("", None), errors="coerce")
    wrong = (values != "") & ~(np.isfinite(numbers) & (numbers >= 0))
    refuse(file, str(values.name), values, wrong, "a number of at least 0, or nothing")
    return numbers


def typed(column: "pd.Series[str]") -> "pd.Series[Any]":
    """Numbers if the whole column is numeric, else text; empty is missing. Numbers that differ by rounding become
    equal."""
    filled = column.replace("", None)
    numbers = pd.to_numeric(filled, errors="coerce")
    return one_value_each(numbers) if numbers.notna().equals(filled.notna()) else filled


def one_value_each(values: "pd.Series[Any]") -> "pd.Series[Any]":
    """Replace numbers that differ only by rounding with the shortest of these numbers. Other values stay."""
    met = sorted({value for value in values if isinstance(value, float) and math.isfinite(value)})
    groups: list[list[float]] = []
    for value in met:
        if groups and math.isclose(value, groups[-1][0], rel_tol=SAME):
            groups[-1].append(value)
        else:
            groups.append([value])
    new = {value: min(group, key=lambda one: len(repr(one))) for group in groups if len(group) > 1 for value in group}
    return values.map(lambda value: new.get(value, value)) if new else values


def with_points(frame: pd.DataFrame, columns: Sequence[str]) -> tuple[pd.DataFrame, bool]:
    """The cells (text) with points in place of decimal commas, and whether any comma was replaced.

    A column with a point anywhere keeps its commas.
    """
    changed = {}
    for name in columns:
        cells = frame[name]
        if cells.str.contains(".", regex=False).any() or not cells.str.fullmatch(DECIMAL_COMMA).any():
            continue
        changed[name] = cells.str.replace(",", ".", regex=False)
    return frame.assign(**changed), bool(changed)
