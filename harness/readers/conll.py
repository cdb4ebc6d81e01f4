"""Columns as in the shared tasks of CoNLL-2002 and CoNLL-2003 (Tjong Kim Sang and De Meulder, 2003).

A line holds one word, which is the first column. Spaces or tabs separate the columns.
"""

import re
from collections.abc import Iterator

from harness.common.errors import UserError
from harness.readers.words import Columns, Lines, Row, grouped

DOCUMENT = "-DOCSTART-"
"""The word on the line that starts a document."""
NAMES = {3: ("word", "pos", "ner"), 4: ("word", "pos", "chunk", "ner")}
"""Column names of CoNLL-2002 and CoNLL-2003, by the number of columns."""
COMMENT = re.compile("# (id|sent_id|text|newdoc|newpar)\\b")
"""A comment of MultiCoNER or CoNLL-U. It may have as many columns as the line of a word."""
BLANKS = re.compile("[ \t]+")


def cells_of(line: str) -> list[str]:
    """The cells of a line, separated by tabs, or by spaces if the line has no tab.

    Other white space separates nothing.
    """
    return line.split("\t") if "\t" in line else BLANKS.split(line.strip(" "))


def read(lines: Lines, name: str) -> Columns:
    """The columns of a file called ``name``.

    Raises ``UserError`` with file and line if a line has a different number of columns from the first. Also raises
    ``UserError``, with the file, if the first column numbers the words.
    """
    sentences = list(grouped(_rows(lines, name)))
    if sentences and all(row.cells[0] == str(place) for of in sentences for place, row in enumerate(of, 1)):
        raise UserError(
            f"{name}: the first column numbers the words, as in CoNLL-X, CoNLL-2009 and GermEval; write a file with "
            "the word and its tag alone, as cut -f 2,3 does"
        )
    width = len(sentences[0][0].cells) if sentences else 0
    names = NAMES.get(width, ("word", *map(str, range(2, width + 1))))
    return Columns(names, 0, width - 1, sentences)


def _words(header: list[tuple[int, str]], width: int, lines: Lines) -> Iterator[Row | None]:
    """The header's words. A line that begins with # has a word if it has all columns and the tag of another line."""
    plain = [
        (cells[-1], "\t" in line)
        for _, line in lines
        if not line.startswith("# ") and not _ends_sentence(line, cells := cells_of(line))
    ]
    tags, tabs = {tag for tag, _ in plain}, plain[0][1]
    for number, line in header:
        cells = cells_of(line)
        if _ends_sentence(line, cells):
            yield None
        elif len(cells) == width and cells[-1] in tags and ("\t" in line) is tabs:
            yield Row(number, tuple(cells))


def _ends_sentence(line: str, cells: list[str]) -> bool:
    """Whether a line has no word: it is blank, starts a document, or is a known comment."""
    return not line.strip(" \t") or cells[0] == DOCUMENT or bool(COMMENT.match(line))


def _rows(lines: Lines, name: str) -> Iterator[Row | None]:
    width = first = 0
    header: list[tuple[int, str]] = []
    for number, line in lines:
        cells = cells_of(line)
        ends = _ends_sentence(line, cells)
        if not width and (ends or line.startswith("# ")):
            header.append((number, line))
            continue
        if ends:
            yield None
            continue
        if not width:
            width, first = len(cells), number
            if any(line.startswith("# ") for _, line in header):  # a pass over all lines, which few files need
                yield from _words(header, width, lines)
        if len(cells) == width:
            yield Row(number, tuple(cells))
        elif not line.startswith("# "):  # else a comment, as a word's line has all columns
            raise UserError(
                f"{name}:{number}: expected {width} columns as in line {first}, found {len(cells)}: {line[:60]!r}"
            )
