"""The cells of a text file, indexed by the first line of their row."""

import csv
import gzip
import io
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from analysis.results.csv_files import safe as csv_safe
from analysis.results.wording import counted
from harness.common import fields
from harness.common.errors import UserError

SUFFIXES = (".csv", ".tsv", ".txt")
PACKED = ".gz"
SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs"}
LARGEST = 10_000_000
"""Largest number of characters in a cell; the library's own limit is smaller than some error messages."""
MARK = "\ufeff"
"""The byte-order mark: at the start of a file, or inside a file joined from several."""


@dataclass(frozen=True)
class Cells:
    """The rows below a header."""

    frame: pd.DataFrame
    """The cells as text, with the header's names as columns and each row's first line number as index."""
    separator: str
    notes: tuple[str, ...]
    """Facts about the file's form that a reader may not expect."""
    points: bool = False
    """Whether the scores are known to be points. Scores from 0 to 1 are then points too, not shares."""


def read(file: Path, wanted: Sequence[str], *, indexed: bool = False) -> Cells:
    """The cells of a UTF-8 file, gzipped if its name ends in ``.gz``.

    The separator is the character (comma, semicolon or tab) that splits the header into the most ``wanted`` names. A
    tie goes to the most names. Blank rows and repeated headers are left out. With ``indexed``, a first column without a
    name is also left out: pandas writes its index as such a column. Raises ``UserError`` with the line for an unclosed
    quote, or a row with a different number of cells than the header.
    """
    text = _text(file)
    separator = _separator(next((line for line in text.split("\n") if line.strip()), ""), wanted)
    rows = _rows(text, separator, file)
    if not rows:
        raise UserError(f"{file}: not readable as CSV: No columns: the file is empty")
    (_, header), *rows = rows
    repeated = [line for line, row in rows if row == header]
    rows = [(line, row) for line, row in rows if row != header]
    if indexed and not header[0]:
        header, rows = header[1:], [(line, row[1:]) for line, row in rows]
    kept = _columns(header, [row for _, row in rows], file)
    for line, row in rows:
        if len(row) != len(header):
            raise UserError(
                f"{file}:{line}: the row has {counted(len(row), 'cell')} and the header {len(header)} columns"
            )
    index = pd.Index([line for line, _ in rows], dtype="int64")
    columns = {header[i]: pd.Series([row[i] for _, row in rows], index, dtype="str") for i in kept}
    frame = pd.DataFrame(columns, index).apply(csv_safe.plain)
    notes = [f"{file.name} has {SEPARATORS[separator]} between its cells."] if separator != "," else []
    if repeated:
        where = f"line{'s' if len(repeated) > 1 else ''} {', '.join(map(str, repeated))}"
        notes.append(f"{file.name} repeats its header on {where}: all parts are read as one table.")
    return Cells(frame, separator, tuple(notes))


def header(file: Path, wanted: Sequence[str] = ()) -> list[str]:
    """The names in the first line with any text; none if the file is not readable. The rest of the file is not read."""
    packed = file.name.lower().endswith(PACKED)
    try:
        with gzip.open(file, "rt", encoding="utf-8-sig") if packed else file.open(encoding="utf-8-sig") as lines:
            first = next((line.rstrip("\n") for line in lines if line.strip()), "")
        return _names(first, _separator(first, wanted))
    except (ValueError, OSError, EOFError, zlib.error, csv.Error):
        return []


def _text(file: Path) -> str:
    try:
        content = gzip.decompress(file.read_bytes()) if file.name.lower().endswith(PACKED) else file.read_bytes()
        text = content.decode()
    except (ValueError, OSError, EOFError, zlib.error) as error:
        hint = "; save it as UTF-8" if isinstance(error, UnicodeDecodeError) else ""
        raise UserError(f"{file}: not readable as CSV: {' '.join(str(error).split())}{hint}") from None
    text = re.sub(rf"^{MARK}", "", text, flags=re.MULTILINE)
    # Classic Mac OS files end lines with a carriage return. In other files it belongs to a cell or to a line's end.
    return text if "\n" in text else text.replace("\r", "\n")


def _separator(header: str, wanted: Sequence[str]) -> str:
    def found(separator: str) -> tuple[int, int]:
        names = _names(header, separator)
        return len({*wanted} & {*names}), len(names)

    return max(SEPARATORS, key=found)


def _names(header: str, separator: str) -> list[str]:
    names = next(csv.reader([header], delimiter=separator, skipinitialspace=True), [])
    return [name.strip() for name in names]


def _rows(text: str, separator: str, file: Path) -> list[tuple[int, list[str]]]:
    """The rows with any text, each with the number of its first line; the header is the first row."""
    csv.field_size_limit(LARGEST)
    reader = csv.reader(io.StringIO(text, newline="\n"), delimiter=separator, skipinitialspace=True, strict=True)
    rows: list[tuple[int, list[str]]] = []
    line, returns = 1, "\r" in text
    while True:
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise UserError(f"{file}:{line}: not readable as CSV: {_said(error)}") from None
        if cells is None:
            return rows
        if any(cell.strip() for cell in cells):
            whole = [cell.replace("\r\n", "\n").replace("\r", "\n") for cell in cells] if returns else cells
            rows.append((line, whole if rows else [name.strip() for name in whole]))
        line = reader.line_num + 1


def _said(error: csv.Error) -> str:
    """The csv library's message, reworded for users if it addresses programmers."""
    words = str(error)
    if "new-line character" in words:
        return "a carriage return stands inside the line; put quotes around its cell"
    return "a quote is opened and never closed" if "end of data" in words else words


def _columns(header: list[str], rows: Sequence[list[str]], file: Path) -> list[int]:
    """Indices of the columns with a name; a column of empty cells needs none."""
    named = [i for i, name in enumerate(header) if name]
    if (twice := fields.repeated([header[i] for i in named])) is not None:
        raise UserError(f"{file}: the column {twice!r} occurs twice")
    for i in set(range(len(header))) - {*named}:
        if any(i < len(row) and row[i].strip() for row in rows):
            raise UserError(f"{file}: column {i + 1} has no name in the header")
    return named
