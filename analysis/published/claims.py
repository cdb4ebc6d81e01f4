"""The paper's claims as data: ``CLAIMS``, one per row of ``claims.csv``; ``analysis.published.judging`` judges them."""

import csv
from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources
from typing import Any

from analysis.published import MBERT, TASKS, ZERO_SHOT, Kind

SOURCE_ROW, EVERY_TARGET = "source", "every target"
CORRELATION = "correlation"


@dataclass(frozen=True, kw_only=True)
class Claim:
    """The claim that ``left`` is above (or below) ``right`` in the row ``language`` of both.

    With ``right_language``, the right figure is in that row instead.
    """

    id: str
    section: str
    sentence: str
    """The paper's sentence, shortened."""
    tables: tuple[int, ...]
    """Tables with the paper's figures for the claim."""
    left: str
    """A method, or ``correlation``."""
    relation: str
    """The relation of left to right: ``above``, ``not below``, ``below`` or ``not above``."""
    right: str = ""
    """A method; empty for the number 0."""
    tasks: tuple[str, ...] = TASKS
    """The tasks of the paper's claim."""
    kind: Kind
    """The kind of study that the claim is about."""
    encoder: str = MBERT
    language: str = ZERO_SHOT
    """``zero-shot``, ``source`` or ``every target``; for a correlation its corpus."""
    right_language: str = ""
    """Row of the right figure; empty for ``language``."""
    statistic: str = "mean"
    by: float = 0.0
    """Smallest difference of left and right that the claim asserts, in points."""
    times: float = 1.0
    """Factor of the right figure."""
    exempt: frozenset[str] = frozenset()
    """Targets that the paper excepts."""
    only: frozenset[str] = frozenset()
    """Targets that the paper names, if the claim is about these only."""
    share: float = 1.0
    """Share of the languages of ``every target`` that must support the claim: more than this share, or all if it is
    1."""

    @property
    def below(self) -> bool:
        """Whether left must be below right, rather than above it."""
        return self.relation in ("below", "not above")

    @property
    def strictly(self) -> bool:
        """Whether the claim does not hold for equal figures."""
        return not self.relation.startswith("not")

    @property
    def counts(self) -> bool:
        """Whether the claim's figures are numbers of languages."""
        return self.language == EVERY_TARGET

    @property
    def what(self) -> str:
        """The two compared figures, and the relation of the first to the second."""
        if self.left == CORRELATION:
            return f"correlation of the zero-shot score with the distance on {self.language}: below 0"
        std = self.statistic == "std"
        if self.counts:
            left, right = (f"std of {self.left}", f"that of {self.right}") if std else (self.left, self.right)
            return f"languages{self._some}: {left} {self._relation} {right}"
        if self.right_language:
            left, right = (
                f"{_row(language)} score of {method}"
                for language, method in ((self.language, self.left), (self.right_language, self.right))
            )
            return f"{'std, ' * std}points: {left} {self._relation} {right}"
        return f"{'std of the ' * std}{_row(self.language)} score, points: {self.left} {self._relation} {self.right}"

    @property
    def _relation(self) -> str:
        if self.by:
            return f"at least {self.by:g} points above"
        if self.times != 1:
            return f"{'at most' if self.below else 'at least'} {self.times:g} times"
        return self.relation

    @property
    def _some(self) -> str:
        """The target languages of the claim, if they are not all."""
        if self.only:
            return f" of {', '.join(sorted(self.only))}"
        return f" but {', '.join(sorted(self.exempt))}" if self.exempt else ""


def _row(language: str) -> str:
    return SOURCE_ROW if language == SOURCE_ROW else ZERO_SHOT


READ: dict[str, Callable[[str], Any]] = {
    "tables": lambda text: tuple(map(int, text.split())),
    "tasks": lambda text: tuple(text.split()),
    "kind": Kind,
    "by": float,
    "times": float,
    "exempt": lambda text: frozenset(text.split()),
    "only": lambda text: frozenset(text.split()),
    "share": float,
}
"""Parsers of the columns that are not plain text."""


def _claims() -> tuple[Claim, ...]:
    """The claims in ``claims.csv``. An empty cell is the field's default."""
    text = resources.files(__package__).joinpath("claims.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    return tuple(Claim(**{name: READ.get(name, str)(cell) for name, cell in row.items() if cell}) for row in rows)


CLAIMS = _claims()
