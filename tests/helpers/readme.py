"""Helpers that read the documentation's pages, their code and their links."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = {
    str(page.relative_to(ROOT)): page.read_text(encoding="utf-8")
    for page in sorted([ROOT / "README.md", *ROOT.glob("[a-z]*/README.md"), *ROOT.glob("harness/docs/*.md")])
}
"""Text of every page, by its path."""
DOCUMENTATION = "\n".join(PAGES.values())


def blocks(language: str) -> list[str]:
    """All code blocks in a language, over all pages."""
    return [code for page in PAGES.values() for code in re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL)]


def example(language: str, within: str) -> str:
    """The only code block in a language that contains the given words."""
    (found,) = [code for code in blocks(language) if within in code]
    return found


def alternatives(pattern: str) -> list[str]:
    """The names that the shell expands ``a-{x,y}`` to."""
    head, brace, rest = pattern.partition("{")
    inner, _, tail = rest.partition("}")
    return [f"{head}{one}{tail}" for one in inner.split(",")] if brace else [pattern]
