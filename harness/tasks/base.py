"""What a task is: its languages, labels and metric, how its files are read and how an example becomes tokens and labels."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from harness.hashing import digest

if TYPE_CHECKING:
    from datasets import Dataset
    from transformers import DataCollator, PreTrainedTokenizerBase

Example = TypeVar("Example")


@dataclass(frozen=True)
class Examples(Generic[Example]):
    """The examples of one split and language, in file order."""

    rows: tuple[Example, ...]

    @cached_property
    def fingerprint(self) -> str:
        """Content hash of the examples, wherever they were read from."""
        return digest(self.rows)

    def __len__(self) -> int:
        return len(self.rows)


class Task(ABC, Generic[Example]):
    """Base of all tasks."""

    name: ClassVar[str]
    languages: ClassVar[tuple[str, ...]]
    """Codes of the languages with a test set, the source language among them."""
    labels: ClassVar[tuple[str, ...]]
    """Names of the classes; a label's id is its place here."""
    metric: ClassVar[str]
    """Key of the score that tables show."""
    auto_model: ClassVar[str]
    """The ``transformers`` class that puts the task's head on an encoder."""

    @abstractmethod
    def read(self, file: Path) -> list[Example]:
        """The examples of a file in XTREME's download layout.

        Raises ``UserError`` with file and line number for a malformed line or an unknown label, and for an empty file.
        """

    @abstractmethod
    def encode(self, examples: Sequence[Example], tokenizer: "PreTrainedTokenizerBase", max_length: int) -> "Dataset":
        """The examples as model inputs with ``labels``; column ``example`` says which example a row comes from."""

    @abstractmethod
    def collator(self, tokenizer: "PreTrainedTokenizerBase") -> "DataCollator":
        """Pads rows of ``encode`` into a batch."""

    @abstractmethod
    def gold(self, examples: Sequence[Example]) -> list[list[int]]:
        """Label ids of each example."""

    @abstractmethod
    def gather(self, examples: Sequence[Example], rows: "Dataset", predicted: Sequence[Any]) -> list[list[int]]:
        """Predicted label ids of each example, shaped as ``gold``, from the label ids predicted for each row; -1 where there is none."""

    @abstractmethod
    def scores(self, gold: Sequence[Sequence[int]], predicted: Sequence[Sequence[int]]) -> dict[str, float]:
        """Metrics × 100 by name: ``metric`` and ``accuracy``, which is compared with the majority class to see a collapse."""
