"""``kind: multi_label``: any number of labels, possibly none, for one or two texts."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from harness.common.errors import UserError, bad, unknown
from harness.tasks.base import Task
from harness.tasks.label_counts import LabelCounts
from harness.tasks.own.cells import label_of
from harness.tasks.own.sequence import OwnSequence, Row

if TYPE_CHECKING:
    from datasets import Dataset
    from torch import Tensor

Hot = Sequence[Sequence[int]]
"""Indicators, examples × labels: 1 for a label that the example has, else 0, in the order of ``labels``."""


@dataclass(frozen=True, kw_only=True)
class OwnMultiLabel(OwnSequence):
    """``text`` names one or two columns, and ``label`` a column with lists of labels or with joined labels.

    The loss is the binary cross entropy of each label. A label is predicted if its probability is above one half.
    """

    name: ClassVar[str] = "multi_label"
    counts_of_texts: ClassVar[tuple[int, ...]] = (1, 2)
    scored_by: ClassVar[tuple[str, ...]] = ("labels",)

    metric: str = "micro_f1"  # type: ignore[misc]
    separator: str = ""
    """Text between the labels of a cell, such as ``;``; empty if cells are lists."""

    relabelled = Task.relabelled  # label noise needs exactly one label per example

    @property
    def allowed_metrics(self) -> list[str]:
        return [name for name in super().allowed_metrics if name != "matthews"]  # it compares single labels

    def answer_of(self, cell: Any, where: str) -> tuple[str, ...]:
        """The labels in a cell, each once and sorted."""
        return tuple(sorted({self._label(part, where) for part in self._parts(cell, where)}))

    def _parts(self, cell: Any, where: str) -> list[Any]:
        if isinstance(cell, str) and self.separator:
            return [part for piece in cell.split(self.separator) if (part := piece.strip())]
        if not isinstance(cell, list):
            wanted = "a list of labels; text with joined labels needs a separator in the task, such as separator: ';'"
            raise bad(f"{where}: {self.label}", cell, wanted)
        return cell

    def _label(self, part: Any, where: str) -> str:
        label = label_of(part)
        if not isinstance(label, str) or not label:
            raise bad(f"{where}: {self.label}", part, "labels: text or whole numbers")
        if self.labels and label not in self.labels:
            raise unknown(f"{where}: {self.label}", label, self.labels)
        return label

    def labels_in(self, examples: Iterable[Row]) -> set[str]:
        return {label for row in examples for label in row[-1]}

    def check_examples(self, examples: Sequence[Row], where: str, split: str) -> None:
        """Refuse training data with fewer than two labels."""
        if split == "train" and len(seen := self.labels_in(examples)) < 2:
            raise UserError(f"{where}: the number of labels in all rows is {len(seen)}; training needs two or more")

    def gold(self, examples: Sequence[Row]) -> list[list[int]]:
        """The labels of each example, as ``Hot``."""
        return [[int(label in row[-1]) for label in self.labels] for row in examples]

    def row_labels(self, examples: Sequence[Row]) -> list[Any]:
        return self.gold(examples)

    def label_names(self, gold: Sequence[Any]) -> list[str]:
        return [label for label, has in zip(self.labels, gold, strict=True) if has]

    def loss(self, outputs: "Mapping[str, Tensor]", labels: "Tensor") -> "Tensor":
        """The binary cross entropy of a batch in nats, summed over examples and labels."""
        from torch.nn.functional import binary_cross_entropy_with_logits

        return binary_cross_entropy_with_logits(outputs["logits"].float(), labels.float(), reduction="sum")

    def divergence(self, one: "Mapping[str, Tensor]", other: "Mapping[str, Tensor]", labels: "Tensor") -> "Tensor":
        """KL(p‖q) + KL(q‖p) = (p − q)(logit p − logit q) of each label's probability, summed as in ``loss``."""
        ours, theirs = (outputs["logits"].float() for outputs in (one, other))
        return ((ours.sigmoid() - theirs.sigmoid()) * (ours - theirs)).sum()

    def answers(self, outputs: "Mapping[str, Tensor]") -> "Tensor":
        """The answer to each row, as ``Hot``."""
        return (outputs["logits"] > 0).long()

    def row_answers(self, outputs: "Mapping[str, Tensor]", rows: Sequence[Mapping[str, Any]]) -> list[Any]:
        return list(self.answers(outputs).tolist())

    def gather(self, gold: Hot, rows: "Dataset", predicted: Sequence[Any]) -> list[list[int]]:
        return [list(map(int, answer)) for answer in predicted]

    def scores(self, gold: Hot, predicted: Hot) -> dict[str, float]:
        """``metric`` by its measure, and ``accuracy``, the share of examples with all labels correct, × 100.

        F1 is scikit-learn's F1 of indicator matrices. In the macro F1, a label without gold and predicted examples
        counts 0.
        """
        exact = sum(list(ours) == list(theirs) for ours, theirs in zip(gold, predicted, strict=True)) / len(gold)
        if self.metric_file:
            score = self.function(*([self.label_names(row) for row in side] for side in (gold, predicted)))
        else:
            sides: Any = np.asarray([gold, predicted])
            score = exact if self.metric == "accuracy" else self.function(*sides)
        return {self.metric: self.measure.factor * score, "accuracy": 100 * exact}

    def counts(self, language: str, gold: Hot, predicted: Hot, rows: "Dataset") -> LabelCounts:
        """Counts of examples. The best constant answer is the most frequent set of labels, possibly none."""
        ours, theirs = (list(map(tuple, side)) for side in (gold, predicted))
        return LabelCounts(
            labels=len(ours),
            right=sum(a == b for a, b in zip(ours, theirs, strict=True)),
            constant=max(Counter(ours).values()),
            predicted=len(theirs),
            commonest=max(Counter(theirs).values()),
        )

    def constant(self, gold: Sequence[Sequence[Any]]) -> None:
        """``None``, because the constant answer is a set of labels, not a label."""
