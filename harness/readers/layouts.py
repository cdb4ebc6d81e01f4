"""The layout of a file, from its name and its first lines."""

import re
from typing import Literal

from harness.common.errors import UserError
from harness.readers.conll import DOCUMENT, cells_of
from harness.readers.words import Lines

Layout = Literal["two columns", "conll", "conll-u"]
ID = re.compile(r"\d+([-.]\d+)?")
"""Id of a word, a contraction or an empty node in CoNLL-U."""
SUFFIXES = (".tsv", ".conllu", ".conll", ".txt", ".iob", ".iob2", ".bio")
"""Suffixes of files of words and tags. Only CoNLL-U has its own suffix; the first lines show other layouts."""
HEADER = (
    {"word", "words", "token", "tokens", "form", "text"},
    {*("tag", "tags", "label", "labels", "ner", "ner_tag", "ner_tags", "pos", "upos", "pos_tag", "pos_tags")},
)
"""Header names for the column of words, and for the column of tags."""


def layout_of(lines: Lines, name: str) -> Layout:
    """The layout of a file of words and tags called ``name``.

    Raises ``UserError`` for a file without sentences, and for a layout that is not supported, with its name and a way
    to convert it.
    """
    number, line = _first(lines, name)
    cells = cells_of(line)
    if name.endswith(".conllu") or (line.count("\t") == 9 and ID.fullmatch(cells[0])):
        return "conll-u"
    where = f"{name}:{number}"
    if cells[0].lower() in HEADER[0] and {cell.lower() for cell in cells[1:]} & HEADER[1]:
        raise UserError(f"{where}: the line is a header, {line[:60]!r}; delete it, as sed {number}d does")
    if cells[0].startswith("#begin"):
        raise UserError(f"{where}: the file is laid out like CoNLL-2012 (OntoNotes); write a word and its tag per line")
    if line.startswith(("{", "[{")):
        raise UserError(f"{where}: the file has JSON; name it .jsonl, or write a word and its tag per line")
    if "\t" not in line and len(cells) == 1:
        raise UserError(f"{where}: expected 'word<TAB>tag', found {line[:60]!r}")
    return "two columns" if line.count("\t") == 1 else "conll"


def _first(lines: Lines, name: str) -> tuple[int, str]:
    """The first line with a word, else the first comment, and its number. Document markers do not count."""
    comment = None
    for number, line in lines:
        if line.startswith("#") and "\t" not in line and not line.startswith("#begin"):
            comment = comment or (number, line)
        elif line.strip(" \t") and cells_of(line)[0] != DOCUMENT:
            return number, line
    if comment is not None:
        return comment
    raise UserError(f"{name}: the file has no sentences")
