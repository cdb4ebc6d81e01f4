"""What the kinds with one label an example have in common."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from harness.common import fields
from harness.common.errors import bad, unknown
from harness.tasks.own.base import Own, label_of
from harness.tasks.sequence_task import SequenceTask, one_line

Row = tuple[Any, ...]
"""The texts of an example, then its label."""


@dataclass(frozen=True, kw_only=True)
class OwnClassification(Own[Row], SequenceTask[Row]):
    """One label for the texts of an example."""

    scored_by: ClassVar[tuple[str, ...]] = ("labels",)

    text: tuple[str, ...]
    """The columns with the texts; a single one may be given as its name."""
    label: str = "label"
    """The column with the label."""

    def __post_init__(self) -> None:
        if isinstance(self.text, str):
            object.__setattr__(self, "text", (self.text,))
        super().__post_init__()
        fields.once("text", self.text)
        if len(self.text) != self.texts:
            allowed = "the name of one column" if self.texts == 1 else f"a list with the names of {self.texts} columns"
            raise bad("text", list(self.text), allowed)

    @property
    def columns(self) -> tuple[str, ...]:
        return (*self.text, self.label)

    def example(self, cells: Sequence[Any], where: str) -> Row:
        *texts, label = cells
        named = zip(self.text, texts, strict=True)
        return (*(text_of(cell, f"{where}: {column}") for column, cell in named), self._label(label, where))

    def _label(self, cell: Any, where: str) -> str:
        label = label_of(cell)
        if not isinstance(label, str) or not label:
            raise bad(f"{where}: {self.label}", cell, "a label: text or a whole number")
        if self.labels and label not in self.labels:
            raise unknown(f"{where}: {self.label}", label, self.labels)
        return label

    def labels_in(self, examples: Iterable[Row]) -> set[str]:
        return {row[-1] for row in examples}

    def scores(self, gold: Sequence[Sequence[int]], predicted: Sequence[Sequence[int]]) -> dict[str, float]:
        """``metric`` and ``accuracy``, both × 100."""
        ours, theirs = ([self.labels[label] for (label,) in part] for part in (gold, predicted))
        return {self.metric: 100 * self.measure(ours, theirs), **super().scores(gold, predicted)}


def text_of(cell: Any, where: str) -> str:
    """A text of an example. Raises ``UserError`` that begins with ``where`` for none and an empty one."""
    if not isinstance(cell, str) or not (text := one_line(cell)):
        raise bad(where, cell, "text that is not empty")
    return text
