"""The layout of XTREME's download script: ``word<TAB>tag``, with a blank line between sentences."""

from collections.abc import Iterator

from harness.common.errors import UserError
from harness.readers.conll import DOCUMENT
from harness.readers.words import Columns, Lines, Row, grouped


def read(lines: Lines, name: str) -> Columns:
    """The columns of a file called ``name``. Raises ``UserError`` with file and line for a malformed line."""
    return Columns(("word", "tag"), 0, 1, list(grouped(_rows(lines, name))))


def _rows(lines: Lines, name: str) -> Iterator[Row | None]:
    for number, line in lines:
        word, tab, tag = line.partition("\t")
        if not line or word == DOCUMENT:
            yield None
        elif not tab or "\t" in tag:
            raise UserError(f"{name}:{number}: expected 'word<TAB>tag', found {line[:60]!r}")
        else:
            yield Row(number, (word, tag))
