"""CoNLL-U: ten columns separated by tabs, as in the treebanks of Universal Dependencies.

https://universaldependencies.org/format.html. Only syntactic words have tags, so a contraction is read as its parts.
Comments and empty nodes, which stand for omitted words, are skipped.
"""

from collections.abc import Iterator

from harness.common.errors import UserError
from harness.readers.words import Columns, Lines, Row, grouped

FIELDS = ("id", "form", "lemma", "upos", "xpos", "feats", "head", "deprel", "deps", "misc")


def read(lines: Lines, name: str) -> Columns:
    """The columns of a file called ``name``. Raises ``UserError`` with file and line for a malformed line."""
    parsed = (_parsed(block, name) for block in grouped(_rows(lines, name)))
    return Columns(FIELDS, FIELDS.index("form"), FIELDS.index("upos"), [rows for rows in parsed if rows], missing="_")


def _rows(lines: Lines, name: str) -> Iterator[tuple[int, str] | None]:
    for number, line in lines:
        if not line.strip():
            yield None
        elif not line.startswith("#"):
            # conllu also splits columns at two spaces.
            if line.count("\t") != len(FIELDS) - 1 or "  " in line:
                raise UserError(
                    f"{name}:{number}: expected CoNLL-U's 10 columns with tabs between and no double space, "
                    f"found {line[:60]!r}"
                )
            yield number, line


def _parsed(block: Lines, name: str) -> list[Row]:
    """The words of a sentence."""
    import conllu

    numbers, text = [number for number, _ in block], "\n".join(line for _, line in block)
    try:
        (tokens,) = conllu.parse(text, fields=FIELDS, field_parsers=dict.fromkeys(FIELDS[1:], _as_it_is))
    except conllu.exceptions.ParseException as error:
        if len(block) > 1:  # parse each line alone to find the faulty line
            return [row for line in block for row in _parsed([line], name)]
        raise UserError(f"{name}:{numbers[0]}: no line of CoNLL-U: {error}") from None
    return [
        Row(number, tuple(str(token[field]) for field in FIELDS))
        for number, token in zip(numbers, tokens, strict=True)
        if isinstance(token["id"], int)
    ]


def _as_it_is(cells: list[str], place: int) -> str:
    return cells[place]
