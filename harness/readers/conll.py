"""Columns as in the shared tasks of CoNLL-2002 and 2003: a word a line, blanks or tabs between its columns, the word
first (Tjong Kim Sang and De Meulder, 2003)."""

import re
from collections.abc import Iterator
from pathlib import Path

from harness.common import files
from harness.common.errors import UserError
from harness.readers.words import Word, column_of, grouped

DOCUMENT = "-DOCSTART-"
"""The word of the line before a document."""
NAMES = {3: ("word", "pos", "ner"), 4: ("word", "pos", "chunk", "ner")}
"""Of the columns of CoNLL-2002 and 2003."""
COMMENT = re.compile("# (id|sent_id|text|newdoc|newpar)\\b")
"""Of MultiCoNER and of CoNLL-U: it may have as many columns as a word."""
BLANKS = re.compile("[ \t]+")


def cells_of(line: str) -> list[str]:
    """The cells of a line. Only where there is no tab do blanks part them; no other white space does."""
    return line.split("\t") if "\t" in line else BLANKS.split(line.strip(" "))


def read(file: Path, column: str | None) -> list[list[Word]]:
    """The sentences of a file, with the tags of a column, by default the last. Raises ``UserError`` with file and line
    for a line that has not as many columns as the first."""
    sentences = list(grouped(_words(file, column)))
    if sentences and all(word.form == str(place) for sentence in sentences for place, word in enumerate(sentence, 1)):
        raise UserError(
            f"{file}: the first column numbers the words, as in CoNLL-X, CoNLL-2009 and GermEval; write a file with "
            "the word and its tag alone, as cut -f 2,3 does"
        )
    return sentences


def _words(file: Path, column: str | None) -> Iterator[Word | None]:
    width = first = place = 0
    for number, line in files.lines(file):
        if not line.strip(" \t"):
            yield None
            continue
        cells = cells_of(line)
        if cells[0] == DOCUMENT or COMMENT.match(line):
            yield None
            continue
        if not width and not line.startswith("# "):
            width, first = len(cells), number
            names = NAMES.get(width, tuple(str(count) for count in range(1, width + 1)))
            place = column_of(column, names, width - 1, f"{file}:{number}")
        if len(cells) == width:
            yield Word(number, cells[0], cells[place])
        elif not line.startswith("# "):  # another comment: a word that is # has as many columns as others
            raise UserError(
                f"{file}:{number}: expected {width} columns as in line {first}, found {len(cells)}: {line[:60]!r}"
            )
