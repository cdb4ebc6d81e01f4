"""Several source languages as one word: ``en+de`` is the training data of both."""

from harness.common import fields

TOGETHER = "+"
APART = " / "
"""Between the sources of two studies that are compared, and have no source score in common."""


def parts(source: str) -> tuple[str, ...]:
    """The languages of a source, one or several. Two studies' sources that differ have none in common."""
    return (source,) if are_unlike(source) else tuple(source.split(TOGETHER))


def unlike(one: str, other: str) -> str:
    """The sources of two studies as one word, if they differ."""
    return f"{one}{APART}{other}"


def are_unlike(source: str) -> bool:
    """Whether a word stands for two studies' sources that differ."""
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
