"""A table for people and for programs: one set of cells, written as HTML, Markdown, LaTeX and CSV."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import pandas as pd
from markupsafe import Markup, escape
from tabulate import tabulate

from analysis.rendering import latex
from analysis.rendering.cells import MISSING_CELL, Cell
from analysis.rendering.glossary import TERMS, Term, meanings
from analysis.results.csv_files import safe as csv_safe
from harness.common import console
from harness.common.console import NO_BREAK as NBSP

NUMBER = re.compile(r"(?P<number>[+−-]?\d[\d,]*(\.\d+)?(e[+-]?\d+)?)( ?%| \(.*\)|/\d+)?")
"""A text that sorts as a number: a number alone, or with a unit, a remark in brackets or a total."""


class Shown(NamedTuple):
    """A cell on a page."""

    content: Markup
    order: str | None
    """Sort key: the first number, empty if there is none; ``None`` for text, which sorts as it reads."""

    @classmethod
    def of(cls, cell: "str | Cell") -> "Shown":
        """A cell as shown, with its sort key: a cell's number at full precision, or the number in a text."""
        if isinstance(cell, str):
            number = NUMBER.fullmatch(cell)
            empty = "" if cell in ("", MISSING_CELL) else None
            return cls(escape(cell), number["number"].replace(",", "").replace("−", "-") if number else empty)
        value = next(iter(cell.numbers().values()), math.nan)
        text = cell.html().replace(" ± ", f"{NBSP}±{NBSP}").replace(", ", f",{NBSP}")
        return cls(Markup(re.sub(r"-(?=\d)", "−", text)), repr(float(value)) if math.isfinite(value) else "")


@dataclass(frozen=True)
class Table:
    """Cells with a title and notes for the reader."""

    name: str
    """File name without its ending."""
    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str | Cell]]
    notes: Sequence[str] = ()
    footer: int = 0
    """Number of last rows that stay last when a reader sorts the others."""
    terms: Mapping[str, str] = field(default_factory=dict)
    """Glossary terms of heads, by the head, or by the words after the head's last comma."""

    @property
    def key(self) -> str:
        """Key that distinguishes tables of a report with the same name."""
        return f"{self.name}\n{self.title}"

    def term(self, head: str) -> Term | None:
        """The glossary term that a head links to; ``None`` if it needs none."""
        name = self.terms.get(head) or self.terms.get(head.rpartition(", ")[2])
        return TERMS[name] if name else None

    @property
    def captions(self) -> list[str]:
        """The notes and the meanings of heads, for a file without a glossary."""
        return [*self.notes, *meanings(self.terms)]

    def _text(self) -> list[list[str]]:
        return [[cell if isinstance(cell, str) else cell.plain() for cell in row] for row in self.rows]

    def plain(self) -> str:
        return str(tabulate(self._text(), self.header, tablefmt="simple", disable_numparse=True))

    def for_terminal(self) -> list[str]:
        """Lines no wider than the terminal. The numbers of a cell stay on one line."""
        rows = [
            [cell if isinstance(cell, str) else cell.plain().replace(" ", NBSP) for cell in row] for row in self.rows
        ]
        return console.table(self.header, rows)

    def markdown(self) -> str:
        cells = [[_pipes(cell if isinstance(cell, str) else cell.markdown()) for cell in row] for row in self.rows]
        table = tabulate(cells, [_pipes(h) for h in self.header], tablefmt="pipe", disable_numparse=True)
        return "\n\n".join([f"**{self.title}**", table, *self.captions]) + "\n"

    def latex(self) -> str:
        """The table in LaTeX; see ``analysis.rendering.latex.table``."""
        cells = [[latex.escaped(cell) if isinstance(cell, str) else cell.latex() for cell in row] for row in self.rows]
        return latex.table(self.title, self.captions, self.header, self._text(), cells, self.footer)

    def html_rows(self) -> list[list[Shown]]:
        """The cells as shown on a page."""
        return [[Shown.of(cell) for cell in row] for row in self.rows]

    def frame(self) -> pd.DataFrame:
        """Numbers at full precision. A column of scores becomes its mean, std, runs and expected runs."""
        columns: dict[str, list[object]] = {}
        for i, head in enumerate(self.header):
            cells = [row[i] for row in self.rows]
            numbers: list[dict[str, float]] = [{} if isinstance(cell, str) else cell.numbers() for cell in cells]
            parts = dict.fromkeys(part for found in numbers for part in found)
            for part in parts:
                columns[f"{head} {part}".rstrip()] = [found.get(part) for found in numbers]
            if not parts:
                columns[head] = list(cells)
        return pd.DataFrame(columns).convert_dtypes()

    def write(self, folder: Path) -> None:
        """Write ``<name>.csv``, ``.md`` and ``.tex``."""
        csv_safe.write(self.frame(), folder / f"{self.name}.csv")
        (folder / f"{self.name}.md").write_text(self.markdown(), encoding="utf-8")
        (folder / f"{self.name}.tex").write_text(self.latex(), encoding="utf-8")


def std_note(what: str, ddof: int) -> str:
    """A note on the meaning of mean ± std in a table."""
    return f"Mean ± standard deviation (ddof={ddof}); {what}."


def _pipes(text: str) -> str:
    return text.replace("|", "\\|")
