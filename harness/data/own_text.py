"""Unlabelled text in a user's own files, one for each language."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harness.common import files
from harness.common.errors import UserError, bad, unknown
from harness.data import readers
from harness.tasks.sequence_task import one_line

PLAIN = ".txt"
"""Suffix of files with a passage per line. ``readers.READERS`` would read these files as tagged words."""


def passages(pattern: str, language: str, column: str) -> Iterator[str]:
    """The passages of a language; in a table, they are the cells of ``column``. Some may be blank.

    Words in a list are joined by spaces. Raises ``UserError`` with the file if the file or the column is missing, or
    the file's kind is unknown. At a cell with neither text nor a list of words, the iterator raises ``UserError`` with
    the file and the row, from 1.
    """
    file = Path(pattern.replace(files.LANGUAGE, language))
    if not file.is_file():
        raise UserError(f"text: {file} does not exist; it is the text for {language!r}")
    kind = readers.kind_of(file)
    if kind == PLAIN:
        return (line for _, line in files.numbered(readers.content(file), str(file)))
    if kind not in readers.READERS:
        raise bad("text", str(file), f"a file whose name ends in {readers.known()}")
    table = readers.read(file)
    if column not in table:
        raise unknown(f"text: {file}: column", column, map(str, table))
    cells = enumerate(table[column].tolist(), start=1)
    return (_passage(cell, f"text: {file}: row {number}: {column}") for number, cell in cells)


def _passage(cell: Any, where: str) -> str:
    if isinstance(cell, list) and all(isinstance(word, str) for word in cell):
        return one_line(" ".join(cell))
    if not isinstance(cell, str):
        raise bad(where, cell, "text, or a list of words")
    return one_line(cell)
