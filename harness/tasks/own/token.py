"""``kind: token``: a tag for each word of a sentence."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from harness.common.errors import UserError, bad, unknown
from harness.readers import schemes
from harness.readers.tagged import Sentence
from harness.tasks.base import Noted
from harness.tasks.metrics import METRICS
from harness.tasks.own.base import Own
from harness.tasks.own.cells import label_of
from harness.tasks.token_task import TokenTask

if TYPE_CHECKING:
    import pandas as pd

NONE = "O"
"""The tag of a word without a prediction, as in seqeval."""


@dataclass(frozen=True, kw_only=True)
class OwnToken(Own[Sentence], TokenTask):
    """The fields name a column with lists of words and a column with lists of tags.

    A file of tagged sentences is read too.
    """

    name: ClassVar[str] = "token"
    scored_by: ClassVar[tuple[str, ...]] = ("tags", "labels")

    words: str = "words"
    """The column with the words."""
    tags: str = "tags"
    """The column with the tags."""
    metric: str = "f1"  # type: ignore[misc]

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.words == self.tags:
            raise bad("tags", self.tags, "another column than the words'")

    @property
    def columns(self) -> tuple[str, ...]:
        return self.words, self.tags

    def examples(self, table: "pd.DataFrame", where: str, split: str) -> list[Sentence]:
        tags = table[self.tags].tolist() if self.tags in table else []
        if not all(isinstance(cell, list) for cell in tags):
            return super().examples(table, where, split)
        found, scheme = schemes.to_iob2(tags, self.labels)
        columns: dict[str, Any] = {self.tags: found} if scheme else {}
        return Noted(super().examples(table.assign(**columns), where, split), schemes.said(where, scheme))

    def example(self, cells: Sequence[Any], where: str) -> Sentence:
        words, tags = cells
        for name, cell in zip(self.columns, cells, strict=True):
            if not isinstance(cell, list) or not cell:
                raise bad(f"{where}: {name}", cell, "a list that is not empty; CSV and TSV files cannot hold lists")
        if len(words) != len(tags):
            raise UserError(f"{where}: {len(words)} words in {self.words!r} and {len(tags)} tags in {self.tags!r}")
        return tuple(self._word(word, where) for word in words), tuple(self._tag(tag, where) for tag in tags)

    def _word(self, cell: Any, where: str) -> str:
        if not isinstance(cell, str) or not (word := " ".join(cell.split())):
            raise bad(f"{where}: {self.words}", cell, "words that are text and not empty")
        return word

    def _tag(self, cell: Any, where: str) -> str:
        tag = label_of(cell)
        if not isinstance(tag, str) or not tag:
            raise bad(f"{where}: {self.tags}", cell, "tags: text or whole numbers")
        if self.labels and tag not in self.labels:
            raise unknown(f"{where}: {self.tags}", tag, self.labels)
        return tag

    def labels_in(self, examples: Iterable[Sentence]) -> set[str]:
        return {tag for _, tags in examples for tag in tags}

    def scores(self, gold: Sequence[Sequence[int]], predicted: Sequence[Sequence[int]]) -> dict[str, float]:
        """``metric`` by its measure, and ``accuracy``, the share of correctly tagged words, × 100.

        A metric of labels is computed over all words.
        """
        names = [*self.labels, NONE]  # id -1, no prediction, is the last
        ours, theirs = ([[names[label] for label in sentence] for sentence in part] for part in (gold, predicted))
        pairs = [pair for sentences in zip(ours, theirs, strict=True) for pair in zip(*sentences, strict=True)]
        accuracy = {"accuracy": 100 * sum(tag == answer for tag, answer in pairs) / len(pairs)}
        if self.metric_file or METRICS[self.metric].of == "tags":
            return {self.metric: self.measure.factor * self.function(ours, theirs), **accuracy}
        return {self.metric: self.measure.factor * self.function(*map(list, zip(*pairs, strict=True))), **accuracy}
