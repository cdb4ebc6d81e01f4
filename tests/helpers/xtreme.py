"""Helpers that read XTREME's mock submission, if it exists beside the checkout."""

from pathlib import Path

MOCK = Path(__file__).parents[3] / "shared" / "cases" / "xtreme_mock"
Labelled = list[list[str]]
"""Labels of each example."""


def labelled(file: Path, *, words: bool) -> Labelled:
    """The labels of a file: one example per line, or with ``words`` one word per line and a blank line between
    sentences."""
    lines = [line.strip() for line in file.read_text(encoding="utf-8").split("\n")]
    if not words:
        return [[line] for line in lines if line]
    found: Labelled = [[]]
    for line in lines:
        if line:
            found[-1].append(line)
        elif found[-1]:
            found.append([])
    return [sentence for sentence in found if sentence]
