"""Several source languages as one word: ``en+de`` is the training data of both."""

from harness.common import fields

TOGETHER = "+"
APART = " / "
"""Separator of the different sources of two compared studies, which have no source score in common."""


def parts(source: str) -> tuple[str, ...]:
    """The languages of a source, one or several. The word from ``unlike`` is not split."""
    return (source,) if are_unlike(source) else tuple(source.split(TOGETHER))


def with_parts(source: str) -> tuple[str, ...]:
    """A source, and its languages if it has several: the names under which it has scores."""
    return tuple(dict.fromkeys((source, *parts(source))))


def unlike(one: str, other: str) -> str:
    """One word for the different sources of two studies."""
    return f"{one}{APART}{other}"


def are_unlike(source: str) -> bool:
    """Whether a word is from ``unlike``."""
    return APART in source


def together(given: object) -> object:
    """A list of source languages as one word; anything else as it is."""
    listed = isinstance(given, list | tuple) and all(isinstance(language, str) for language in given)
    return TOGETHER.join(given) if listed else given  # type: ignore[arg-type]


def is_several(language: str) -> bool:
    """Whether a word stands for several languages."""
    return TOGETHER in language and not are_unlike(language)


def is_language(word: str) -> bool:
    """Whether a word is a language code, or several."""
    return all(fields.LANGUAGE.fullmatch(part) for part in parts(word))
