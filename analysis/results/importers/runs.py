"""Runs of another program: one row per run, with that program's columns as text."""

import json
import math
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.results.csv_files import cells
from harness.common import files
from harness.common.errors import UserError, reason

MOST_BYTES = 2**28
"""Largest size of a file, in bytes."""
DEEPEST = 20
"""Largest depth of nested values; deeper values are left out."""
FOLDER = "folder"
"""Column of a run's folder, relative to the folder that is imported. ``folder.1`` is its first part, and so on."""
HIDDEN = re.compile(r"\.|checkpoint[-_]\d+$|__pycache__$")


@dataclass(frozen=True)
class ForeignRuns:
    """Runs as another program wrote them."""

    frame: pd.DataFrame
    """One row per run. Cells are text, empty if missing. The index is each run's place for messages."""
    separator: str = ","
    """Text between a file's cells; with semicolons numbers may have decimal commas."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Importer:
    """Reads the results of one program. ``title`` names these results in notes and messages."""

    title: str
    recognises: Callable[[Path], bool]
    """Whether a folder or file holds results of the program."""
    read: Callable[[Path], ForeignRuns]
    """Raises ``UserError`` for a file that cannot be read."""


def of_folders(root: Path, runs: Mapping[Path, Mapping[str, Any]]) -> ForeignRuns:
    """Runs by their folder below ``root``, each with nested values."""
    rows = {_whole(str(folder.relative_to(root))): values for folder, values in runs.items()}
    if [*rows] == ["."]:
        rows = {_whole(root.resolve().name): rows["."]}
    texts = [{**flat(values), **_folder_columns(place)} for place, values in rows.items()]
    return ForeignRuns(pd.DataFrame(texts, index=pd.Index(list(rows)), dtype="str").fillna(""))


def _folder_columns(place: str) -> dict[str, str]:
    parts = Path(place).parts
    return {FOLDER: "/".join(parts), **{f"{FOLDER}.{i}": part for i, part in enumerate(parts, start=1)}}


def of_table(file: Path) -> ForeignRuns:
    """Runs in a text file, by line."""
    read = cells.read(file, (), indexed=True)
    return ForeignRuns(read.frame, read.separator, read.notes)


def folders(root: Path) -> Iterator[tuple[Path, Sequence[str]]]:
    """A folder and all folders below it, in order of their names, each with the names of its files.

    Checkpoints and hidden folders are left out, and links are not followed.
    """
    for place, below, names in os.walk(root):
        below[:] = sorted(name for name in below if not HIDDEN.match(name))
        yield Path(place), names


def json_of(file: Path) -> dict[str, Any]:
    """The object in a JSON file. Raises ``UserError`` if the file is not readable as one object."""
    return _object(files.text(files.read(file, MOST_BYTES), str(file)), str(file))


def json_lines(file: Path) -> Iterator[dict[str, Any]]:
    """The objects in the lines of a file. A last line without a line break may be cut off, so it is left out.

    Raises ``UserError`` for any other line that is no JSON object.
    """
    content = files.read(file, MOST_BYTES)
    count = content.count(b"\n")
    for number, line in files.numbered(content, str(file)):
        if line.strip() and number <= count:
            yield _object(line, f"{file}:{number}")


def _object(text: str, where: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UserError(f"{where}: not readable as JSON: {reason(error)}") from None
    if not isinstance(found, dict):
        raise UserError(f"{where}: holds no JSON object of names and values")
    return found


def last_values(rows: Iterator[Mapping[str, Any]]) -> dict[str, Any]:
    """The last value of every name in the rows of a log."""
    found: dict[str, Any] = {}
    for row in rows:
        found.update({name: value for name, value in row.items() if value is not None and value != ""})
    return found


def flat(values: Mapping[str, Any], before: str = "") -> dict[str, str]:
    """Nested values as text, by names with ``/`` between their parts. Lists are left out."""
    found: dict[str, str] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            found.update(flat(value, f"{before}{name}/") if before.count("/") < DEEPEST else {})
        elif not isinstance(value, list | tuple):
            found[_whole(f"{before}{name}")] = _whole(_text(value))
    return found


def _whole(text: str) -> str:
    """The text without halves of surrogate pairs, which JSON and file names can have and UTF-8 cannot."""
    return text.encode(errors="replace").decode()


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value) if isinstance(value, float) and math.isfinite(value) else str(value)
