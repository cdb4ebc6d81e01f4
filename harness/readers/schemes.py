"""Tag schemes for entities, and their conversion to IOB2, in which every entity begins with ``B-``.

IOB1 and IOB2: Tjong Kim Sang and Veenstra (1999), "Representing text chunks". BIOES and BILOU: Ratinov and Roth (2009),
"Design challenges and misconceptions in named entity recognition".
"""

from collections.abc import Collection, Iterable

from harness.readers.words import Word

OTHERS = {
    "BIOES": {"B": "B", "I": "I", "E": "I", "S": "B"},
    "BILOU": {"B": "B", "I": "I", "L": "I", "U": "B"},
    "BMES": {"B": "B", "M": "I", "E": "I", "S": "B"},
}
"""Prefixes of other schemes, with their counterparts in IOB2."""
STARTS = {"B", "S", "U"}
"""Prefixes that mark the start of an entity. Tags in a scheme of ``OTHERS`` have at least one."""


def is_iob2(labels: Iterable[str]) -> bool:
    """Whether a task's labels have the prefixes of IOB2, which are also the prefixes of IOB1."""
    return {label[0] for label in labels if label[1:2] == "-"} == {"B", "I"}


def converted(sentences: list[list[Word]]) -> tuple[list[list[Word]], str]:
    """Sentences with their tags in IOB2, and the name of their former scheme.

    The name is empty if the tags are unchanged: they are in IOB2, in an unknown scheme, or have no prefixes.
    """
    tags = {word.tag for sentence in sentences for word in sentence} - {"O"}
    if not tags or any(not isinstance(tag, str) or tag[1:2] != "-" for tag in tags):
        return sentences, ""
    prefixes = {tag[0] for tag in tags}
    if prefixes <= {"B", "I"}:
        return ([_from_iob1(sentence) for sentence in sentences], "IOB1") if _is_iob1(sentences) else (sentences, "")
    for name, prefix in OTHERS.items():
        if prefixes <= prefix.keys() and prefixes & STARTS:
            return [[_with(word, prefix) for word in sentence] for sentence in sentences], name
    return sentences, ""


def to_iob2(sentences: list[list[str]], labels: Collection[str]) -> tuple[list[list[str]], str]:
    """``converted`` for tags alone. Tags stay unchanged if ``labels`` are given and are not IOB2's."""
    if labels and not is_iob2(labels):
        return sentences, ""
    found, scheme = converted([[Word(0, "", tag) for tag in tags] for tags in sentences])
    return [[word.tag for word in sentence] for sentence in found], scheme


def said(where: str, scheme: str) -> tuple[str, ...]:
    """Notes for the user on tags that were in another scheme."""
    return (f"{where}: tags in {scheme} are read as IOB2.",) if scheme else ()


def _with(word: Word, prefix: dict[str, str]) -> Word:
    return word if word.tag == "O" else word._replace(tag=prefix[word.tag[0]] + word.tag[1:])


def _begins(sentence: list[Word]) -> list[bool]:
    """Whether each word has a tag, and the word before has no tag of the same type."""
    before = ["O", *(word.tag for word in sentence)]
    return [word.tag != "O" and word.tag[1:] != last[1:] for word, last in zip(sentence, before, strict=False)]


def _is_iob1(sentences: list[list[Word]]) -> bool:
    """Whether the tags are IOB1: an entity begins with ``I-``, and ``B-`` only separates two entities of one type."""
    begun = (
        word.tag[0]
        for sentence in sentences
        for word, begins in zip(sentence, _begins(sentence), strict=True)
        if begins
    )
    return {*begun} == {"I"}


def _from_iob1(sentence: list[Word]) -> list[Word]:
    return [
        word._replace(tag="B" + word.tag[1:]) if begins else word
        for word, begins in zip(sentence, _begins(sentence), strict=True)
    ]
