"""Common base of the kinds of tasks with one or two texts and one answer per example."""

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from harness.common import fields
from harness.common.errors import bad, unknown
from harness.tasks.own.base import Own
from harness.tasks.own.cells import label_of, text_of
from harness.tasks.sequence_task import SequenceTask

Row = tuple[Any, ...]
"""The texts of an example, then its answer."""


@dataclass(frozen=True, kw_only=True)
class OwnSequence(Own[Row], SequenceTask[Row]):
    """One answer to the texts of an example."""

    counts_of_texts: ClassVar[tuple[int, ...]]
    """Numbers of texts that an example of the kind may have."""

    text: tuple[str, ...]
    """The columns with the texts. A single column may be given by its name."""
    label: str = "label"
    """The column with the answer."""

    def __post_init__(self) -> None:
        if isinstance(self.text, str):
            object.__setattr__(self, "text", (self.text,))
        super().__post_init__()
        fields.once("text", self.text)
        if len(self.text) not in self.counts_of_texts:
            words = {1: "the name of one column", 2: "a list with the names of two columns"}
            raise bad("text", list(self.text), " or ".join(words[count] for count in self.counts_of_texts))
        if self.label in self.text:
            raise bad("label", self.label, "another column than the text's")

    @property
    def columns(self) -> tuple[str, ...]:
        return (*self.text, self.label)

    def example(self, cells: Sequence[Any], where: str) -> Row:
        *texts, label = cells
        named = zip(self.text, texts, strict=True)
        return (*(text_of(cell, f"{where}: {column}") for column, cell in named), self.answer_of(label, where))

    @abstractmethod
    def answer_of(self, cell: Any, where: str) -> Any:
        """The answer in a cell. Raises ``UserError`` that begins with ``where`` for any other value."""


@dataclass(frozen=True, kw_only=True)
class OwnClassification(OwnSequence):
    """One label for the texts of an example."""

    scored_by: ClassVar[tuple[str, ...]] = ("labels",)

    def answer_of(self, cell: Any, where: str) -> str:
        label = label_of(cell)
        if not isinstance(label, str) or not label:
            raise bad(f"{where}: {self.label}", cell, "a label, which every row needs: text or a whole number")
        if self.labels and label not in self.labels:
            raise unknown(f"{where}: {self.label}", label, self.labels)
        return label

    def labels_in(self, examples: Iterable[Row]) -> set[str]:
        return {row[-1] for row in examples}

    def scores(self, gold: Sequence[Sequence[int]], predicted: Sequence[Sequence[int]]) -> dict[str, float]:
        """``metric`` by its measure, and ``accuracy`` × 100."""
        ours, theirs = ([self.labels[label] for (label,) in part] for part in (gold, predicted))
        return {self.metric: self.measure.factor * self.function(ours, theirs), **super().scores(gold, predicted)}
