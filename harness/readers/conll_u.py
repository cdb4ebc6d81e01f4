"""CoNLL-U: ten columns with tabs between them, as Universal Dependencies' treebanks have.

https://universaldependencies.org/format.html. Words are the syntactic ones, which are what has tags: of a contraction
the parts. Empty nodes, which stand for words that are not there, and comments are left out.
"""

from collections.abc import Iterator

from harness.common.errors import UserError
from harness.readers.words import Columns, Lines, Row, grouped

FIELDS = ("id", "form", "lemma", "upos", "xpos", "feats", "head", "deprel", "deps", "misc")


def read(lines: Lines, name: str) -> Columns:
    """The columns of a file of that name. Raises ``UserError`` with file and line for a line of another form."""
    parsed = (_parsed(block, name) for block in grouped(_rows(lines, name)))
    return Columns(FIELDS, FIELDS.index("form"), FIELDS.index("upos"), [rows for rows in parsed if rows], missing="_")


def _rows(lines: Lines, name: str) -> Iterator[tuple[int, str] | None]:
    for number, line in lines:
        if not line.strip():
            yield None
        elif not line.startswith("#"):
            # The package parts columns by two blanks as well.
            if line.count("\t") != len(FIELDS) - 1 or "  " in line:
                raise UserError(
                    f"{name}:{number}: expected CoNLL-U's 10 columns with tabs between, found {line[:60]!r}"
                )
            yield number, line


def _parsed(block: Lines, name: str) -> list[Row]:
    """The words of a sentence."""
    import conllu

    numbers, text = [number for number, _ in block], "\n".join(line for _, line in block)
    try:
        (tokens,) = conllu.parse(text, fields=FIELDS, field_parsers=dict.fromkeys(FIELDS[1:], _as_it_is))
    except conllu.exceptions.ParseException as error:
        if len(block) > 1:  # one of them by itself
            return [row for line in block for row in _parsed([line], name)]
        raise UserError(f"{name}:{numbers[0]}: no line of CoNLL-U: {error}") from None
    return [
        Row(number, tuple(str(token[field]) for field in FIELDS))
        for number, token in zip(numbers, tokens, strict=True)
        if isinstance(token["id"], int)
    ]


def _as_it_is(cells: list[str], place: int) -> str:
    return cells[place]
