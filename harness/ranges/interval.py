"""A range between two bounds: the spread, check, drawing and rounding of its values."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from harness.common import fields
from harness.common.errors import UserError, bad


class Spread(NamedTuple):
    """The spread of a word's values between the bounds."""

    whole: bool = False
    """Whether the values are whole numbers."""
    log: bool = False
    """Whether the values' logarithms are spread evenly."""
    quantised: bool = False
    """Whether the values are multiples of a third argument, ``q``."""

    @property
    def arguments(self) -> tuple[str, ...]:
        """Names of the word's arguments, in their order."""
        return ("lower", "upper", "q") if self.quantised else ("lower", "upper")


SPREADS = {
    "uniform": Spread(),
    "quniform": Spread(quantised=True),
    "loguniform": Spread(log=True),
    "qloguniform": Spread(log=True, quantised=True),
    "randint": Spread(whole=True),
    "qrandint": Spread(whole=True, quantised=True),
    "lograndint": Spread(whole=True, log=True),
    "qlograndint": Spread(whole=True, log=True, quantised=True),
}
"""Ray Tune's words for ranges between bounds."""
INTERVALS = tuple(SPREADS)
MAX_BOUND = 1e12
"""Largest accepted absolute value of a bound, so that numbers computed from bounds stay finite."""
DIGITS = 6
"""Significant digits of a drawn value, or of the range's width if the width is smaller.

Labels stay readable, and trial ids do not depend on the last bits of a machine's logarithm.
"""


@dataclass(frozen=True, repr=False)
class Interval:
    """The numbers between two bounds."""

    word: str
    """One of ``INTERVALS``."""
    lower: float
    upper: float
    q: float | None = None
    """The quantised words draw multiples of ``q``; ``None`` for other words."""

    def __post_init__(self) -> None:
        fields.choice("range", self.word, INTERVALS)
        try:
            fields.coerce(self)
            self._check()
        except UserError as error:
            raise UserError(f"{self.word}: {error}") from None

    def _check(self) -> None:
        for name in SPREADS[self.word].arguments:
            self._check_number(name)
        if self.log:
            fields.above("lower", self.lower, 0)
        if not self.lower < self.upper:
            raise bad("upper", self.upper, f"a number above the lower bound, {self.lower:g}")
        if self.q is not None:
            self._check_multiples(self.q)

    def _check_number(self, name: str) -> None:
        value = getattr(self, name)
        if value is None or not math.isfinite(value):
            raise bad(name, value, "a finite number")
        if abs(value) > MAX_BOUND:
            raise bad(name, value, f"a number between {-MAX_BOUND:g} and {MAX_BOUND:g}")
        if self.whole:
            if not value.is_integer():
                raise bad(name, value, "a whole number")
            object.__setattr__(self, name, int(value))

    def _check_multiples(self, q: float) -> None:
        """Refuse a ``q`` that is tiny against a bound or has no multiple in the range.

        In a range of fractions, both bounds must be multiples of ``q``.
        """
        fields.above("q", q, 0)
        if (least := max(abs(self.lower), abs(self.upper)) / fields.MAX_EXACT_INTEGER) > q:
            raise bad("q", q, f"a number of at least {least:g}: the bounds are too large a multiple of it")
        first, last = self._multiples
        if first > last:
            raise bad("q", q, f"a number with a multiple between {self.lower:g} and {self.upper:g}")
        if not self.whole and not (math.isclose(first * q, self.lower) and math.isclose(last * q, self.upper)):
            raise bad("q", q, f"a number that both bounds, {self.lower:g} and {self.upper:g}, are multiples of")

    def __repr__(self) -> str:
        given = (self.lower, self.upper) if self.q is None else (self.lower, self.upper, self.q)
        return f"{self.word}({', '.join(map(fields.short, given))})"

    @property
    def whole(self) -> bool:
        """Whether the values are whole numbers."""
        return SPREADS[self.word].whole

    @property
    def log(self) -> bool:
        """Whether the values' logarithms are spread evenly."""
        return SPREADS[self.word].log

    @property
    def _multiples(self) -> tuple[int, int]:
        """The first and the last n for which n × ``q`` can be drawn."""
        assert self.q is not None
        last = _snapped(self.upper / self.q, math.floor)
        return _snapped(self.lower / self.q, math.ceil), last - (self.whole and self.q == 1)

    def at(self, share: float) -> float:
        """The quantile at a ``share`` in [0, 1): uniform shares give values with the word's distribution."""
        if not self.whole:
            value = self._between(self.lower, self.upper, share)
            return self.rounded(value)
        first, last = (int(self.lower), int(self.upper) - 1) if self.q is None else self._multiples
        # Machines differ in the digits cut off here: exp may return 1.9999999999999998 for 2.
        index = math.floor(float(f"{self._between(first, last + 1, share):.14g}"))
        return min(max(index, first), last) * int(self.q or 1)

    def rounded(self, value: float) -> float:
        """A value within the bounds, rounded as in every design.

        Whole numbers stay unchanged. Fractions are rounded to a multiple of ``q``, or without ``q`` to ``DIGITS``.
        """
        if self.whole:
            return int(value)
        if self.q is not None:
            return float(f"{round(value / self.q) * self.q:.12g}")  # 0.3, not 3 × 0.1
        width = self.upper - self.lower
        decimals = DIGITS - 1 - math.floor(math.log10(min(abs(value) or width, width)))
        return min(max(round(value, decimals), self.lower), self.upper)

    def _between(self, lower: float, upper: float, share: float) -> float:
        if self.log:
            return math.exp(math.log(lower) + share * (math.log(upper) - math.log(lower)))
        return lower + share * (upper - lower)

    def to_json(self) -> dict[str, Any]:
        """The form in YAML."""
        return {self.word: [self.lower, self.upper, *([] if self.q is None else [self.q])]}

    def to_optuna(self) -> Any:
        """optuna's distribution of the same values.

        optuna draws the ends of ``quniform`` as often as other values. Raises ``UserError`` for logarithmic multiples,
        which optuna lacks.
        """
        from optuna import distributions

        if self.q is None:
            if self.whole:
                return distributions.IntDistribution(int(self.lower), int(self.upper) - 1, log=self.log)
            return distributions.FloatDistribution(self.lower, self.upper, log=self.log)
        if self.log:
            raise bad(
                "range",
                self,
                "a logarithmic range without q, or a range with q that is not logarithmic: optuna does not offer "
                "both at once",
            )
        if self.whole:
            first, last = self._multiples
            return distributions.IntDistribution(first * int(self.q), last * int(self.q), step=int(self.q))
        return distributions.FloatDistribution(self.lower, self.upper, step=self.q)


def _snapped(value: float, rounded: Callable[[float], int]) -> int:
    """Round with ``rounded``, except that a value within rounding error of a whole number becomes this number."""
    return round(value) if math.isclose(value, round(value)) else rounded(value)
