"""A table as a person reads it and as a program does: one set of cells, written as HTML, Markdown, LaTeX and CSV."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pandas as pd
from markupsafe import Markup, escape
from tabulate import tabulate

MISSING_CELL = "–"
LATEX_SPECIAL = str.maketrans(
    {c: f"\\{c}" for c in "&%$#_{}"} | {"~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "\\": r"\textbackslash{}"}
)


class Cell(Protocol):
    """A cell that is more than text."""

    def plain(self) -> str: ...
    def markdown(self) -> str: ...
    def latex(self) -> str: ...
    def html(self) -> Markup: ...
    def numbers(self) -> dict[str, float]:
        """Full-precision columns for the CSV, by what follows the header there."""
        ...


@dataclass(frozen=True)
class Change:
    """Change of a standard deviation against the baseline's, over runs that both methods have."""

    percent: float
    runs: int

    def plain(self) -> str:
        return f"{self.percent:+.0f} % (n={self.runs})"

    markdown = plain

    def latex(self) -> str:
        return rf"${self.percent:+.0f}\,\%$ ($n={self.runs}$)"

    def html(self) -> Markup:
        return escape(self.plain())

    def numbers(self) -> dict[str, float]:
        return {"percent": self.percent, "runs": self.runs}


@dataclass(frozen=True)
class Score:
    """Mean and standard deviation over ``runs`` of ``expected`` runs."""

    mean: float
    std: float
    runs: int
    expected: int
    best: bool = False

    @classmethod
    def over(cls, values: "pd.Series[float]", expected: int, ddof: int) -> "Score":
        """Of the values there are; ``expected`` says how many there should be."""
        found = values.dropna()
        std = float(found.std(ddof=ddof)) if len(found) > ddof else math.nan
        return cls(float(found.mean()) if len(found) else math.nan, std, len(found), expected)

    @property
    def _spread(self) -> str:
        return "" if math.isnan(self.std) else f"{self.std:.2f}"

    @property
    def _lacking(self) -> str:
        """Says so where not every expected run is in the mean."""
        return "" if self.runs == self.expected else f" ({self.runs}/{self.expected})"

    def plain(self) -> str:
        if math.isnan(self.mean):
            return f"{MISSING_CELL}{self._lacking}"
        return f"{self.mean:.2f}" + (f" ± {self._spread}" if self._spread else "") + self._lacking

    def markdown(self) -> str:
        return f"**{self.plain()}**" if self.best else self.plain()

    def latex(self) -> str:
        if math.isnan(self.mean):
            return f"--{self._lacking}"
        mean = rf"\mathbf{{{self.mean:.2f}}}" if self.best else f"{self.mean:.2f}"
        return f"${mean}" + (rf" \pm {self._spread}" if self._spread else "") + f"${self._lacking}"

    def html(self) -> Markup:
        return Markup("<strong>{}</strong>").format(self.plain()) if self.best else escape(self.plain())

    def numbers(self) -> dict[str, float]:
        return {"mean": self.mean, "std": self.std, "runs": self.runs, "expected": self.expected}


@dataclass(frozen=True)
class Table:
    """Cells with a title and what a reader has to know about them."""

    name: str
    """File name without its ending."""
    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str | Cell]]
    notes: Sequence[str] = ()

    def plain(self) -> str:
        cells = [[cell if isinstance(cell, str) else cell.plain() for cell in row] for row in self.rows]
        return tabulate(cells, self.header, tablefmt="simple", disable_numparse=True)

    def markdown(self) -> str:
        cells = [[_pipes(cell if isinstance(cell, str) else cell.markdown()) for cell in row] for row in self.rows]
        table = tabulate(cells, [_pipes(h) for h in self.header], tablefmt="pipe", disable_numparse=True)
        return "\n\n".join([f"**{self.title}**", table, *self.notes]) + "\n"

    def latex(self) -> str:
        cells = [[_latex(cell) if isinstance(cell, str) else cell.latex() for cell in row] for row in self.rows]
        table = tabulate(cells, [_latex(h) for h in self.header], tablefmt="latex_raw", disable_numparse=True)
        rules = iter((r"\toprule", r"\midrule", r"\bottomrule"))
        body = "\n".join(next(rules) if line == r"\hline" else line for line in table.splitlines())
        caption = " ".join(_latex(text) for text in (f"{self.title}.", *self.notes))
        return f"% \\usepackage{{booktabs}}\n\\begin{{table}}\n\\centering\n{body}\n\\caption{{{caption}}}\n\\end{{table}}\n"

    def html_rows(self) -> list[list[Markup]]:
        return [[escape(cell) if isinstance(cell, str) else cell.html() for cell in row] for row in self.rows]

    def frame(self) -> pd.DataFrame:
        """Numbers at full precision: a column of scores becomes its mean, std, runs and expected runs."""
        columns: dict[str, list[object]] = {}
        for i, head in enumerate(self.header):
            cells = [row[i] for row in self.rows]
            numbers: list[dict[str, float]] = [{} if isinstance(cell, str) else cell.numbers() for cell in cells]
            parts = dict.fromkeys(part for found in numbers for part in found)
            for part in parts:
                columns[f"{head} {part}"] = [found.get(part) for found in numbers]
            if not parts:
                columns[head] = list(cells)
        return pd.DataFrame(columns).convert_dtypes()

    def write(self, folder: Path) -> None:
        """Write ``<name>.csv``, ``.md`` and ``.tex``."""
        self.frame().to_csv(folder / f"{self.name}.csv", index=False)
        (folder / f"{self.name}.md").write_text(self.markdown(), encoding="utf-8")
        (folder / f"{self.name}.tex").write_text(self.latex(), encoding="utf-8")


def _pipes(text: str) -> str:
    return text.replace("|", "\\|")


def _latex(text: str) -> str:
    return text.translate(LATEX_SPECIAL).replace("±", r"$\pm$").replace("–", "--").replace("−", "$-$").replace("λ", r"$\lambda$")
