"""``kind: question_answering``: the part of a context that answers a question."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from harness.common import fields
from harness.common.errors import bad, unknown
from harness.tasks import squad_scores
from harness.tasks.own.base import Own
from harness.tasks.own.cells import label_of
from harness.tasks.question_task import QuestionTask
from harness.tasks.questions import squad_format
from harness.tasks.questions.squad_format import Question
from harness.tasks.squad_scores import Normalise

if TYPE_CHECKING:
    import pandas as pd

RULES = ("squad", "mlqa")
"""Rules for the normalisation of answers: SQuAD's rules for English, or MLQA's rules for each language."""


@dataclass(frozen=True, kw_only=True)
class OwnQuestion(Own[Question], QuestionTask):
    """The fields name the columns with an id, a question, a context and the answers. SQuAD's JSON is read too.

    The answers of a question are a list of objects with ``text`` and ``answer_start``. A single object with two lists,
    as on the hub, is also read.
    """

    name: ClassVar[str] = "question_answering"
    scored_by: ClassVar[tuple[str, ...]] = ("answers",)

    labels: tuple[str, ...] = QuestionTask.labels  # type: ignore[misc]
    metric: str = "f1"  # type: ignore[misc]
    id: str = "id"
    """The column with a question's id."""
    question: str = "question"
    context: str = "context"
    answer: str = "answers"
    """The column with a question's answers."""
    no_answer: bool = False  # type: ignore[misc]
    """Whether a question may lack an answer, as in SQuAD 2.0."""
    rules: str = "squad"
    """One of ``RULES``."""

    def __post_init__(self) -> None:
        super().__post_init__()
        fields.choice("rules", self.rules, RULES)

    def _check_labels(self) -> None:
        if self.labels != QuestionTask.labels:
            raise bad("labels", list(self.labels), f"none: answers of the kind {self.name!r} are parts of a context")

    def _check_metric(self) -> None:
        fields.choice("metric", self.metric, self.other_metrics)
        if self.metric_file:
            raise bad("metric_file", self.metric_file, f"none: the metrics of the kind {self.name!r} are its own")

    @property
    def columns(self) -> tuple[str, ...]:
        return self.id, self.question, self.context, self.answer

    def normalise(self, language: str) -> Normalise:
        return squad_scores.mlqa(language) if self.rules == "mlqa" else squad_scores.squad

    def example(self, cells: Sequence[Any], where: str) -> Question:
        return squad_format.checked([cells], where, no_answer=self.no_answer)[0]

    def examples(self, table: "pd.DataFrame", where: str, split: str) -> list[Question]:
        """The questions of a table. Raises ``UserError`` that begins with ``where``.

        For an unsuitable question, the message has the number of the row, from 1, and the question's id.
        """
        for name in self.columns:
            if name not in table:
                raise unknown(f"{where}: column", name, map(str, table))
        ids = map(label_of, table[self.id].tolist())
        cells = zip(ids, *(table[name].tolist() for name in self.columns[1:]), strict=True)
        return squad_format.checked(cells, where, no_answer=self.no_answer, numbered=True)

    def labels_in(self, examples: Iterable[Question]) -> set[str]:
        return set(self.labels)

    def check_scores(self, examples: Sequence[Question]) -> None:
        """No check, because the metrics are steadytune's own."""

    def identity(self) -> dict[str, Any]:
        return super().identity() | {"no_answer": self.no_answer, "rules": self.rules}
