"""Table cells with numbers, which are written from the same values in every format."""

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, field, fields

import pandas as pd
from markupsafe import Markup, escape

from analysis.rendering import latex
from analysis.statistics.correlation import Correlation

MISSING_CELL = "–"
FAR = 100
"""Ratio beyond which the end of an interval is shown as a bound."""
MIN_P_SHOWN = 0.0001
"""Smallest p-value that is written out."""


@dataclass(frozen=True)
class Cell(ABC):
    """Numbers and their text. In the CSV, the field ``value`` gets the header itself as its column name; other fields
    get the header and the field's name."""

    best: bool = field(default=False, kw_only=True)
    """Whether the cell is bold."""

    @property
    @abstractmethod
    def formula(self) -> str:
        """The numbers as text; empty if there are none."""

    @property
    def remark(self) -> str:
        """Words after the formula, such as the number of runs."""
        return ""

    def plain(self) -> str:
        return (self.formula or MISSING_CELL) + self.remark

    def markdown(self) -> str:
        return f"**{self.plain()}**" if self.best else self.plain()

    def html(self) -> Markup:
        return Markup("<strong>{}</strong>").format(self.plain()) if self.best else escape(self.plain())

    def latex(self) -> str:
        return (latex.maths(self.formula, bold=self.best) if self.formula else "--") + latex.remark(self.remark)

    def numbers(self) -> dict[str, float]:
        """Full-precision numbers for the CSV, by the words that follow the header in the column's name."""
        found = {one.name: getattr(self, one.name) for one in fields(self) if one.type in (float, int)}
        return {"" if name == "value" else name: number for name, number in found.items()}


@dataclass(frozen=True)
class Number(Cell):
    """A single number, shown with three decimals unless ``form`` says otherwise; NaN if missing."""

    value: float
    form: str = ".3f"

    @property
    def formula(self) -> str:
        return _number(self.value, self.form)


@dataclass(frozen=True)
class Interval(Cell):
    """An estimate with its 95 % interval, if it has one."""

    value: float
    low: float
    high: float
    form: str = ".2f"

    @property
    def formula(self) -> str:
        return _number(self.value, self.form) + (self._interval if not math.isnan(self.value) else "")

    @property
    def _interval(self) -> str:
        return "" if math.isnan(self.low) or math.isnan(self.high) else f" [{', '.join(self._ends())}]"

    def _ends(self) -> tuple[str, str]:
        return format(self.low, self.form), format(self.high, self.form)


@dataclass(frozen=True)
class Ratio(Interval):
    """A ratio with its 95 % interval.

    A lower end below 1 / ``FAR`` or an upper end above ``FAR`` is shown as a bound: it is not known precisely.
    """

    def _ends(self) -> tuple[str, str]:
        low, high = super()._ends()
        return low if self.low >= 1 / FAR else f"<{1 / FAR:.2f}", high if self.high <= FAR else f">{FAR:.0f}"


@dataclass(frozen=True)
class Coefficient(Cell):
    """A correlation coefficient with its interval, if they exist."""

    found: Correlation

    @property
    def formula(self) -> str:
        return _number(self.found.value, ".2f")

    @property
    def remark(self) -> str:
        return "" if math.isnan(self.found.low) else f" [{self.found.low:.2f}, {self.found.high:.2f}]"

    def numbers(self) -> dict[str, float]:
        found = self.found
        return {"": found.value, "low": found.low, "high": found.high, "undefined resamples": found.undefined}


@dataclass(frozen=True)
class Probability(Cell):
    """A p-value. A value below ``MIN_P_SHOWN`` is shown as a bound."""

    value: float

    @property
    def formula(self) -> str:
        return f"<{MIN_P_SHOWN:g}" if self.value < MIN_P_SHOWN else f"{self.value:.2g}"


@dataclass(frozen=True)
class Percent(Cell):
    """A share in per cent, with its 95 % interval, if it has one."""

    percent: float
    low: float = math.nan
    high: float = math.nan
    count: str = field(default="", kw_only=True)
    """A count out of a total, such as ``2/8``, shown before the share."""

    @property
    def formula(self) -> str:
        ends = f" [{_share(self.low)}, {_share(self.high)}]" if self._bounded else ""
        return f"{self.count} = " * bool(self.count) + f"{_share(self.percent)} %{ends}"

    @property
    def _bounded(self) -> bool:
        return not (math.isnan(self.low) or math.isnan(self.high))

    def numbers(self) -> dict[str, float]:
        return super().numbers() if self._bounded else {"percent": self.percent}


@dataclass(frozen=True)
class Score(Cell):
    """Mean and standard deviation over ``runs`` of ``expected`` runs."""

    mean: float
    std: float
    runs: int
    expected: int
    form: str = ".2f"

    @classmethod
    def over(cls, values: "pd.Series[float]", expected: int, ddof: int, form: str = ".2f") -> "Score":
        """The score over the values that exist; ``expected`` is the number of values that should exist."""
        found = values.dropna()
        std = float(found.std(ddof=ddof)) if len(found) > 1 else math.nan
        return cls(float(found.mean()) if len(found) else math.nan, std, len(found), expected, form)

    @property
    def formula(self) -> str:
        return "" if math.isnan(self.mean) else format(self.mean, self.form) + _after(" ± ", self.std, self.form)

    @property
    def remark(self) -> str:
        """Numbers of runs, if not every expected run is in the mean."""
        return "" if self.runs == self.expected else f" ({self.runs}/{self.expected})"


@dataclass(frozen=True)
class Spread(Cell):
    """A standard deviation, or a mean of several; NaN if missing."""

    std: float
    form: str = ".2f"

    @classmethod
    def mean(cls, scores: Iterable[Score], form: str = ".2f") -> "Spread":
        """The mean of the stds that exist."""
        found = [score.std for score in scores if not math.isnan(score.std)]
        return cls(sum(found) / len(found) if found else math.nan, form)

    @property
    def formula(self) -> str:
        return _after("± ", self.std, self.form)


@dataclass(frozen=True)
class Difference(Cell):
    """Mean of paired differences of scores, with their standard deviation if there are several."""

    mean: float
    std: float
    runs: int
    form: str = ".2f"

    @classmethod
    def over(cls, values: "pd.Series[float]", ddof: int = 1, form: str = ".2f") -> "Difference":
        """The mean over one difference per run."""
        std = float(values.std(ddof=ddof)) if len(values) > 1 else math.nan
        return cls(float(values.mean()), std, len(values), form)

    @property
    def formula(self) -> str:
        return format(self.mean, f"+{self.form}") + _after(" ± ", self.std, self.form)

    @property
    def remark(self) -> str:
        return f" (n={self.runs})"


@dataclass(frozen=True)
class Change(Cell):
    """Change of a standard deviation from the baseline's, over runs that both methods have."""

    percent: float
    runs: int

    @property
    def formula(self) -> str:
        """The change as text: a factor from +1000 % on, otherwise a percentage."""
        return f"×{1 + self.percent / 100:.0f}" if self.percent >= 1000 else f"{self.percent:+.0f} %"

    @property
    def remark(self) -> str:
        return f" (n={self.runs})"


def _number(value: float, form: str) -> str:
    return "" if math.isnan(value) else format(value, form)


def _after(sign: str, std: float, form: str) -> str:
    """A standard deviation after its sign; empty if missing."""
    return "" if math.isnan(std) else f"{sign}{std:{form}}"


def _share(percent: float) -> str:
    return f"{percent:.0f}" if percent >= 10 or percent < 0.001 else f"{percent:.2g}"
