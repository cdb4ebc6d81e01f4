"""Rows of text as lines with aligned columns.

Written by hand, because importing tabulate takes about as long as running ``list``.
"""

from collections.abc import Sequence


def aligned(rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> list[str]:
    """One line per row, with two spaces between columns.

    Columns whose index is in ``right`` are right-aligned. The last column is not padded.
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(_cell(text, widths[i], i in right) for i, text in enumerate(row)).rstrip() for row in rows]


def _cell(text: str, width: int, right: bool) -> str:
    return text.rjust(width) if right else text.ljust(width)
