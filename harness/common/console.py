"""Text for the terminal: a run's lines, tables and sentences that fit its width, and durations in words.

Tables are laid out here, because importing tabulate takes about as long as running ``list``.
"""

import re
import shutil
import sys
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

GAP = "  "
NO_BREAK = "\N{NO-BREAK SPACE}"
"""A space inside a cell at which no line ends. It is printed as a space."""
BREAKS = tuple(re.compile(f"(?<=[^ ][{ends}])(?=[^ ])") for ends in (" ", " _,;", " _,;(="))
"""Places inside a cell where a line may end: after words; if the table is still too wide, also inside long names."""
HANGING = 4
"""Indent of the further lines of a long line."""


def say(console: "Console", line: str) -> None:
    """Print a line of markup without colours for numbers.

    A terminal wraps a long line and indents the further lines. A file, a pipe and the log file get one line.
    """
    if not console.is_terminal:
        console.print(line, highlight=False, soft_wrap=True)
        return
    from rich.text import Text

    text = Text.from_markup(line)
    lines = [text.wrap(console, console.width)[0]] if text.plain else [text]
    if rest := text.plain[len(lines[0].plain) :].lstrip():
        lines += [
            Text(" " * HANGING) + more for more in text[-len(rest) :].wrap(console, max(1, console.width - HANGING))
        ]
    for one in lines:
        one.rstrip()
    console.print(Text("\n").join(lines), highlight=False, soft_wrap=True)  # one print, as each redraws a live display
    note(console, text.plain)


def tell(line: str) -> None:
    """Print a sentence: wrapped on a terminal, on one line in a file or pipe."""
    print(*(filled(line, "  ") if sys.stdout.isatty() else [line]), sep="\n", flush=True)


def note(console: "Console", line: str) -> None:
    """Write a line into the console's log file, if it has one (``harness.execution.follow.study_log``)."""
    write = getattr(console, "note", None)
    if write is not None:
        write(line)


def duration(seconds: float) -> str:
    """A duration in seconds, minutes or hours, e.g. ``12 min``."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def span(low: float, high: float) -> str:
    """A range of seconds in words, e.g. ``12 to 20 min``."""
    one, other = duration(low), duration(high)
    if one == other:
        return f"about {one}"
    value, unit = one.split()
    return f"{value} to {other}" if other.endswith(f" {unit}") else f"{one} to {other}"


def columns() -> int:
    """Columns of the terminal; 80 where the output is no terminal, and never fewer than 40."""
    return max(40, shutil.get_terminal_size((80, 24)).columns)


def filled(text: str, indent: str = "") -> list[str]:
    """A text wrapped to the terminal, with ``indent`` before each further line. Words such as paths stay whole."""
    return [
        line
        for part in text.split("\n")
        for line in textwrap.wrap(
            part, columns(), subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
        )
        or [""]
    ]


def aligned(rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> list[str]:
    """One line per row, with two spaces between columns.

    Columns whose index is in ``right`` are right-aligned. The last column is not padded. If a line is wider than the
    terminal, cells of the widest columns continue on further lines.
    """
    widths, breaks = _fitted(rows, columns())
    return [line for row in rows for line in _lines(row, widths, breaks, right)]


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of a table with a rule below its header. If it is too wide, the first column gets lines of its own."""
    widths, breaks = _fitted([header, *rows], columns(), BREAKS[:1])
    if _total(widths) <= columns():
        rule = GAP.join("-" * width for width in widths)
        body = [line for row in rows for line in _lines(row, widths, breaks)]
        return [*_lines(header, widths, breaks), rule, *body]
    parts = [["", *row[1:]] for row in (header, *rows)]
    widths, breaks = _fitted(parts, columns())
    rule = GAP.join("-" * width for width in widths[1:])
    head, *others = [[row[0], *_lines(part, widths, breaks)] for row, part in zip([header, *rows], parts, strict=True)]
    return [*head, GAP + rule, *(line for lines in others for line in lines)]


def _total(widths: Sequence[int]) -> int:
    filled = [i for i, width in enumerate(widths) if width]
    return sum(widths) + len(GAP) * max(filled, default=0)


def _fitted(
    rows: Sequence[Sequence[str]], most: int, levels: "Sequence[re.Pattern[str]]" = BREAKS
) -> tuple[list[int], "re.Pattern[str]"]:
    """Widths of columns, and the places where cells may break.

    Columns are as wide as their longest cells, or narrower if lines would be longer than ``most``.
    """
    cells = [*zip(*rows, strict=True)]
    for breaks in levels:
        widths = [max(map(len, column)) for column in cells]
        least = [max(len(piece.rstrip()) for text in column for piece in breaks.split(text)) for column in cells]
        while _total(widths) > most:
            place = max(range(len(widths)), key=lambda i: (widths[i] > least[i], widths[i]))
            if widths[place] <= least[place]:
                break
            widths[place] -= 1
        if _total(widths) <= most:
            break
    return widths, breaks


def _lines(
    row: Sequence[str], widths: Sequence[int], breaks: "re.Pattern[str]", right: Sequence[int] = ()
) -> list[str]:
    cells = [_broken(text, width, breaks) for text, width in zip(row, widths, strict=True)]
    lines = []
    for i in range(max(map(len, cells))):
        parts = [cell[i] if i < len(cell) else "" for cell in cells]
        padded = [_cell(text, widths[place], place in right) for place, text in enumerate(parts)]
        lines.append(GAP.join(padded).rstrip().replace(NO_BREAK, " "))
    return lines


def _broken(text: str, width: int, breaks: "re.Pattern[str]") -> list[str]:
    """A cell on lines of at most ``width`` characters; a longer piece without a place to break stays whole."""
    lines, line = [], ""
    for piece in breaks.split(text):
        if line.strip() and len(line) + len(piece.rstrip()) > width:
            lines.append(line.rstrip())
            line = ""
        line += piece
    return [*lines, line.rstrip()]


def _cell(text: str, width: int, right: bool) -> str:
    return text.rjust(width) if right else text.ljust(width)
