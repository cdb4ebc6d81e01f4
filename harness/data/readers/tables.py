"""Tables as pandas and pyarrow read them. Cells stay as they are written: in a CSV file ``NA`` is text, and so is
``01``."""

import json
import warnings
from io import BytesIO, StringIO

import pandas as pd

from harness.common.errors import UserError, reason


def csv(content: bytes, where: str, separator: str = ",") -> pd.DataFrame:
    """A table with commas between its cells, its first line the columns' names; all cells are text."""
    text = StringIO(_text(content, where), newline="")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)  # a row with more cells than the first line
            return pd.read_csv(text, sep=separator, dtype=str, na_filter=False, index_col=False).astype(object)
    except (ValueError, pd.errors.ParserWarning) as error:
        raise UserError(f"{where}: cannot be read as a table: {reason(error)}") from None


def tsv(content: bytes, where: str) -> pd.DataFrame:
    """The same with tabs."""
    return csv(content, where, "\t")


def jsonl(content: bytes, where: str) -> pd.DataFrame:
    """A JSON object a line; a key that a line lacks has no value there."""
    rows = []
    # Not pandas' read_json: it makes floats of whole numbers where one is missing, and names no line that is broken.
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
    """A Parquet file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(BytesIO(content))
    except (OSError, pa.ArrowException) as error:
        raise UserError(f"{where}: cannot be read as Parquet: {reason(error)}") from None
    return pd.DataFrame({name: table[name].to_pylist() for name in table.column_names}, dtype=object)


def _text(content: bytes, where: str) -> str:
    """UTF-8 text. Raises ``UserError`` with the line where it is another encoding."""
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UserError(
            f"{where}:{line}: not UTF-8 text ({error.reason} at byte {error.start}); save it as UTF-8"
        ) from None
