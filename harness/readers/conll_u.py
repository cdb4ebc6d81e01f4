"""CoNLL-U: ten columns with tabs between them, as Universal Dependencies' treebanks have.

https://universaldependencies.org/format.html. Words are the syntactic ones, which are what has tags: of a contraction
the parts. Empty nodes, which stand for words that are not there, and comments are left out.
"""

from collections.abc import Iterator
from pathlib import Path

from harness.common import files
from harness.common.errors import UserError
from harness.readers.words import Word, column_of, grouped

FIELDS = ("id", "form", "lemma", "upos", "xpos", "feats", "head", "deprel", "deps", "misc")
UPOS = FIELDS.index("upos")


def read(file: Path, column: str | None) -> list[list[Word]]:
    """The sentences of a file, with the tags of a column, by default the universal part of speech.

    Raises ``UserError`` with file and line for a line that is none of CoNLL-U, and for a word without a tag.
    """
    return list(grouped(_words(file, column)))


def _words(file: Path, column: str | None) -> Iterator[Word | None]:
    import conllu

    place = FIELDS[column_of(column, FIELDS, UPOS, str(file))]
    for number, line in files.lines(file):
        if not line.strip():
            yield None
        elif not line.startswith("#"):
            where = f"{file}:{number}"
            # The package parts columns by two blanks as well.
            if line.count("\t") != len(FIELDS) - 1 or "  " in line:
                raise UserError(
                    f"{where}: expected CoNLL-U's {len(FIELDS)} columns with tabs between, found {line[:60]!r}"
                )
            try:
                ((token,),) = conllu.parse(line, fields=FIELDS, field_parsers=dict.fromkeys(FIELDS[1:], _as_it_is))
            except conllu.exceptions.ParseException as error:
                raise UserError(f"{where}: no line of CoNLL-U: {error}") from None
            if isinstance(token["id"], int):
                if token[place] == "_" and place != "form":
                    raise UserError(f"{where}: the word {token['form']!r} has no {place}")
                yield Word(number, token["form"], token[place])


def _as_it_is(cells: list[str], place: int) -> str:
    return cells[place]
