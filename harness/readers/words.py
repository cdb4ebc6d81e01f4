"""A word with its tag and its line: what every layout is read into."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from harness.common.errors import UserError


class Word(NamedTuple):
    """A word of a file."""

    line: int
    """From 1."""
    form: str
    tag: str


def grouped(words: Iterable[Word | None]) -> Iterator[list[Word]]:
    """The sentences of words with ``None`` between sentences; empty ones are left out."""
    sentence: list[Word] = []
    for word in words:
        if word is not None:
            sentence.append(word)
        elif sentence:
            yield sentence
            sentence = []
    if sentence:
        yield sentence


def column_of(given: str | None, names: tuple[str, ...], default: int, where: str) -> int:
    """The place of a column that is given by its name or its number from 1. Raises ``UserError`` for any other."""
    if given is None:
        return default
    if given in names:
        return names.index(given)
    if given.isdecimal() and 1 <= int(given) <= len(names):
        return int(given) - 1
    raise UserError(
        f"{where}: there is no column {given!r}; give one of {', '.join(names)}, or a number up to {len(names)}"
    )
