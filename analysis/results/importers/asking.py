"""The message for foreign results in which a field is not found: the columns, and a ``--map`` to give."""

from pathlib import Path

import pandas as pd

from analysis.results.importers.column_map import OPTION
from analysis.results.importers.columns import PARAMETER
from analysis.results.importers.runs import FOLDER
from harness.common.errors import UserError

SHOWN = 40
"""Largest number of columns in a message."""
WORDS = {"method": "the method", "seed": "the seed", "score": "the scores of languages"}


def for_columns(lacking: list[str], frame: pd.DataFrame, file: Path) -> UserError:
    """The error for fields that no column is known to hold."""
    names = [str(name) for name in frame]
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    words = " or ".join(WORDS[field] for field in lacking)
    example = f" (such as {frame[FOLDER].iloc[0]!r})" if FOLDER in frame else ""
    listed = ", ".join(f"{name}{example}" if name == FOLDER else name for name in names[:SHOWN])
    return UserError(
        f"{file}: no column names {words}. The columns are {listed}{more}. Choose columns, such as: "
        f"{_line(lacking, frame)}"
    )


def _line(lacking: list[str], frame: pd.DataFrame) -> str:
    """The ``--map`` options that would name the columns of the fields."""
    own = [field for field in lacking if field != "score"]
    given = [] if FOLDER in frame else [f"{OPTION} {field}={_guess(field, frame)}" for field in own]
    if own and not given:
        given = [f"{OPTION} '{FOLDER}={'-'.join(f'{{{field}}}' for field in own)}'"]
    return " ".join([*given, *([f"{OPTION} 'score.*=test_*_f1'"] if "score" in lacking else [])])


def _guess(field: str, frame: pd.DataFrame) -> str:
    """A column that may hold the field. Its values repeat: small whole numbers for a seed, else text."""
    for name in sorted(map(str, frame), key=lambda name: PARAMETER.match(name) is None):
        cells = frame[name]
        whole = cells.str.fullmatch(r"\d{1,6}")
        repeats = 1 < cells.nunique() < len(cells)
        if repeats and (whole.all() if field == "seed" else not pd.to_numeric(cells, errors="coerce").notna().any()):
            return name
    return "COLUMN"
