"""``kind: regression``: a number for one or two texts, such as their similarity."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any, ClassVar

from harness.common.errors import UserError, bad
from harness.tasks.base import Task
from harness.tasks.metrics.of_numbers import pearson, spearman
from harness.tasks.number_fit import NumberFit, number_fit
from harness.tasks.own.sequence import OwnSequence, Row

if TYPE_CHECKING:
    from datasets import Dataset
    from torch import Tensor

VALUE = "value"
"""Name of the head's only output."""


@dataclass(frozen=True, kw_only=True)
class OwnRegression(OwnSequence):
    """``text`` names one or two columns, and ``label`` a column of numbers.

    The loss is the squared error of the unscaled numbers.
    """

    name: ClassVar[str] = "regression"
    counts_of_texts: ClassVar[tuple[int, ...]] = (1, 2)
    scored_by: ClassVar[tuple[str, ...]] = ("numbers",)
    other_metrics: ClassVar[tuple[str, ...]] = ("pearson", "spearman")

    labels: tuple[str, ...] = (VALUE,)  # type: ignore[misc]
    metric: str = "pearson"  # type: ignore[misc]

    relabelled = Task.relabelled  # label noise needs classes

    def _check_labels(self) -> None:
        if self.labels != (VALUE,):
            raise bad("labels", list(self.labels), "none: a label of the kind 'regression' is a number")

    def answer_of(self, cell: Any, where: str) -> float:
        try:
            number = math.nan if isinstance(cell, bool) else float(cell)
        except (TypeError, ValueError):
            number = math.nan
        if not math.isfinite(number):
            raise bad(f"{where}: {self.label}", cell, "a finite number, such as 2 or 2.5")
        return number

    def labels_in(self, examples: Iterable[Row]) -> set[str]:
        return set(self.labels)

    def check_examples(self, examples: Sequence[Row], where: str, split: str) -> None:
        """Refuse examples that all have the same number, because a constant correlates with no prediction."""
        if len({row[-1] for row in examples}) < 2:
            raise UserError(
                f"{where}: all {len(examples)} rows have the number {examples[0][-1]:g}; give at least two numbers"
            )

    def gold(self, examples: Sequence[Row]) -> list[list[float]]:  # type: ignore[override]
        """The number of each example."""
        return [[row[-1]] for row in examples]

    def loss(self, outputs: "Mapping[str, Tensor]", labels: "Tensor") -> "Tensor":
        """The squared errors of a batch, summed."""
        return (outputs["logits"].flatten().float() - labels.flatten().float()).square().sum()

    def divergence(self, one: "Mapping[str, Tensor]", other: "Mapping[str, Tensor]", labels: "Tensor") -> "Tensor":
        """The squared differences of two outputs' numbers, summed."""
        return (one["logits"].float() - other["logits"].float()).square().sum()

    def answers(self, outputs: "Mapping[str, Tensor]") -> "Tensor":
        """The number of each row."""
        return outputs["logits"].squeeze(-1).float()

    def gather(self, gold: Sequence[Sequence[Any]], rows: "Dataset", predicted: Sequence[Any]) -> list[list[Any]]:
        """The number of each example. If a diverged model gives a number that is not finite, the number becomes 0."""
        return [[float(number) if math.isfinite(number) else 0.0] for number in predicted]

    def scores(self, gold: Sequence[Sequence[Any]], predicted: Sequence[Sequence[Any]]) -> dict[str, float]:
        """``metric`` in its unit, and both correlations × 100."""
        ours, theirs = (list(chain.from_iterable(part)) for part in (gold, predicted))
        both = {"pearson": 100 * pearson(ours, theirs), "spearman": 100 * spearman(ours, theirs)}
        return both if self.metric in both else {self.metric: self.measure.factor * self.function(ours, theirs), **both}

    def counts(
        self, language: str, gold: Sequence[Sequence[Any]], predicted: Sequence[Sequence[Any]], rows: "Dataset"
    ) -> None:
        """``None``, because numbers are not right or wrong."""

    def fit(self, gold: Sequence[Sequence[Any]], predicted: Sequence[Sequence[Any]]) -> NumberFit | None:
        return number_fit(*(list(chain.from_iterable(part)) for part in (gold, predicted)))

    def constant(self, gold: Sequence[Sequence[Any]]) -> None:
        """``None``, because there are no labels."""
