"""Text in a CSV file that a spreadsheet must not read as a formula, such as a name from another person's table.

Such text is written with an apostrophe in front, as a person would type it. Reading removes the apostrophe.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

FORMULA = re.compile(r"'*[=+@\t\r\n-]")
NUMBER = re.compile(r"[+-]?\d*\.?\d+(e[+-]?\d+)?", re.IGNORECASE)


def write(frame: pd.DataFrame, file: Path) -> None:
    """Write a frame without its index. The file is gzipped if its name ends in ``.gz``."""
    texts = {name: _marked(column) for name, column in frame.items() if not pd.api.types.is_numeric_dtype(column)}
    frame.assign(**texts).rename(columns=_mark).to_csv(file, index=False)  # type: ignore[arg-type]


def plain(column: "pd.Series[str]") -> "pd.Series[str]":
    """A column of a file that ``write`` has written, without the added apostrophes."""
    return _each(column, lambda text: text[1:] if text.startswith("'") and FORMULA.match(text) else text)


def _marked(column: "pd.Series[str]") -> "pd.Series[str]":
    return _each(column, _mark)


def _mark(text: object) -> object:
    if not isinstance(text, str):
        return text
    # Many readers end a line at a carriage return, which a progress bar's output has. pandas does not quote such text.
    whole = text.replace("\r\n", "\n").replace("\r", "\n")
    return f"'{whole}" if FORMULA.match(whole) and not NUMBER.fullmatch(whole) else whole


def _each(column: "pd.Series[str]", change: Callable[[Any], object]) -> "pd.Series[str]":
    """The column with every value changed. Each distinct value is changed once, because a long column has few distinct
    values."""
    changed = {value: new for value in column.unique() if isinstance(value, str) and (new := change(value)) != value}
    return column.map(lambda value: changed.get(value, value)) if changed else column
