"""Tables as CSV, TSV, JSON lines or Parquet. Cells stay as written: in a CSV file ``NA`` is text, and so is ``01``."""

import csv as standard_csv
import json
import re
import warnings
from io import BytesIO, StringIO

import pandas as pd

from harness.common.errors import UserError, reason

NAMES = {",": "comma", "\t": "tab", ";": "semicolon"}
"""Characters that separate cells, with their names."""


def csv(content: bytes, where: str, separator: str = ",") -> pd.DataFrame:
    """A table with commas between its cells and column names in the first line; all cells are text.

    Raises ``UserError`` that begins with ``where`` for an empty or malformed table.
    """
    text = _text(content, where)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)  # for a row with too many cells
            table = pd.read_csv(
                StringIO(text, newline=""), sep=separator, dtype=str, na_filter=False, index_col=False
            ).astype(object)
    except pd.errors.EmptyDataError:
        raise UserError(f"{where}: the file is empty; its first line has the names of the columns") from None
    except (ValueError, pd.errors.ParserWarning) as error:
        raise UserError(f"{where}{_fault(text, separator, reason(error))}") from None
    _check_separator(table, where, separator)
    return table


def _fault(text: str, separator: str, said: str) -> str:
    """The end of a message on a malformed table; pandas' own words for rarer faults."""
    if found := re.search(r"EOF inside string starting at row (\d+)", said):
        return f": row {found[1]}: a quotation mark opens a text and none closes it; double the marks inside a text"
    rows = standard_csv.reader(StringIO(text, newline=""), delimiter=separator)
    columns = len(next(rows, []))
    for row in rows:
        if len(row) > columns:
            mark = NAMES[separator]
            return f':{rows.line_num}: {len(row)} cells in {columns} columns; put a text with a {mark} into "…"'
    return f": cannot be read as a table: {said}"


def _check_separator(table: pd.DataFrame, where: str, separator: str) -> None:
    """Refuse a table whose only column has another separator in its name."""
    if len(table.columns) == 1:
        name = str(table.columns[0])
        if other := next((mark for mark in NAMES if mark != separator and mark in name), None):
            raise UserError(
                f"{where}:1: {name[:60]!r} has a {NAMES[other]} between its names; "
                f"save the table with a {NAMES[separator]}"
            )


def tsv(content: bytes, where: str) -> pd.DataFrame:
    """A table with tabs between its cells; otherwise like ``csv``."""
    return csv(content, where, "\t")


def jsonl(content: bytes, where: str) -> pd.DataFrame:
    """A table with one JSON object per line. A key that a line lacks has no value there.

    Raises ``UserError`` with the line that is not a JSON object.
    """
    rows = []
    # pandas' read_json is not used: it turns whole numbers into floats if one is missing, and does not name a broken
    # line.
    for number, line in enumerate(_text(content, where).split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise UserError(f"{where}:{number}: not readable as JSON: {reason(error)}") from None
        if not isinstance(row, dict):
            raise UserError(f"{where}:{number}: expected a JSON object, found {line.strip()[:60]!r}")
        rows.append(row)
    return pd.DataFrame(rows, dtype=object)


def parquet(content: bytes, where: str) -> pd.DataFrame:
    """A table in a Parquet file. Raises ``UserError`` if the content is not Parquet."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(BytesIO(content))
    except (OSError, pa.ArrowException) as error:
        raise UserError(f"{where}: cannot be read as Parquet: {reason(error)}") from None
    return pd.DataFrame({name: table[name].to_pylist() for name in table.column_names}, dtype=object)


def _text(content: bytes, where: str) -> str:
    """Content as UTF-8 text. Raises ``UserError`` with the line for any other encoding."""
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UserError(
            f"{where}:{line}: not UTF-8 text ({error.reason} at byte {error.start}); save it as UTF-8"
        ) from None
