"""Names in a table, without surrounding blanks. Two names that differ only by case or blanks count as a misspelling."""

import re
import unicodedata
from pathlib import Path
from typing import Any

import pandas as pd

from harness.common.errors import UserError

NAMES = ("method", "setting", "language", "metric", "source")
"""Columns in which removed blanks get a note, because a name with blanks could mean another method or language."""
ALIKE = ("method", "setting", "language", "metric")
BLANKS = re.compile(r"^[\s\ufeff\u200b]+|[\s\ufeff\u200b]+$")
"""White space, a byte-order mark and a zero-width space."""
SHOWN = 3


def stripped(frame: pd.DataFrame, file: Path) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """The cells (text, by line) without surrounding blanks, and a note for every column of names that had such
    blanks."""
    notes = []
    changed: dict[str, pd.Series[str]] = {}
    for name, column in frame.items():
        new = {cell: bare for cell in column.unique() if (bare := BLANKS.sub("", cell)) != cell}
        if not new:
            continue
        changed[str(name)] = column.map(lambda cell, new=new: new.get(cell, cell))
        if name in NAMES and (told := [cell for cell in new if new[cell]]):
            shown = ", ".join(f"{cell!r} ({_place(column, cell)})" for cell in told[:SHOWN])
            more = f" and {len(told) - SHOWN} more" if len(told) > SHOWN else ""
            notes.append(f"{file.name}: blanks around a {name}'s name are left out: {shown}{more}.")
    return frame.assign(**changed), tuple(notes)


def refuse_alike(frame: pd.DataFrame, file: Path) -> None:
    """Refuse two names (text, by line) that differ only by case, blanks or the Unicode form of their characters."""
    for name in ALIKE:
        column = frame[name]
        met: dict[str, str] = {}
        for cell in column.unique():
            other = met.setdefault(_key(cell), cell)
            if other != cell:
                raise UserError(
                    f"{file}:{_first(column, cell)}: {name}: {cell!r} and {other!r} ({_place(column, other)}) "
                    "differ by case, blanks or Unicode form alone; spell the same name in one way, or give names with "
                    "other letters"
                )


def _first(column: "pd.Series[str]", cell: str) -> Any:
    """The index of the first cell with this text: a line number, or a place in words."""
    return column.index[column == cell][0]


def _place(column: "pd.Series[str]", cell: str) -> str:
    first = _first(column, cell)
    return first if isinstance(first, str) else f"line {first}"


def _key(name: str) -> str:
    return "".join(unicodedata.normalize("NFKC", name).casefold().split())
