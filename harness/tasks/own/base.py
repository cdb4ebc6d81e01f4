"""Base of the tasks that a study describes by columns of the data, labels and a metric."""

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar

from harness.common import fields
from harness.common.errors import UserError, bad, unknown
from harness.common.hashing import digest
from harness.tasks.base import Task
from harness.tasks.metrics import METRICS, RESERVED, YOUNG, Function, Measure
from harness.tasks.metrics import own as own_metrics
from harness.tasks.own.cells import label_of, of_one_type, once

if TYPE_CHECKING:
    import pandas as pd

Example = TypeVar("Example")


@dataclass(frozen=True, kw_only=True)
class Own(Task[Example]):
    """A task on a user's own data. Subclasses add the names of columns, and define the examples."""

    languages: ClassVar[tuple[str, ...]] = ()
    """Empty: the data define the languages."""
    scored_by: ClassVar[tuple[str, ...]]
    """Kinds of answers that the task's metrics may compare: see ``Metric.of``."""

    labels: tuple[str, ...] = ()  # type: ignore[misc]
    """The labels; a label's id is its index here. If empty, the sorted labels of the training data are used."""
    metric: str = "accuracy"  # type: ignore[misc]
    """A name from ``METRICS``, or a ``.py`` file with a function ``metric``. The file's name then names the metric."""
    metric_file: str = ""
    """The file of a user's own metric."""
    id: str = ""
    """A column with a different value in each row of a file; empty for none."""

    def __post_init__(self) -> None:
        if isinstance(self.labels, list | tuple):
            object.__setattr__(self, "labels", tuple(map(label_of, self.labels)))
        fields.coerce(self)
        self._check_labels()
        self._check_metric()

    def _check_labels(self) -> None:
        if self.labels:
            fields.once("labels", self.labels)
            if len(self.labels) < 2:
                raise bad("labels", list(self.labels), "at least two, or leave them out: the training data has them")

    @property
    def allowed_metrics(self) -> list[str]:
        """Names of the metrics that the kind can have."""
        return sorted(name for name, metric in METRICS.items() if metric.of in self.scored_by)

    def _check_metric(self) -> None:
        allowed = self.allowed_metrics
        if self.metric.endswith(".py"):
            object.__setattr__(self, "metric_file", self.metric)
            object.__setattr__(self, "metric", Path(self.metric).stem)
        if not self.metric_file:
            if self.metric not in allowed:
                if self.metric not in METRICS:
                    raise unknown("metric", self.metric, allowed)
                raise bad("metric", self.metric, f"one for the kind {self.name!r}: {', '.join(allowed)}, or a .py file")
        elif self.metric in {*METRICS, *RESERVED}.difference(YOUNG) or not self.metric.isidentifier():
            raise bad(
                "metric",
                self.metric_file,
                "a file whose name is a word, and neither a metric of steadytune nor a key of records",
            )

    @property
    @abstractmethod
    def columns(self) -> tuple[str, ...]:
        """The columns of an example."""

    @abstractmethod
    def example(self, cells: Sequence[Any], where: str) -> Example:
        """An example from its cells in ``columns``. Raises ``UserError`` that begins with ``where`` for unsuitable
        cells.
        """

    @abstractmethod
    def labels_in(self, examples: Iterable[Example]) -> set[str]:
        """The labels that occur in examples."""

    def examples(self, table: "pd.DataFrame", where: str, split: str) -> list[Example]:
        """The examples of a table, the same from every format.

        Raises ``UserError`` for a missing column, a table without rows, and training data with a single label. The
        message begins with ``where``. For unsuitable cells, a repeated id and answers of several types, the message
        also has the number of the row, from 1.
        """
        for name in (*self.columns, *([self.id] if self.id else [])):
            if name not in table:
                raise unknown(f"{where}: column", name, map(str, table))
        if self.id:
            once(table[self.id].tolist(), f"{where}: row {{row}}: {self.id}")
        answers = table[self.columns[-1]].tolist()
        of_one_type(answers, f"{where}: row {{row}}: {self.columns[-1]}")
        cells = zip(*(table[name].tolist() for name in self.columns), strict=True)
        found = [self.example(row, f"{where}: row {number}") for number, row in enumerate(cells, start=1)]
        if not found:
            raise UserError(f"{where}: there are no rows")
        self.check_examples(found, where, split)
        return found

    def check_examples(self, examples: Sequence[Example], where: str, split: str) -> None:
        """Refuse training data with a single label. ``where`` begins the message."""
        if split == "train" and len(seen := self.labels_in(examples)) < 2:
            raise UserError(
                f"{where}: all {len(examples)} rows have the label {min(seen)!r}; training needs two or more"
            )

    def with_labels_of(self, examples: Iterable[Example]) -> Self:
        """The task with labels: its own, or else the sorted labels of the training data."""
        return self if self.labels else replace(self, labels=tuple(sorted(self.labels_in(examples))))

    def check_scores(self, examples: Sequence[Example]) -> None:
        """Refuse a metric that fails on gold answers in place of the model's answers.

        Otherwise a trial would find the error only at its end.
        """
        gold = self.gold(examples)
        self.scores(gold, gold)

    @property
    def function(self) -> Function:
        """The metric's function."""
        return own_metrics.own_metric(self.metric_file) if self.metric_file else METRICS[self.metric].function

    @property
    def measure(self) -> Measure:
        return own_metrics.own_measure(self.metric_file) if self.metric_file else super().measure

    @property
    def scorer(self) -> str:
        """The version of a user's own metric; scores by different versions never meet in one report.

        Empty for steadytune's metrics.
        """
        return f"{self.metric} {own_metrics.code_fingerprint(self.metric_file)}" if self.metric_file else ""

    def identity(self) -> dict[str, Any]:
        """All values that can change a model or its scores. Names of columns and places of files cannot."""
        code = {"metric_code": own_metrics.code_fingerprint(self.metric_file)} if self.metric_file else {}
        return {"kind": self.name, "labels": self.labels, "metric": self.metric, **code}

    @property
    def fingerprint(self) -> str:
        """Content hash of ``identity``."""
        return digest(self.identity())

    def beside(self, folder: Path) -> Self:
        """The task with the full path of its metric's file. A relative path is taken from ``folder``."""
        if not self.metric_file:
            return self
        return replace(self, metric_file=str((folder / Path(self.metric_file).expanduser()).resolve()))

    def to_json(self) -> dict[str, Any]:
        """The form that ``own_task`` reads: the fields that differ from their defaults."""
        return {"kind": self.name, **fields.chosen(self)}

    @property
    def title(self) -> str:
        """The task in a few words."""
        *given, answer = (name for name in self.columns if name != self.id)
        return f"{self.name.replace('_', ' ')}: {', '.join(given)} → {answer}"
