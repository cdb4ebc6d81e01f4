"""Ranges of hyperparameters in Ray Tune's own words: ``loguniform(1e-5, 1e-3)``, ``randint(0, 10)``, ``choice([16,
32])``.

The words, the order of their arguments and their meaning are ``ray.tune``'s: the upper bound of ``randint`` and
``lograndint`` is never drawn, that of the words with a ``q`` is, save where whole numbers have ``q`` 1. Values of
``quniform`` and ``qloguniform`` are rounded to the nearest multiple of ``q``, so that the two ends come half as often
as the others; the multiples of ``qrandint`` come equally often. Imports neither torch nor Ray.
"""

import math
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.common import fields
from harness.common.errors import UserError, bad, unknown
from harness.setting import Setting

INTERVALS = ("uniform", "quniform", "loguniform", "qloguniform", "randint", "qrandint", "lograndint", "qlograndint")
LISTS = ("choice", "grid_search")
WORDS = (*INTERVALS, *LISTS)
MAX_BOUND = 1e12
"""How far from 0 a bound may be, beyond what any hyperparameter can be: what is computed from bounds stays finite."""
DIGITS = 6
"""Significant digits of a drawn value: a label is readable, and the last bits of a machine's logarithm are in no
trial's identity."""


@dataclass(frozen=True, repr=False)
class Interval:
    """The numbers between two bounds."""

    word: str
    """One of ``INTERVALS``."""
    lower: float
    upper: float
    q: float | None = None
    """Values are multiples of it; for the words that begin with a q."""

    def __post_init__(self) -> None:
        fields.choice("range", self.word, INTERVALS)
        try:
            fields.coerce(self)
            self._check()
        except UserError as error:
            raise UserError(f"{self.word}: {error}") from None

    def _check(self) -> None:
        for name in ("lower", "upper", "q") if self.word.startswith("q") else ("lower", "upper"):
            value = getattr(self, name)
            if value is None or not math.isfinite(value):
                raise bad(name, value, "a finite number")
            if abs(value) > MAX_BOUND:
                raise bad(name, value, f"a number between {-MAX_BOUND:g} and {MAX_BOUND:g}")
            if self.whole:
                if not value.is_integer():
                    raise bad(name, value, "a whole number")
                object.__setattr__(self, name, int(value))
        if self.log:
            fields.above("lower", self.lower, 0)
        if not self.lower < self.upper:
            raise bad("upper", self.upper, f"a number above the lower bound, {self.lower:g}")
        if self.q is not None:
            fields.above("q", self.q, 0)
            if (least := max(abs(self.lower), abs(self.upper)) / fields.MAX_EXACT_INTEGER) > self.q:
                raise bad("q", self.q, f"a number of at least {least:g}: the bounds are too large a multiple of it")
            first, last = self._multiples
            if first > last:
                raise bad("q", self.q, f"a number with a multiple between {self.lower:g} and {self.upper:g}")
            if not self.whole and not (
                math.isclose(first * self.q, self.lower) and math.isclose(last * self.q, self.upper)
            ):
                raise bad(
                    "q", self.q, f"a number that both bounds, {self.lower:g} and {self.upper:g}, are multiples of"
                )

    def __repr__(self) -> str:
        given = (self.lower, self.upper) if self.q is None else (self.lower, self.upper, self.q)
        return f"{self.word}({', '.join(map(fields.short, given))})"

    @property
    def whole(self) -> bool:
        """Whether the values are whole numbers."""
        return "int" in self.word

    @property
    def log(self) -> bool:
        """Whether the values' logarithms are spread evenly."""
        return "log" in self.word

    @property
    def _multiples(self) -> tuple[int, int]:
        """The first and the last multiple of ``q`` that can be drawn."""
        assert self.q is not None
        last = _snapped(self.upper / self.q, math.floor)
        return _snapped(self.lower / self.q, math.ceil), last - (self.whole and self.q == 1)

    def at(self, share: float) -> float:
        """The value that a ``share`` in [0, 1) of the distribution lies below: even shares make values distributed as
        the word says."""
        if not self.whole:
            value = self._between(self.lower, self.upper, share)
            return self.rounded(value)
        first, last = (int(self.lower), int(self.upper) - 1) if self.q is None else self._multiples
        # The digits cut off are those in which machines differ: 2 is not to be the 1.9999999999999998 that exp may make
        # of it.
        index = math.floor(float(f"{self._between(first, last + 1, share):.14g}"))
        return min(max(index, first), last) * int(self.q or 1)

    def rounded(self, value: float) -> float:
        """A value within the bounds as every design has it, with ``DIGITS`` digits: whole numbers stay as they are."""
        if self.whole:
            return int(value)
        if self.q is not None:
            return float(f"{round(value / self.q) * self.q:.12g}")  # 0.3, and not 3 × 0.1
        width = self.upper - self.lower
        decimals = DIGITS - 1 - math.floor(math.log10(min(abs(value) or width, width)))
        return min(max(round(value, decimals), self.lower), self.upper)

    def _between(self, lower: float, upper: float, share: float) -> float:
        if self.log:
            return math.exp(math.log(lower) + share * (math.log(upper) - math.log(lower)))
        return lower + share * (upper - lower)

    def to_json(self) -> dict[str, Any]:
        """As YAML has it."""
        return {self.word: [self.lower, self.upper, *([] if self.q is None else [self.q])]}

    def to_optuna(self) -> Any:
        """optuna's distribution of the same values.

        Of ``quniform`` the ends come as often as the others there. Raises ``UserError`` for logarithmic multiples,
        which optuna has not.
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
                "a logarithmic range without q, or one with q that is not logarithmic: optuna has not both at once",
            )
        if self.whole:
            first, last = self._multiples
            return distributions.IntDistribution(first * int(self.q), last * int(self.q), step=int(self.q))
        return distributions.FloatDistribution(self.lower, self.upper, step=self.q)


def _snapped(value: float, rounded: Any) -> int:
    """Rounded as told, save where only the last bits keep it from being whole."""
    return round(value) if math.isclose(value, round(value)) else rounded(value)


@dataclass(frozen=True, repr=False)
class Choice:
    """One of some values, each as likely."""

    values: tuple[Any, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", _entries("choice", self.values))

    def __repr__(self) -> str:
        return f"choice({list(self.values)})"

    def at(self, share: float) -> Any:
        """The value at a share in [0, 1) of the list."""
        return self.values[int(share * len(self.values))]

    def to_json(self) -> dict[str, Any]:
        """As YAML has it."""
        return {"choice": list(self.values)}

    def to_optuna(self) -> Any:
        """optuna's distribution."""
        from optuna import distributions

        return distributions.CategoricalDistribution(self.values)


@dataclass(frozen=True, repr=False)
class GridSearch:
    """All of some values; nothing is drawn."""

    values: tuple[Any, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", _entries("grid_search", self.values))

    def __repr__(self) -> str:
        return f"grid_search({list(self.values)})"


@dataclass(frozen=True)
class Constant:
    """A value that does not vary."""

    value: Any


Range = Interval | Choice | GridSearch | Constant


def uniform(lower: float, upper: float) -> Interval:
    return Interval("uniform", lower, upper)


def quniform(lower: float, upper: float, q: float) -> Interval:
    return Interval("quniform", lower, upper, q)


def loguniform(lower: float, upper: float) -> Interval:
    return Interval("loguniform", lower, upper)


def qloguniform(lower: float, upper: float, q: float) -> Interval:
    return Interval("qloguniform", lower, upper, q)


def randint(lower: int, upper: int) -> Interval:
    return Interval("randint", lower, upper)


def qrandint(lower: int, upper: int, q: int = 1) -> Interval:
    return Interval("qrandint", lower, upper, q)


def lograndint(lower: int, upper: int) -> Interval:
    return Interval("lograndint", lower, upper)


def qlograndint(lower: int, upper: int, q: int) -> Interval:
    return Interval("qlograndint", lower, upper, q)


def choice(categories: Sequence[Any]) -> Choice:
    return Choice(tuple(categories))


def grid_search(values: Sequence[Any]) -> GridSearch:
    return GridSearch(tuple(values))


def space(values: Mapping[str, object]) -> dict[str, Range]:
    """The ranges of some hyperparameters, by the field of ``Setting``.

    Raises ``UserError`` for a hyperparameter that there is not, naming the nearest, for what is no range, for a range
    of fractions where whole numbers are wanted, and for a list with one value written in two ways.
    """
    hints = typing.get_type_hints(Setting)
    found: dict[str, Range] = {}
    for name, value in values.items():
        if name not in hints:
            raise unknown("hyperparameter", name, hints)
        made = found[name] = range_from(value, name)
        kinds = {hints[name], *typing.get_args(hints[name])}
        if isinstance(made, Interval) and not made.whole and int in kinds and not (made.q or 0.5).is_integer():
            raise bad(name, made, "a range of whole numbers, such as randint(0, 10)")
        if isinstance(made, Choice | GridSearch):
            fields.once(
                name, [fields.converted(name, value, hints[name]) for value in made.values]
            )  # 1e-3 and 0.001 are one
    return found


def range_from(value: object, where: str = "range") -> Range:
    """A range from any of its forms.

    Ours; Ray Tune's own objects; a mapping of one word, as YAML has it: ``{loguniform: [1e-5, 1e-3]}``; a list, for
    ``grid_search``; or a plain value, for a constant. Raises ``UserError`` that begins with ``where``.
    """
    try:
        if isinstance(value, Interval | Choice | GridSearch | Constant):
            return value
        if isinstance(value, Mapping):
            return _from_mapping(value)
        if type(value).__module__.startswith("ray.tune."):
            return _from_ray(value)
        return GridSearch(tuple(value)) if isinstance(value, list | tuple) else Constant(value)
    except UserError as error:
        raise UserError(f"{where}: {error}") from None


def _from_mapping(given: Mapping[Any, Any]) -> Range:
    if len(given) != 1:
        raise bad("range", given, "a mapping of one word to its arguments, such as {loguniform: [1e-5, 1e-3]}")
    ((word, values),) = given.items()
    if word not in WORDS:
        raise unknown("range", word, WORDS)
    if not isinstance(values, list | tuple):
        raise bad(word, values, "a list")
    if word in LISTS:
        return Choice(tuple(values)) if word == "choice" else GridSearch(tuple(values))
    wanted = ("lower", "upper", "q") if word.startswith("q") else ("lower", "upper")
    least = 2 if word == "qrandint" else len(wanted)
    if not least <= len(values) <= len(wanted):
        raise bad(word, values, f"[{', '.join(wanted)}]")
    return Interval(word, *values, **({"q": 1} if word == "qrandint" and len(values) == 2 else {}))


def _from_ray(value: Any) -> Range:
    """From a ``ray.tune.search.sample.Domain``, by its class's name and what it holds: Ray takes seconds to import."""
    kind, sampler = type(value).__name__, value.get_sampler()
    if kind == "Categorical":
        return GridSearch(tuple(value.categories)) if value.is_grid() else Choice(tuple(value.categories))
    q = getattr(sampler, "q", None)
    spread = str(sampler if q is None else sampler.sampler)
    if kind not in ("Float", "Integer") or spread not in ("Uniform", "LogUniform"):
        raise bad(
            "range", value, f"one of {', '.join(WORDS)}: what has no bounds, or is computed, cannot be drawn ahead"
        )
    word = (
        ("" if q is None else "q")
        + ("log" if spread == "LogUniform" else "")
        + ("uniform" if kind == "Float" else "randint")
    )
    return Interval(word, value.lower, value.upper, q)


def _entries(word: str, values: Sequence[Any]) -> tuple[Any, ...]:
    for value in values:
        if not isinstance(value, str | int | float | None):
            raise bad(word, value, "numbers and text")
    fields.once(word, values)
    return tuple(values)
