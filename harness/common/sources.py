"""Several source languages as one word: ``en+de`` is the training data of both."""

from harness.common import fields

TOGETHER = "+"


def parts(source: str) -> tuple[str, ...]:
    """The languages of a source, one or several."""
    return tuple(source.split(TOGETHER))


def together(given: object) -> object:
    """A list of source languages as one word; anything else as it is."""
    listed = isinstance(given, list | tuple) and all(isinstance(language, str) for language in given)
    return TOGETHER.join(given) if listed else given  # type: ignore[arg-type]


def is_several(language: str) -> bool:
    """Whether a word stands for several languages."""
    return TOGETHER in language


def is_language(word: str) -> bool:
    """Whether a word is a language code, or several."""
    return all(fields.LANGUAGE.fullmatch(part) for part in parts(word))
