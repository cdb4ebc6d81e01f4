"""The base of all tasks: languages, labels and metric, the reading of files and the way from an example to tokens and
labels."""

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
from harness.tasks.number_fit import NumberFit

if TYPE_CHECKING:
    from datasets import Dataset
    from torch import Tensor
    from transformers import DataCollator, PreTrainedModel, PreTrainedTokenizerBase

Example = TypeVar("Example")

PAPER = ("ar", "bg", "de", "el", "es", "fr", "hi", "ja", "ru", "sw", "tr", "ur", "vi", "zh")
"""The paper's 14 target languages (Section 4.2)."""

BOOKKEEPING = ("example", "words")
"""Columns of encoded rows that are no input of a model."""
IGNORED = -100
"""Label of a row's place that has none: no loss, no prediction."""
SPLITS = {"train": "train", "dev": "validation", "test": "test"}
"""Our names of the splits, and the hub's."""


@dataclass(frozen=True)
class Examples(Generic[Example]):
    """The examples of one split and language, in file order."""

    rows: tuple[Example, ...]
    notes: tuple[str, ...] = ()
    """Sentences on what was read otherwise than it stands in the file."""

    @cached_property
    def fingerprint(self) -> str:
        """Content hash of the examples, wherever they were read from."""
        return digest(self.rows)

    def __len__(self) -> int:
        return len(self.rows)


class Noted(list[Example]):
    """Examples, and sentences for the user on what was read otherwise than it stands in the file."""

    def __init__(self, rows: Iterable[Example], notes: tuple[str, ...] = ()) -> None:
        super().__init__(rows)
        self.notes = notes


class Task(ABC, Generic[Example]):
    """Base of all tasks."""

    name: ClassVar[str]
    """Also the folder of the task's files in XTREME's download layout."""
    languages: ClassVar[tuple[str, ...]]
    """Codes of the languages with a test set, the source language among them."""
    xtreme: ClassVar[tuple[str, ...]] = ()
    """Those of them that XTREME scores; none for a task that XTREME does not have."""
    labels: ClassVar[tuple[str, ...]]
    """Names of the classes; a label's id is its place here."""
    metric: ClassVar[str]
    """Key of the score that tables show."""
    other_metrics: ClassVar[tuple[str, ...]] = ("accuracy",)
    """Keys of the scores that ``scores`` has to give beside it."""
    auto_model: ClassVar[str]
    """The ``transformers`` class that puts the task's head on an encoder, with one output a label."""
    read_by_answers: ClassVar[tuple[str, ...]] = ()
    """Columns of encoded rows, beside the model's inputs, that ``row_answers`` reads."""
    suffixes: ClassVar[tuple[str, ...]] = (".tsv",)
    """Of the task's files, the first before the others."""
    hub: ClassVar[str] = ""
    """Name on the Hugging Face hub of the data set with the task's examples; empty where there is none."""

    @property
    def scorer(self) -> str:
        """Name of the rules of the scores, where they have been others in former versions: scores by different rules
        never meet in one report."""
        return ""

    @classmethod
    def selection(cls, name: str) -> tuple[str, ...]:
        """A set of languages by name: ``paper`` (its 14 targets, less those the task lacks), ``xtreme`` or ``all``."""
        known = {
            "all": cls.languages,
            "xtreme": cls.xtreme,
            "paper": tuple(code for code in PAPER if code in cls.languages),
        }
        if not known.get(name):
            raise unknown("targets", name, (selection for selection, codes in known.items() if codes))
        return known[name]

    def configuration(self, language: str) -> str:
        """The configuration of ``hub`` that has a language's examples. Raises ``UserError`` where the hub has none."""
        raise UserError(f"data: the task {self.name!r} has no data set on the hub; give a directory")

    def hub_part(self, split: str, language: str) -> tuple[str, str]:
        """The configuration of ``hub`` that has a split (train, dev or test) of a language, and its split there."""
        return self.configuration(language), SPLITS[split]

    def files(self, split: str, language: str) -> tuple[str, ...]:
        """Paths of a split of a language in XTREME's download layout. The first counts where it exists, else the only
        one that does."""
        return tuple(f"{self.name}/{split}-{language}{suffix}" for suffix in self.suffixes)

    @abstractmethod
    def read(self, file: Path) -> list[Example]:
        """The examples of a file in XTREME's download layout.

        Raises ``UserError`` with file and line number for a malformed line or an unknown label, and for an empty file.
        """

    def from_hub(self, rows: "Dataset", where: str) -> list[Example]:
        """The examples of a data set with the hub's columns, equal to those of ``read``.

        Raises ``UserError``, starting with ``where``, for lacking columns and unknown labels.
        """
        raise UserError(f"{where}: the task {self.name!r} reads files in XTREME's download layout only")

    def of_language(self, rows: "Dataset", language: str) -> "Dataset":
        """The rows in a language, of a configuration of the hub that has several."""
        return rows

    def passages(self, examples: Sequence[Example]) -> list[str]:
        """The text of examples, without their labels."""
        raise UserError(f"text: the task {self.name!r} does not say what the text of its examples is")

    @abstractmethod
    def encode(self, examples: Sequence[Example], tokenizer: "PreTrainedTokenizerBase", max_length: int) -> "Dataset":
        """The examples as model inputs with ``labels``; column ``example`` says which example a row comes from."""

    @abstractmethod
    def collator(self, tokenizer: "PreTrainedTokenizerBase") -> "DataCollator":
        """Pads rows of ``encode`` into a batch. ``tokenizer`` pads and has the encoder's special tokens, and no
        others."""

    @abstractmethod
    def gold(self, examples: Sequence[Example]) -> list[list[Any]]:
        """The right labels of each example: their ids, or for questions the texts of the answers that count."""

    def relabelled(self, rows: "Dataset", gold: Sequence[Sequence[int]]) -> "Dataset":
        """Rows of ``encode`` with other labels: ``gold`` has the label ids of all examples by number, of which ``rows``
        may have some. Only a task that defines it can have label noise."""
        raise NotImplementedError

    def prepare(self, model: "PreTrainedModel") -> None:
        """Make a fresh model ready for its first batch, in place."""

    def loss(self, outputs: "Mapping[str, Tensor]", labels: "Tensor") -> "Tensor":
        """The loss of a batch, summed over its labels: cross entropy in nats; labels of ``IGNORED`` have none."""
        from torch.nn.functional import cross_entropy

        logits = outputs["logits"].flatten(0, -2).float()
        return cross_entropy(logits, labels.flatten(), ignore_index=IGNORED, reduction="sum")

    def answers(self, outputs: "Mapping[str, Tensor]") -> "Tensor":
        """The model's answer to each row of a padded batch: the label ids with the highest logit."""
        return outputs["logits"].argmax(-1)

    def row_answers(self, outputs: "Mapping[str, Tensor]", rows: Sequence[Mapping[str, Any]]) -> list[Any]:
        """The model's answer to each row, without those at its padding, as ``gather`` is given them.

        ``rows`` has the model's inputs and the columns ``read_by_answers``.
        """
        return [
            answer[: len(row["input_ids"])] if isinstance(answer, list) else answer
            for row, answer in zip(rows, self.answers(outputs).tolist(), strict=True)
        ]

    @abstractmethod
    def gather(self, gold: Sequence[Sequence[Any]], rows: "Dataset", predicted: Sequence[Any]) -> list[list[Any]]:
        """The model's answer to each example, from those to its rows.

        Of labels: ids, shaped as ``gold``, -1 where there is none.
        """

    @abstractmethod
    def scores(self, gold: Sequence[Sequence[Any]], predicted: Sequence[Sequence[Any]]) -> dict[str, float]:
        """Metrics × 100 by name: ``metric`` and ``accuracy``, the share of labels that are right."""

    def scores_in(
        self, language: str, gold: Sequence[Sequence[Any]], predicted: Sequence[Sequence[Any]]
    ) -> dict[str, float]:
        """``scores``, of a task whose rules depend on the language."""
        return self.scores(gold, predicted)

    def of_each(
        self, language: str, gold: Sequence[Sequence[Any]], predicted: Sequence[Sequence[Any]]
    ) -> Sequence[float]:
        """The score between 0 and 1 of each example, whose mean is ``metric`` / 100. Only a task whose metric is such a
        mean defines it."""
        raise NotImplementedError

    def counts(
        self, language: str, gold: Sequence[Sequence[Any]], predicted: Sequence[Sequence[Any]], rows: "Dataset"
    ) -> LabelCounts | None:
        """How often the answers to a test set are right, and those of the best constant answer, by which a model has
        collapsed or not."""
        return of_examples(gold, predicted)

    def fit(self, gold: Sequence[Sequence[Any]], predicted: Sequence[Sequence[Any]]) -> NumberFit | None:
        """How numbers go with the gold ones, by which a model has collapsed or not; ``None`` where answers are no
        numbers."""
        return None

    def constant(self, gold: Sequence[Sequence[Any]]) -> int | None:
        """The most frequent label of training data; ``None`` where answers are no labels."""
        return Counter(label for labels in gold for label in labels).most_common(1)[0][0]


def with_column(rows: "Dataset", name: str, values: Any) -> "Dataset":
    """Rows with one column's values replaced (an Arrow array); the others stay where they are, memory-mapped."""
    from datasets import Dataset
    from datasets.table import InMemoryTable

    table = rows.data.table
    return Dataset(
        InMemoryTable(
            table.set_column(table.column_names.index(name), name, values.cast(table.schema.field(name).type))
        )
    )


def columns(rows: "Dataset", names: Sequence[str], where: str) -> list[Any]:
    """Columns of a data set as lists, class ids as their names. Raises ``UserError`` for one that is not there."""
    for name in names:
        if name not in rows.column_names:
            raise unknown(f"{where}: column", name, rows.column_names)
    return [_named(rows[name][:], rows.features[name]) for name in names]


def _named(values: Any, feature: Any) -> Any:
    """Values with class ids replaced by the names of their classes; other values as they are."""
    if hasattr(feature, "int2str"):
        return [
            feature.names[value] if value is not None and 0 <= value < len(feature.names) else str(value)
            for value in values
        ]
    if hasattr(feature, "feature"):
        return [_named(value, feature.feature) if value is not None else None for value in values]
    return values
