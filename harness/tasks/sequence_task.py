"""Sequence classification: one label for the texts of an example."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from harness.common import files
from harness.common.errors import UserError, bad, unknown
from harness.tasks.base import Task, columns, with_column

if TYPE_CHECKING:
    from datasets import Dataset
    from transformers import DataCollator, PreTrainedTokenizerBase

Row = TypeVar("Row", bound=tuple[Any, ...])
"""The texts of an example, then its label."""
HEADER = {"label", "labels", "gold_label"}
"""Names of the label's column, by which a header line is recognised."""
NUMBERED = ". The first column numbers the examples, as in PAWS-X's own files; cut it off, as cut -f 2- does"
CHARACTERS = 32
"""Number of characters of a text that are kept for each sub-word of the longest input.

This is twice the length of SentencePiece's longest sub-words, so the rest would be cut off anyway.
"""


class SequenceTask(Task[Row]):
    """Base of tasks with one or two texts and one label per example.

    A line of a file is an example: its texts and its label, separated by tabs. If a text has quotation marks, XTREME's
    download script doubles them and adds one at each end. Such quoting is undone. The hub's data sets have
    ``hub_columns``, and no such quoting. Long texts lose their end, the longer of two first, as in XTREME. No example
    is lost.
    """

    auto_model: ClassVar[str] = "AutoModelForSequenceClassification"
    metric: ClassVar[str] = "accuracy"
    texts: ClassVar[int]
    """Number of texts of an example."""
    plural: ClassVar[str] = "examples"
    """Word for the examples in messages."""
    hub_columns: ClassVar[tuple[str, ...]]
    """Names of the texts and the label on the hub."""

    def read(self, file: Path) -> list[Row]:
        examples = []
        for number, line in files.lines(file):
            if not line:
                continue
            cells = line.split("\t")
            if len(cells) != self.texts + 1:
                expected = "<TAB>".join(["text"] * self.texts + ["label"])
                numbered = len(cells) == self.texts + 2 and (cells[0].isdecimal() or cells[0].lower() == "id")
                found = f"{len(cells)} columns: {line[:60]!r}{NUMBERED * numbered}"
                raise UserError(f"{file}:{number}: expected {expected!r}, found {found}")
            if number == 1 and cells[-1].strip().lower() in HEADER:
                raise UserError(f"{file}:1: the line is a header, {line[:60]!r}; delete it, as sed 1d does")
            examples.append(self._example([*map(_unquoted, cells[:-1]), cells[-1]], f"{file}:{number}"))
        if not examples:
            raise UserError(f"{file}: the file has no {self.plural}")
        return examples

    def from_hub(self, rows: "Dataset", where: str) -> list[Row]:
        cells = enumerate(zip(*columns(rows, self.hub_columns, where), strict=True))
        examples = [self._example(row, f"{where}: row {number}") for number, row in cells]
        if not examples:
            raise UserError(f"{where}: there are no {self.plural}")
        return examples

    def _example(self, cells: Sequence[object], where: str) -> Row:
        *texts, label = cells
        for text in texts:
            if not isinstance(text, str):
                raise bad(f"{where}: text", text, "text")
        if str(label) not in self.labels and str(label).isdecimal() and not any(map(str.isdecimal, self.labels)):
            raise UserError(
                f"{where}: the label {str(label)!r} is a number; write the names {', '.join(self.labels)} in "
                "place of the data set's numbers for them"
            )
        if str(label) not in self.labels:
            raise unknown(f"{where}: label", label, self.labels)
        return (*(one_line(str(text)) for text in texts), str(label))  # type: ignore[return-value]

    def passages(self, examples: Sequence[Row]) -> list[str]:
        """Each text once: examples may share one."""
        return list(dict.fromkeys(text for row in examples for text in row[:-1]))

    def encode(self, examples: Sequence[Row], tokenizer: "PreTrainedTokenizerBase", max_length: int) -> "Dataset":
        """One row per example: the tokenizer's outputs, ``labels`` and ``example``."""
        from datasets import Dataset

        # If two texts are too long, the tokenizer builds every combination of the parts that it cuts off. For very long
        # texts, the combinations would exceed the memory.
        texts = [[row[side][: CHARACTERS * max_length] for row in examples] for side in range(len(examples[0]) - 1)]
        encoded = tokenizer(*texts, truncation="longest_first", max_length=max_length)
        return Dataset.from_dict({**encoded, "labels": self.row_labels(examples), "example": range(len(examples))})

    def row_labels(self, examples: Sequence[Row]) -> list[Any]:
        """The value of ``labels`` in each example's row."""
        return [label for (label,) in self.gold(examples)]

    def collator(self, tokenizer: "PreTrainedTokenizerBase") -> "DataCollator":
        from transformers import DataCollatorWithPadding

        return DataCollatorWithPadding(tokenizer)

    def gold(self, examples: Sequence[Row]) -> list[list[int]]:
        ids = {label: i for i, label in enumerate(self.labels)}
        return [[ids[row[-1]]] for row in examples]

    def relabelled(self, rows: "Dataset", gold: Sequence[Sequence[int]]) -> "Dataset":
        import pyarrow as pa

        return with_column(rows, "labels", pa.array([gold[example][0] for example in rows["example"][:]]))

    def gather(self, gold: Sequence[Sequence[int]], rows: "Dataset", predicted: Sequence[Any]) -> list[list[int]]:
        return [[int(guess)] for guess in predicted]

    def scores(self, gold: Sequence[Sequence[int]], predicted: Sequence[Sequence[int]]) -> dict[str, float]:
        """``accuracy`` × 100."""
        return {"accuracy": 100 * sum(g == p for g, p in zip(gold, predicted, strict=True)) / len(gold)}


def one_line(text: str) -> str:
    """A text without tabs and line breaks, as in XTREME's files, so that it is the same from every origin."""
    return " ".join(text.split())


def _unquoted(cell: str) -> str:
    """A cell without the quotes that a CSV writer adds around a text with quotation marks."""
    inner = cell[1:-1]
    quoted = len(cell) > 2 and cell[0] == cell[-1] == '"' and '""' in inner and '"' not in inner.replace('""', "")
    return inner.replace('""', '"') if quoted else cell
