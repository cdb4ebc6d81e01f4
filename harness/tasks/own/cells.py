"""Checks of the cells of a user's own table."""

from collections.abc import Iterator, Sequence
from typing import Any

from harness.common.errors import UserError, bad
from harness.tasks.sequence_task import one_line

WORDS = {bool: "a truth value", int: "a whole number", float: "a number with a decimal point", str: "text"}


def label_of(cell: Any) -> Any:
    """A label as text, the same from every format: JSON and Parquet have numbers and truth values.

    Other cells are unchanged.
    """
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return str(cell) if isinstance(cell, int) else cell


def text_of(cell: Any, where: str) -> str:
    """A text of an example. Raises ``UserError`` that begins with ``where`` for other values and empty text."""
    if not isinstance(cell, str) or not (text := one_line(cell)):
        raise bad(where, cell, "text that is not empty")
    return text


def once(cells: Sequence[Any], where: str) -> None:
    """Refuse a repeated value. ``where`` begins the message, with ``{row}`` for the row's number, from 1."""
    rows: dict[str, int] = {}
    for number, cell in enumerate(cells, start=1):
        if (before := rows.setdefault(repr(cell), number)) != number:
            raise bad(where.format(row=number), cell, f"each id once; row {before} has it too")


def of_one_type(cells: Sequence[Any], where: str) -> None:
    """Refuse labels of several types, such as the number 1 and the text 1. ``where`` is as in ``once``."""
    first: tuple[int, Any] | None = None
    for number, cell in _each(cells):
        if type(cell) not in WORDS or cell != cell:
            continue  # no label at all: another check reports it
        if first is None:
            first = number, cell
        elif type(cell) is not type(first[1]) and not {type(cell), type(first[1])} <= {int, float}:
            ours, theirs = (f"{found!r} is {WORDS[type(found)]}" for found in (cell, first[1]))
            raise UserError(f"{where.format(row=number)}: {ours}, and in row {first[0]} {theirs}; give one type")


def _each(cells: Sequence[Any]) -> Iterator[tuple[int, Any]]:
    """Each cell, or each entry of a list in a cell, with the number of its row."""
    for number, cell in enumerate(cells, start=1):
        for entry in cell if isinstance(cell, list) else [cell]:
            yield number, entry
