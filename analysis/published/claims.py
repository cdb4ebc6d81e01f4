"""The paper's claims as data: ``CLAIMS``, one a row of ``claims.csv``; ``analysis.published.judging`` judges them."""

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
    """``left`` is above (or below) ``right``, in the row ``language`` of both, or in the rows ``language`` and
    ``right_language``."""

    id: str
    section: str
    sentence: str
    """As the paper has it, shortened."""
    tables: tuple[int, ...]
    """Where the paper's figures for it are."""
    left: str
    """A method, or ``correlation``."""
    relation: str
    """How left is to lie to right: ``above``, ``not below``, ``below`` or ``not above``."""
    right: str = ""
    """A method; empty for the number 0."""
    tasks: tuple[str, ...] = TASKS
    """Those that the paper says it of."""
    kind: Kind
    """The kind of study that it is a claim about."""
    encoder: str = MBERT
    language: str = ZERO_SHOT
    """``zero-shot``, ``source``, ``every target``; of a correlation its corpus."""
    right_language: str = ""
    """Empty for ``language``."""
    statistic: str = "mean"
    by: float = 0.0
    """Points by which it is to be, at least."""
    times: float = 1.0
    """What right is multiplied by."""
    exempt: frozenset[str] = frozenset()
    """Targets that the paper excepts."""
    only: frozenset[str] = frozenset()
    """The targets that the paper names, where it says it of those alone."""
    share: float = 1.0
    """Of ``every target``, more than this share, or for 1 all, must bear it out."""

    @property
    def below(self) -> bool:
        """Whether left is to be below right, not above it."""
        return self.relation in ("below", "not above")

    @property
    def strictly(self) -> bool:
        """Whether equal figures are against it."""
        return not self.relation.startswith("not")

    @property
    def counts(self) -> bool:
        """Whether its figures are numbers of languages."""
        return self.language == EVERY_TARGET

    @property
    def what(self) -> str:
        """Which two figures are compared, and how the first is to lie to the second."""
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
        """Which of the target languages it is about, where those are not all."""
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
"""How a column of the file is read that is more than text."""


def _claims() -> tuple[Claim, ...]:
    """An empty cell is the field's default."""
    text = resources.files(__package__).joinpath("claims.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    return tuple(Claim(**{name: READ.get(name, str)(cell) for name, cell in row.items() if cell}) for row in rows)


CLAIMS = _claims()
