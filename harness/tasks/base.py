"""The base of all tasks: languages, labels, metric, files, and encoding of examples as tokens and labels."""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from harness.common.errors import UserError, unknown
from harness.common.hashing import digest
from harness.tasks.label_counts import LabelCounts, of_examples
from harness.tasks.metrics import Measure, measure_of
from harness.tasks.number_fit import NumberFit

if TYPE_CHECKING:
    from datasets import Dataset
    from torch import Tensor
    from transformers import DataCollator, PreTrainedModel, PreTrainedTokenizerBase

Example = TypeVar("Example")

PAPER = ("ar", "bg", "de", "el", "es", "fr", "hi", "ja", "ru", "sw", "tr", "ur", "vi", "zh")
"""The paper's 14 target languages (Section 4.2)."""

BOOKKEEPING = ("example", "words")
"""Columns of encoded rows that are not model inputs."""
IGNORED = -100
"""Label of positions without a label: no loss, no prediction."""
LOWEST_LOGIT = -1e9
"""Logit of an answer with probability 0."""
SPLITS = {"train": "train", "dev": "validation", "test": "test"}
"""The hub's name of each split, by steadytune's name."""


@dataclass(frozen=True)
class Examples(Generic[Example]):
    """The examples of one split and language, in file order."""

    rows: tuple[Example, ...]
    notes: tuple[str, ...] = ()
    """Notes on text that reading has changed."""

    @cached_property
    def fingerprint(self) -> str:
        """Content hash of the examples, the same for every origin."""
        return digest(self.rows)

    def __len__(self) -> int:
        return len(self.rows)


class Noted(list[Example]):
    """Examples, with notes for the user on text that reading has changed."""

    def __init__(self, rows: Iterable[Example], notes: tuple[str, ...] = ()) -> None:
        super().__init__(rows)
        self.notes = notes


class Task(ABC, Generic[Example]):
    """Base of all tasks."""

    name: ClassVar[str]
    """Name of the task, and of its folder in XTREME's download layout."""
    languages: ClassVar[tuple[str, ...]]
    """Codes of the languages with a test set, including the source language."""
    xtreme: ClassVar[tuple[str, ...]] = ()
    """Languages that XTREME scores; empty for a task that XTREME does not have."""
    labels: ClassVar[tuple[str, ...]]
    """Names of the labels; a label's id is its index here."""
    metric: ClassVar[str]
    """Key of the score that tables show."""
    other_metrics: ClassVar[tuple[str, ...]] = ("accuracy",)
    """Keys of the further scores that ``scores`` must return."""
    auto_model: ClassVar[str]
    """The ``transformers`` class that puts the task's head on an encoder, with one output per label."""
    read_by_answers: ClassVar[tuple[str, ...]] = ()
    """Columns of encoded rows that ``row_answers`` reads in addition to the model's inputs."""
    suffixes: ClassVar[tuple[str, ...]] = (".tsv",)
    """Suffixes of the task's files, in order of preference."""
    hub: ClassVar[str] = ""
    """Name of the task's data set on the Hugging Face hub; empty if there is none."""

    @property
    def measure(self) -> Measure:
        """Name, unit and direction of the scores in ``metric``."""
        return measure_of(self.metric)

    @property
    def scorer(self) -> str:
        """Name of the scoring rules, if they have changed between versions.

        Scores by different rules never meet in one report.
        """
        return ""

    @classmethod
    def selection(cls, name: str) -> tuple[str, ...]:
        """A set of languages by name: ``paper`` (its 14 targets, if the task has them), ``xtreme`` or ``all``."""
        known = {
            "all": cls.languages,
            "xtreme": cls.xtreme,
            "paper": tuple(code for code in PAPER if code in cls.languages),
        }
        if not known.get(name):
            raise unknown("targets", name, (selection for selection, codes in known.items() if codes))
        return known[name]

    def configuration(self, language: str) -> str:
        """The configuration of ``hub`` with a language's examples. Raises ``UserError`` if the hub has none."""
        raise UserError(f"data: the task {self.name!r} has no data set on the hub; give a folder")

    def hub_part(self, split: str, language: str) -> tuple[str, str]:
        """The configuration of ``hub`` with a split (train, dev or test) of a language, and the split's name there."""
        return self.configuration(language), SPLITS[split]

    def files(self, split: str, language: str) -> tuple[str, ...]:
        """Paths of a split of a language in XTREME's download layout.

        The first path is used if it exists. Otherwise exactly one of the others must exist.
        """
        return tuple(f"{self.name}/{split}-{language}{suffix}" for suffix in self.suffixes)

    @abstractmethod
    def read(self, file: Path) -> list[Example]:
        """The examples of a file in XTREME's download layout.

        Raises ``UserError`` with file and line number for a malformed line or an unknown label, and for an empty file.
        """

    def from_hub(self, rows: "Dataset", where: str) -> list[Example]:
        """The examples of a data set with the hub's columns, equal to the examples of ``read``.

        Raises ``UserError`` that begins with ``where`` for missing columns and unknown labels.
        """
        raise UserError(f"{where}: the task {self.name!r} reads files in XTREME's download layout only")

    def of_language(self, rows: "Dataset", language: str) -> "Dataset":
        """The rows in a language, for a hub configuration that holds several languages."""
        return rows

    def passages(self, examples: Sequence[Example]) -> list[str]:
        """The text of examples, without their labels. Raises ``UserError`` if the task does not define the text."""
        raise UserError(f"text: the task {self.name!r} does not define the text of its examples")

    @abstractmethod
    def encode(self, examples: Sequence[Example], tokenizer: "PreTrainedTokenizerBase", max_length: int) -> "Dataset":
        """The examples as model inputs with ``labels``. The column ``example`` has the number of a row's example."""

    @abstractmethod
    def collator(self, tokenizer: "PreTrainedTokenizerBase") -> "DataCollator":
        """A collator that pads rows of ``encode`` to a batch.

        ``tokenizer`` has only the encoder's special tokens, which suffice for padding.
        """

    @abstractmethod
    def gold(self, examples: Sequence[Example]) -> list[list[Any]]:
        """The gold labels of each example: label ids or indicators, accepted answers (texts), or a number."""

    def label_names(self, gold: Sequence[Any]) -> list[str]:
        """The names of an example's gold labels; any other value as text."""
        return [
            self.labels[label] if isinstance(label, int) and 0 <= label < len(self.labels) else str(label)
            for label in gold
        ]

    def relabelled(self, rows: "Dataset", gold: Sequence[Sequence[int]]) -> "Dataset":
        """Rows of ``encode`` with other labels.

        ``gold`` holds the label ids of all examples, by number; ``rows`` may hold only some of the examples. Label
        noise needs a task that defines this method.
        """
        raise NotImplementedError

    def prepare(self, model: "PreTrainedModel") -> None:
        """Make a fresh model ready for its first batch, in place."""

    def loss(self, outputs: "Mapping[str, Tensor]", labels: "Tensor") -> "Tensor":
        """The loss of a batch, summed over its labels: cross entropy in nats. Labels of ``IGNORED`` do not count."""
        from torch.nn.functional import cross_entropy

        logits = outputs["logits"].flatten(0, -2).float()
        return cross_entropy(logits, labels.flatten(), ignore_index=IGNORED, reduction="sum")

    def divergence(self, one: "Mapping[str, Tensor]", other: "Mapping[str, Tensor]", labels: "Tensor") -> "Tensor":
        """The symmetric divergence KL(p‖q) + KL(q‖p) of two outputs' labels in nats, summed over a batch's labels.

        Labels of ``IGNORED`` do not count.
        """
        counted = labels.flatten() != IGNORED
        return symmetric_divergence(*(part["logits"].flatten(0, -2)[counted] for part in (one, other)))

    def answers(self, outputs: "Mapping[str, Tensor]") -> "Tensor":
        """The model's answer to each row of a padded batch: the label ids with the highest logits."""
        return outputs["logits"].argmax(-1)

    def row_answers(self, outputs: "Mapping[str, Tensor]", rows: Sequence[Mapping[str, Any]]) -> list[Any]:
        """The model's answer to each row, without padding, in the form that ``gather`` reads.

        ``rows`` has the model's inputs and the columns ``read_by_answers``.
        """
        return [
            answer[: len(row["input_ids"])] if isinstance(answer, list) else answer
            for row, answer in zip(rows, self.answers(outputs).tolist(), strict=True)
        ]

    @abstractmethod
    def gather(self, gold: Sequence[Sequence[Any]], rows: "Dataset", predicted: Sequence[Any]) -> list[list[Any]]:
        """The model's answer to each example, combined from its rows.

        Label ids have the shape of ``gold``, with -1 for no prediction.
        """

    @abstractmethod
    def scores(self, gold: Sequence[Sequence[Any]], predicted: Sequence[Sequence[Any]]) -> dict[str, float]:
        """Scores by name: ``metric`` by ``measure``, and ``other_metrics`` × 100."""

    def scores_in(
        self, language: str, gold: Sequence[Sequence[Any]], predicted: Sequence[Sequence[Any]]
    ) -> dict[str, float]:
        """``scores`` for a task whose rules depend on the language."""
        return self.scores(gold, predicted)

    def of_each(
        self, language: str, gold: Sequence[Sequence[Any]], predicted: Sequence[Sequence[Any]]
    ) -> Sequence[float]:
        """The score of each example, between 0 and 1. A task defines this only if ``metric`` is 100 times the mean."""
        raise NotImplementedError

    def counts(
        self, language: str, gold: Sequence[Sequence[Any]], predicted: Sequence[Sequence[Any]], rows: "Dataset"
    ) -> LabelCounts | None:
        """Counts of right answers to a test set, of the model and of the best constant answer.

        They decide whether the model has collapsed.
        """
        return of_examples(gold, predicted)

    def fit(self, gold: Sequence[Sequence[Any]], predicted: Sequence[Sequence[Any]]) -> NumberFit | None:
        """Fit of predicted to gold numbers, which decides on collapse; ``None`` if answers are not numbers."""
        return None

    def constant(self, gold: Sequence[Sequence[Any]]) -> int | None:
        """The most frequent label of training data; ``None`` if answers are not labels."""
        return Counter(label for labels in gold for label in labels).most_common(1)[0][0]


def symmetric_divergence(one: "Tensor", other: "Tensor") -> "Tensor":
    """KL(p‖q) + KL(q‖p) = Σ (p − q)(log p − log q) of the rows of two tensors of logits, summed over the rows."""
    # Masked logits are -inf or the lowest number in both. The bound makes their share of the divergence 0, not NaN.
    p, q = (logits.float().clamp(min=LOWEST_LOGIT).log_softmax(-1) for logits in (one, other))
    return ((p.exp() - q.exp()) * (p - q)).sum()


def with_column(rows: "Dataset", name: str, values: Any) -> "Dataset":
    """Rows with the values of one column replaced by an Arrow array. The other columns stay memory-mapped."""
    from datasets import Dataset
    from datasets.table import InMemoryTable

    table = rows.data.table
    return Dataset(
        InMemoryTable(
            table.set_column(table.column_names.index(name), name, values.cast(table.schema.field(name).type))
        )
    )


def columns(rows: "Dataset", names: Sequence[str], where: str) -> list[Any]:
    """Columns of a data set as lists, with names in place of class ids. Raises ``UserError`` for a missing column."""
    for name in names:
        if name not in rows.column_names:
            raise unknown(f"{where}: column", name, rows.column_names)
    return [_named(rows[name][:], rows.features[name]) for name in names]


def _named(values: Any, feature: Any) -> Any:
    """Values with class ids replaced by the names of their classes; other values are unchanged."""
    if hasattr(feature, "int2str"):
        return [
            feature.names[value] if value is not None and 0 <= value < len(feature.names) else str(value)
            for value in values
        ]
    if hasattr(feature, "feature"):
        return [_named(value, feature.feature) if value is not None else None for value in values]
    return values
