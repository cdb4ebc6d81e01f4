"""``word<TAB>tag``, a blank line between sentences: the layout of XTREME's download script."""

from collections.abc import Iterator
from pathlib import Path

from harness.common import files
from harness.common.errors import UserError
from harness.readers.conll import DOCUMENT
from harness.readers.words import Word, grouped


def read(file: Path) -> list[list[Word]]:
    """The sentences of a file. Raises ``UserError`` with file and line for a line of another form."""
    return list(grouped(_words(file)))


def _words(file: Path) -> Iterator[Word | None]:
    for number, line in files.lines(file):
        word, tab, tag = line.partition("\t")
        if not line or word == DOCUMENT:
            yield None
        elif not tab or "\t" in tag:
            raise UserError(f"{file}:{number}: expected 'word<TAB>tag', found {line[:60]!r}")
        else:
            yield Word(number, word, tag)
