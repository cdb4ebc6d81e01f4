"""Sequence-pair classification: one label for two texts."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from harness.common import files
from harness.common.errors import UserError, bad, unknown
from harness.tasks.base import Task, columns, with_column

if TYPE_CHECKING:
    from datasets import Dataset
    from transformers import DataCollator, PreTrainedTokenizerBase

Pair = tuple[str, str, str]
"""Two texts and their label."""
HEADER = {"label", "labels", "gold_label"}
"""Names of a header's last column."""
NUMBERED = ". The first column numbers the pairs, as in PAWS-X's own files; cut it off, as cut -f 2- does"
CHARACTERS = 32
"""Of a text for each sub-word that fits, twice what the longest pieces of vocabularies have: what lies beyond is cut
off anyway."""


class PairTask(Task[Pair]):
    """Base of the tasks that label pairs of texts.

    Files have a ``text_a<TAB>text_b<TAB>label`` line a pair; a text with quotation marks may be in further ones, its
    own doubled, as XTREME's download script writes it. The hub's data sets have ``hub_columns``, and no such marks.
    Pairs of more sub-words than fit lose the end of the longer text, as in XTREME; no pair is lost.
    """

    auto_model: ClassVar[str] = "AutoModelForSequenceClassification"
    metric: ClassVar[str] = "accuracy"
    hub_columns: ClassVar[tuple[str, str, str]]
    """Names of the two texts and the label on the hub."""

    def read(self, file: Path) -> list[Pair]:
        pairs = []
        for number, line in files.lines(file):
            if not line:
                continue
            cells = line.split("\t")
            if len(cells) != 3:
                hint = NUMBERED if len(cells) == 4 and (cells[0].isdecimal() or cells[0].lower() == "id") else ""
                found = f"{len(cells)} columns: {line[:60]!r}{hint}"
                raise UserError(f"{file}:{number}: expected 'text<TAB>text<TAB>label', found {found}")
            if number == 1 and cells[2].strip().lower() in HEADER:
                raise UserError(f"{file}:1: the line is a header, {line[:60]!r}; delete it, as sed 1d does")
            pairs.append(self._pair(_unquoted(cells[0]), _unquoted(cells[1]), cells[2], f"{file}:{number}"))
        if not pairs:
            raise UserError(f"{file}: the file has no pairs")
        return pairs

    def from_hub(self, rows: "Dataset", where: str) -> list[Pair]:
        cells = enumerate(zip(*columns(rows, self.hub_columns, where), strict=True))
        pairs = [self._pair(a, b, label, f"{where}: row {number}") for number, (a, b, label) in cells]
        if not pairs:
            raise UserError(f"{where}: there are no pairs")
        return pairs

    def _pair(self, text_a: object, text_b: object, label: object, where: str) -> Pair:
        for text in (text_a, text_b):
            if not isinstance(text, str):
                raise bad(f"{where}: text", text, "text")
        if str(label) not in self.labels and str(label).isdecimal() and not any(map(str.isdecimal, self.labels)):
            raise UserError(
                f"{where}: the label {str(label)!r} is a number; write the names {', '.join(self.labels)} in its "
                "place, by the order of names that the data set was made with"
            )
        if str(label) not in self.labels:
            raise unknown(f"{where}: label", label, self.labels)
        # Tabs and line breaks have no place in XTREME's files; without this the hub's examples would be others.
        return " ".join(str(text_a).split()), " ".join(str(text_b).split()), str(label)

    def passages(self, examples: Sequence[Pair]) -> list[str]:
        """Each text once: pairs may share one."""
        return list(dict.fromkeys(text for a, b, _ in examples for text in (a, b)))

    def encode(self, examples: Sequence[Pair], tokenizer: "PreTrainedTokenizerBase", max_length: int) -> "Dataset":
        """One row a pair: the tokenizer's outputs, ``labels`` (a label id) and ``example``."""
        from datasets import Dataset

        # The tokenizer makes every combination of the parts that it cuts off: of two endless texts more than memory
        # holds.
        first, second = ([pair[side][: CHARACTERS * max_length] for pair in examples] for side in (0, 1))
        encoded = tokenizer(first, second, truncation="longest_first", max_length=max_length)
        return Dataset.from_dict(
            {**encoded, "labels": [label for (label,) in self.gold(examples)], "example": range(len(examples))}
        )

    def collator(self, tokenizer: "PreTrainedTokenizerBase") -> "DataCollator":
        from transformers import DataCollatorWithPadding

        return DataCollatorWithPadding(tokenizer)

    def gold(self, examples: Sequence[Pair]) -> list[list[int]]:
        ids = {label: i for i, label in enumerate(self.labels)}
        return [[ids[label]] for _, _, label in examples]

    def relabelled(self, rows: "Dataset", gold: Sequence[Sequence[int]]) -> "Dataset":
        import pyarrow as pa

        return with_column(rows, "labels", pa.array([gold[example][0] for example in rows["example"][:]]))

    def gather(self, gold: Sequence[Sequence[int]], rows: "Dataset", predicted: Sequence[Any]) -> list[list[int]]:
        return [[int(guess)] for guess in predicted]

    def scores(self, gold: Sequence[Sequence[int]], predicted: Sequence[Sequence[int]]) -> dict[str, float]:
        """``accuracy`` × 100."""
        return {"accuracy": 100 * sum(g == p for g, p in zip(gold, predicted, strict=True)) / len(gold)}


def _unquoted(cell: str) -> str:
    """A cell as it was before a CSV writer quoted it, which it does where there are quotation marks inside."""
    inner = cell[1:-1]
    quoted = len(cell) > 2 and cell[0] == cell[-1] == '"' and '""' in inner and '"' not in inner.replace('""', "")
    return inner.replace('""', '"') if quoted else cell
