"""Helpers that read the README's text and the names in its code."""

from pathlib import Path

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


def alternatives(pattern: str) -> list[str]:
    """The names that the shell expands ``a-{x,y}`` to."""
    head, brace, rest = pattern.partition("{")
    inner, _, tail = rest.partition("}")
    return [f"{head}{one}{tail}" for one in inner.split(",")] if brace else [pattern]
