"""Words and tags of a file in any supported layout."""

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from harness.common import files
from harness.common.errors import UserError, bad, unknown
from harness.readers import conll, conll_u, schemes, two_columns
from harness.readers.layouts import layout_of
from harness.readers.words import Columns, Lines, Word

Sentence = tuple[tuple[str, ...], tuple[str, ...]]
"""Words of a sentence, and their tags."""
PREFIX = re.compile(r"[a-z]{2,3}(-[a-z]+)*:")
"""A language code and a colon."""


@dataclass(frozen=True)
class Tagged:
    """The sentences of a file."""

    sentences: list[Sentence] = field(default_factory=list)
    notes: tuple[str, ...] = ()
    """Notes for the user on tags that are read differently from their form in the file."""


def tagged_words(file: Path, *, labels: Collection[str] = (), column: str | None = None) -> Tagged:
    """The sentences of a file of words and tags: ``word<TAB>tag``, CoNLL's columns or CoNLL-U.

    Args:
        file: The file to read.
        labels: The tags that the task knows; if empty, any tag is allowed.
        column: The column of the tags: its name in CoNLL-2003 or CoNLL-U, or its number from 1. The default is the last
            column, or upos in CoNLL-U.

    Raises:
        UserError: With file and line for malformed lines and unknown tags; also for a file without sentences and for
            other layouts.
    """
    name = str(file)
    found = columns(list(files.lines(file)), name)
    place = found.place(column, name)
    sentences = found.words(place)
    if place != found.word and found.missing is not None:
        _refuse_missing(sentences, found.missing, f"no {found.names[place]}", name)
    return checked(sentences, labels, lambda word: f"{name}:{word.line}", name)


def columns(lines: Lines, name: str) -> Columns:
    """All columns of a file called ``name``. Raises like ``tagged_words``."""
    read = {"conll-u": conll_u.read, "conll": conll.read, "two columns": two_columns.read}[layout_of(lines, name)]
    found = read(lines, name)
    if not found.sentences:
        raise UserError(f"{name}: the file has no sentences")
    _refuse_prefixes(found.words(found.tag), name)
    return found


def checked(sentences: list[list[Word]], labels: Collection[str], where: Callable[[Word], str], whole: str) -> Tagged:
    """Sentences with checked words and tags. Tags become IOB2 if ``labels`` are IOB2's or empty.

    For messages, ``where`` returns a word's place, and ``whole`` is the place of the whole text. Raises ``UserError``
    for an empty word or tag, and for a tag that is not in ``labels``.
    """
    scheme = ""
    if not labels or schemes.is_iob2(labels):
        sentences, scheme = schemes.converted(sentences)
    for word in (word for sentence in sentences for word in sentence):
        _check(word, labels, where)
    pairs = [(tuple(word.form for word in found), tuple(word.tag for word in found)) for found in sentences]
    return Tagged(pairs, schemes.said(whole, scheme))


def _check(word: Word, labels: Collection[str], where: Callable[[Word], str]) -> None:
    if not isinstance(word.form, str) or not word.form.strip(" ") or not set("\t\r\n").isdisjoint(word.form):
        raise bad(f"{where(word)}: word", word.form, "text that is not empty, without tabs and line breaks")
    if labels and word.tag not in labels:
        _refuse_known_mistakes(word, labels, where(word))
        raise unknown(f"{where(word)}: tag", word.tag, labels)
    if not isinstance(word.tag, str) or not word.tag.strip():
        raise bad(f"{where(word)}: tag", word.tag, "text that is not empty")


def _refuse_known_mistakes(word: Word, labels: Collection[str], where: str) -> None:
    """Raise ``UserError`` for a tag that shows a known mistake, with the remedy."""
    tag = str(word.tag)
    if tag.isdecimal():
        raise UserError(
            f"{where}: the tag {tag!r} is a number; write the names {', '.join(labels)} in place of the "
            "data set's numbers for them"
        )
    if word.form in labels:
        raise UserError(f"{where}: the tag {word.form!r} stands before the word {tag!r}; write 'word<TAB>tag'")
    if len(tag.split()) > 1 and {*tag.split()} <= {*labels}:
        raise UserError(f"{where}: the line has a whole sentence and its tags; write a word and its tag per line")


def _refuse_missing(sentences: Iterable[list[Word]], missing: str, lack: str, name: str) -> None:
    """Refuse a word without a tag."""
    for word in (word for sentence in sentences for word in sentence):
        if word.tag == missing:
            raise UserError(f"{name}:{word.line}: the word {word.form!r} has {lack}")


def _refuse_prefixes(sentences: Iterable[list[Word]], name: str) -> None:
    """Refuse WikiANN's raw files, in which a language code precedes every word (``de:Berlin``)."""
    words = [word.form for sentence in sentences for word in sentence]
    prefix = PREFIX.match(words[0])
    if prefix is not None and all(len(word) > len(prefix[0]) and word.startswith(prefix[0]) for word in words):
        raise UserError(
            f"{name}: every word begins with {prefix[0]!r}, as in WikiANN's raw files; cut it off, as "
            f"sed 's/^{prefix[0]}//' does"
        )
