"""Common form of all layouts: sentences of rows with columns, one for the words and one for the tags."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

from harness.common.errors import UserError

Lines = Sequence[tuple[int, str]]
"""The lines of a file, each with its number, starting at 1."""
T = TypeVar("T")


class Row(NamedTuple):
    """A line with a word."""

    line: int
    cells: tuple[str, ...]


class Word(NamedTuple):
    """A word with its tag."""

    line: int
    form: str
    tag: str


@dataclass(frozen=True)
class Columns:
    """A file's sentences."""

    names: tuple[str, ...]
    """Names of the columns."""
    word: int
    """Index of the column with the words."""
    tag: int
    """Index of the column with the tags, unless the caller chooses another."""
    sentences: list[list[Row]]
    missing: str | None = None
    """The cell of a word without a tag, if the layout has one."""

    def place(self, column: str | None, where: str) -> int:
        """The index of a column, by its name or its number from 1. Raises ``UserError`` for any other value."""
        if column is None:
            return self.tag
        if column in self.names:
            return self.names.index(column)
        if column.isdecimal() and 1 <= int(column) <= len(self.names):
            return int(column) - 1
        raise UserError(
            f"{where}: there is no column {column!r}; give one of {', '.join(self.names)}, or a number up to "
            f"{len(self.names)}"
        )

    def words(self, place: int) -> list[list[Word]]:
        """The words with the tags of the column at index ``place``."""
        return [[Word(row.line, row.cells[self.word], row.cells[place]) for row in of] for of in self.sentences]


def grouped(rows: Iterable[T | None]) -> Iterator[list[T]]:
    """Rows grouped into sentences, which ``None`` separates. Empty sentences are left out."""
    sentence: list[T] = []
    for row in rows:
        if row is not None:
            sentence.append(row)
        elif sentence:
            yield sentence
            sentence = []
    if sentence:
        yield sentence
