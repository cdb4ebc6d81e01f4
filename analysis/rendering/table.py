"""A table as a person reads it and as a program does: one set of cells, written as HTML, Markdown, LaTeX and CSV."""

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

import pandas as pd
from markupsafe import Markup, escape
from tabulate import tabulate

from analysis.rendering import latex
from analysis.results import csv_safe

MISSING_CELL = "–"
NBSP = "\N{NO-BREAK SPACE}"


NUMBER = re.compile(r"(?P<number>[+−-]?\d[\d,]*(\.\d+)?(e[+-]?\d+)?)( ?%| \(.*\)|/\d+)?")
"""A text that sorts as a number: by itself, or with a unit, a remark in brackets or what it is out of."""


FAR = 100
"""Ratio from which the end of an interval is only said to be beyond it."""


MIN_SHOWN = 0.0001
"""p-value below which it is not written out."""


class Cell(Protocol):
    """A cell that is more than text."""

    def plain(self) -> str: ...
    def markdown(self) -> str: ...
    def latex(self) -> str: ...
    def html(self) -> Markup: ...
    def numbers(self) -> dict[str, float]:
        """Full-precision columns for the CSV, by what follows the header there; the one named "" has the header
        alone."""
        ...


@dataclass(frozen=True)
class Change:
    """Change of a standard deviation against the baseline's, over runs that both methods have; read as a factor where
    it is large."""

    percent: float
    runs: int

    @property
    def _factor(self) -> str:
        """How many times the baseline's it is, where that reads better: from +1000 % on."""
        return f"{1 + self.percent / 100:.0f}" if self.percent >= 1000 else ""

    def plain(self) -> str:
        change = f"×{self._factor}" if self._factor else f"{self.percent:+.0f} %"
        return f"{change} (n={self.runs})"

    markdown = plain

    def latex(self) -> str:
        change = rf"\times {self._factor}" if self._factor else rf"{self.percent:+.0f}\,\%"
        return f"${change}$ ($n={self.runs}$)"

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
        std = float(found.std(ddof=ddof)) if len(found) > 1 else math.nan
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
class Number:
    """A number by itself, with three decimals where a person reads it unless ``form`` says otherwise; NaN where there
    is none."""

    value: float
    form: str = ".3f"

    def plain(self) -> str:
        return MISSING_CELL if math.isnan(self.value) else format(self.value, self.form)

    markdown = plain

    def latex(self) -> str:
        return "--" if math.isnan(self.value) else latex.maths(self.plain())

    def html(self) -> Markup:
        return escape(self.plain())

    def numbers(self) -> dict[str, float]:
        return {"": self.value}


@dataclass(frozen=True)
class Interval:
    """An estimate with its 95 % interval, where there is one."""

    value: float
    low: float
    high: float
    form: str = ".2f"

    def plain(self) -> str:
        if math.isnan(self.value):
            return MISSING_CELL
        if math.isnan(self.low) or math.isnan(self.high):
            return format(self.value, self.form)
        return f"{self.value:{self.form}} [{', '.join(self._ends())}]"

    def _ends(self) -> tuple[str, str]:
        return format(self.low, self.form), format(self.high, self.form)

    def markdown(self) -> str:
        return self.plain()

    def latex(self) -> str:
        return "--" if math.isnan(self.value) else latex.maths(self.plain())

    def html(self) -> Markup:
        return escape(self.plain())

    def numbers(self) -> dict[str, float]:
        return {"": self.value, "low": self.low, "high": self.high}


@dataclass(frozen=True)
class Ratio(Interval):
    """A ratio with its 95 % interval, whose ends are not shown beyond ``FAR`` and its inverse: so far out nothing is
    known of them."""

    def _ends(self) -> tuple[str, str]:
        low, high = super()._ends()
        return low if self.low >= 1 / FAR else f"<{1 / FAR:.2f}", high if self.high <= FAR else f">{FAR:.0f}"


@dataclass(frozen=True)
class Probability:
    """A p-value, whose smallest are only said to be below ``MIN_SHOWN``."""

    p: float

    def plain(self) -> str:
        return f"<{MIN_SHOWN:g}" if self.p < MIN_SHOWN else f"{self.p:.2g}"

    markdown = plain

    def latex(self) -> str:
        return f"${self.plain()}$"

    def html(self) -> Markup:
        return escape(self.plain())

    def numbers(self) -> dict[str, float]:
        return {"": self.p}


@dataclass(frozen=True)
class Percent:
    """A share in per cent, with its 95 % interval where there is one."""

    percent: float
    low: float = math.nan
    high: float = math.nan

    @property
    def _interval(self) -> str:
        return "" if math.isnan(self.low) or math.isnan(self.high) else f"[{_share(self.low)}, {_share(self.high)}]"

    def plain(self) -> str:
        return f"{_share(self.percent)} % {self._interval}".rstrip()

    markdown = plain

    def latex(self) -> str:
        return rf"${_share(self.percent)}\,\%" + (rf"\;{self._interval}" if self._interval else "") + "$"

    def html(self) -> Markup:
        return escape(self.plain())

    def numbers(self) -> dict[str, float]:
        return {"percent": self.percent, **({"low": self.low, "high": self.high} if self._interval else {})}


@dataclass(frozen=True)
class Difference:
    """Mean of paired differences in points, with its standard deviation where there are several."""

    mean: float
    std: float
    runs: int

    @classmethod
    def over(cls, values: "pd.Series[float]", ddof: int = 1) -> "Difference":
        """Of one difference a run."""
        return cls(float(values.mean()), float(values.std(ddof=ddof)) if len(values) > 1 else math.nan, len(values))

    def plain(self) -> str:
        spread = "" if math.isnan(self.std) else f" ± {self.std:.2f}"
        return f"{self.mean:+.2f}{spread} (n={self.runs})"

    markdown = plain

    def latex(self) -> str:
        spread = "" if math.isnan(self.std) else rf" \pm {self.std:.2f}"
        return f"${self.mean:+.2f}{spread}$ ($n={self.runs}$)"

    def html(self) -> Markup:
        return escape(self.plain())

    def numbers(self) -> dict[str, float]:
        return {"mean": self.mean, "std": self.std, "runs": self.runs}


@dataclass(frozen=True)
class Spread:
    """A standard deviation, or a mean of some; NaN where there is none."""

    std: float

    @classmethod
    def mean(cls, scores: Iterable[Score]) -> "Spread":
        """The mean of the stds that there are."""
        found = [score.std for score in scores if not math.isnan(score.std)]
        return cls(sum(found) / len(found) if found else math.nan)

    def plain(self) -> str:
        return MISSING_CELL if math.isnan(self.std) else f"± {self.std:.2f}"

    markdown = plain

    def latex(self) -> str:
        return "--" if math.isnan(self.std) else rf"$\pm {self.std:.2f}$"

    def html(self) -> Markup:
        return escape(self.plain())

    def numbers(self) -> dict[str, float]:
        return {"std": self.std}


class Shown(NamedTuple):
    """A cell on a page."""

    content: Markup
    order: str | None
    """What a reader sorts it by: its first number, empty where it has none; ``None`` for text, which sorts as it
    reads."""

    @classmethod
    def of(cls, cell: "str | Cell") -> "Shown":
        """A number is taken at full precision from a cell that has it so, and from a text that is one as it stands
        there."""
        if isinstance(cell, str):
            number = NUMBER.fullmatch(cell)
            empty = "" if cell in ("", MISSING_CELL) else None
            return cls(escape(cell), number["number"].replace(",", "").replace("−", "-") if number else empty)
        value = next(iter(cell.numbers().values()), math.nan)
        text = cell.html().replace(" ± ", f"{NBSP}±{NBSP}").replace(", ", f",{NBSP}")
        return cls(Markup(re.sub(r"-(?=\d)", "−", text)), repr(float(value)) if math.isfinite(value) else "")


@dataclass(frozen=True)
class Table:
    """Cells with a title and what a reader has to know about them."""

    name: str
    """File name without its ending."""
    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str | Cell]]
    notes: Sequence[str] = ()
    footer: int = 0
    """How many of the last rows stay last however a reader sorts the others."""

    def _text(self) -> list[list[str]]:
        return [[cell if isinstance(cell, str) else cell.plain() for cell in row] for row in self.rows]

    def plain(self) -> str:
        return tabulate(self._text(), self.header, tablefmt="simple", disable_numparse=True)

    def markdown(self) -> str:
        cells = [[_pipes(cell if isinstance(cell, str) else cell.markdown()) for cell in row] for row in self.rows]
        table = tabulate(cells, [_pipes(h) for h in self.header], tablefmt="pipe", disable_numparse=True)
        return "\n\n".join([f"**{self.title}**", table, *self.notes]) + "\n"

    def latex(self) -> str:
        """See ``analysis.rendering.latex.table``."""
        cells = [[latex.escaped(cell) if isinstance(cell, str) else cell.latex() for cell in row] for row in self.rows]
        return latex.table(self.title, self.notes, self.header, self._text(), cells, self.footer)

    def html_rows(self) -> list[list[Shown]]:
        """The cells as a page has them."""
        return [[Shown.of(cell) for cell in row] for row in self.rows]

    def frame(self) -> pd.DataFrame:
        """Numbers at full precision: a column of scores becomes its mean, std, runs and expected runs."""
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
    """What a mean ± std in a table is."""
    return f"Mean ± standard deviation (ddof={ddof}); {what}."


def _share(percent: float) -> str:
    return f"{percent:.0f}" if percent >= 10 or percent < 0.001 else f"{percent:.2g}"


def _pipes(text: str) -> str:
    return text.replace("|", "\\|")
