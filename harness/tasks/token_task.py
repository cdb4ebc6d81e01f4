"""Token classification: one label per word."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from harness import readers
from harness.common.errors import UserError
from harness.readers.layouts import SUFFIXES
from harness.readers.tagged import Sentence
from harness.readers.words import Word
from harness.tasks import entities
from harness.tasks.base import BOOKKEEPING, IGNORED, Noted, Task, columns, with_column

if TYPE_CHECKING:
    from datasets import Dataset
    from transformers import DataCollator, PreTrainedTokenizerBase

WHOLE_TAGS = "seqeval-0.0.12"
"""Rules of F1 for plain tags: the whole tag is the type. Earlier versions of steadytune cut off the first letter."""


class TokenTask(Task[Sentence]):
    """Base of tasks that label words.

    Files have one ``word<TAB>tag`` line per word and a blank line between sentences, or are in CoNLL or CoNLL-U format
    (see ``harness.readers``). The hub's data sets have the columns ``tokens`` and ``tags_column``.

    The first sub-word carries a word's label. A long sentence is cut into windows between words, as in XTREME's own
    preprocessing, so every word of a test file is scored. The windows are joined again before scoring. A word without
    any sub-word has no prediction and counts as an error.
    """

    auto_model: ClassVar[str] = "AutoModelForTokenClassification"
    metric: ClassVar[str] = "f1"
    tags_column: ClassVar[str]
    """Name of the tags on the hub."""
    column: ClassVar[str | None] = None
    """Column of the tags in CoNLL files, by its name or its number from 1.

    The default is the last column, or upos in CoNLL-U.
    """
    suffixes: ClassVar[tuple[str, ...]] = SUFFIXES

    @property
    def scorer(self) -> str:
        """Name of the rules for plain tags. Empty for other tags, because their rules have never changed.

        Also empty for a task with its own ``scores``.
        """
        inherited = type(self).scores is TokenTask.scores
        return WHOLE_TAGS if inherited and any(map(entities.is_plain, self.labels)) else ""

    def read(self, file: Path) -> list[Sentence]:
        found = readers.tagged_words(file, labels=self.labels, column=self.column)
        return Noted(found.sentences, found.notes)

    def from_hub(self, rows: "Dataset", where: str) -> list[Sentence]:
        sentences = []
        for number, (words, tags) in enumerate(zip(*columns(rows, ("tokens", self.tags_column), where), strict=True)):
            if not isinstance(words, list) or not isinstance(tags, list) or len(words) != len(tags):
                raise UserError(
                    f"{where}: row {number}: expected a list of words in 'tokens' and a list of equal length in "
                    f"{self.tags_column!r}"
                )
            # Sentences without words are left out, because XTREME's files cannot hold them.
            if words:
                sentences.append([Word(number, word, tag) for word, tag in zip(words, tags, strict=True)])
        if not sentences:
            raise UserError(f"{where}: there are no sentences")
        found = readers.checked(sentences, self.labels, lambda word: f"{where}: row {word.line}", where)
        return Noted(found.sentences, found.notes)

    def passages(self, examples: Sequence[Sentence]) -> list[str]:
        """Each sentence, with spaces between its words."""
        return [" ".join(words) for words, _ in examples]

    def encode(self, examples: Sequence[Sentence], tokenizer: "PreTrainedTokenizerBase", max_length: int) -> "Dataset":
        """Rows with the tokenizer's outputs, ``labels``, ``example`` and ``words``.

        ``labels`` has a word's label on its first sub-word and -100 elsewhere. ``words`` has, for each labelled
        sub-word, the number of its word in the sentence.
        """
        from datasets import Dataset

        ids = {label: i for i, label in enumerate(self.labels)}
        room = max_length - tokenizer.num_special_tokens_to_add()
        mark = " " if _wants_spaces(tokenizer) else ""
        sentences = [[mark + word for word in words] for words, _ in examples]
        sizes = _sub_words(sentences, tokenizer)
        windows = [(n, start, end) for n in range(len(examples)) for start, end in _windows(sizes[n], room)]
        encoded = tokenizer(
            [sentences[n][start:end] for n, start, end in windows],
            is_split_into_words=True,
            truncation=True,
            max_length=max_length,
        )
        rows: dict[str, list[Any]] = {**encoded, "labels": [], **{name: [] for name in BOOKKEEPING}}
        for row, (n, start, _) in enumerate(windows):
            tags = examples[n][1]
            labels: list[int] = []
            words: list[int] = []
            before = None
            for word in encoded.word_ids(row):
                first = word is not None and word != before
                labels.append(ids[tags[start + word]] if first else IGNORED)
                if first:
                    words.append(start + word)
                before = word
            rows["labels"].append(labels)
            rows["words"].append(words)
            rows["example"].append(n)
        return Dataset.from_dict(rows)

    def collator(self, tokenizer: "PreTrainedTokenizerBase") -> "DataCollator":
        from transformers import DataCollatorForTokenClassification

        return DataCollatorForTokenClassification(tokenizer, label_pad_token_id=IGNORED)

    def gold(self, examples: Sequence[Sentence]) -> list[list[int]]:
        ids = {label: i for i, label in enumerate(self.labels)}
        return [[ids[tag] for tag in tags] for _, tags in examples]

    def relabelled(self, rows: "Dataset", gold: Sequence[Sequence[int]]) -> "Dataset":
        import pyarrow as pa

        replaced = []
        for example, words, labels in zip(rows["example"][:], rows["words"][:], rows["labels"][:], strict=True):
            left = iter(words)
            replaced.append([gold[example][next(left)] if label != IGNORED else IGNORED for label in labels])
        return with_column(rows, "labels", pa.array(replaced))

    def gather(self, gold: Sequence[Sequence[int]], rows: "Dataset", predicted: Sequence[Any]) -> list[list[int]]:
        sentences = [[-1] * len(labels) for labels in gold]
        for n, words, labels, guesses in zip(rows["example"], rows["words"], rows["labels"], predicted, strict=True):
            at_first = [guess for label, guess in zip(labels, guesses, strict=True) if label != IGNORED]
            for word, guess in zip(words, at_first, strict=True):
                sentences[n][word] = int(guess)
        return sentences

    def scores(self, gold: Sequence[Sequence[int]], predicted: Sequence[Sequence[int]]) -> dict[str, float]:
        """``f1``, seqeval's micro F1 over spans as in XTREME, and ``accuracy``, the share of correct words.

        Both are × 100.
        """
        right = sum(g == p for gs, ps in zip(gold, predicted, strict=True) for g, p in zip(gs, ps, strict=True))
        return {
            "f1": 100 * entities.micro_f1(gold, predicted, self.labels),
            "accuracy": 100 * right / sum(map(len, gold)),
        }


def _wants_spaces(tokenizer: "PreTrainedTokenizerBase") -> bool:
    """Whether a single word needs a leading space to get the same tokens as in a text.

    Byte-level tokenizers (RoBERTa's, ModernBERT's) and some others (Gemma's) recognise the start of a word by that
    space. Without the space, they would read each word as the end of another word.
    """
    in_text = tokenizer("a a", add_special_tokens=False)["input_ids"]
    ways = (["a", "a"], [" a", " a"])
    bare, spaced = (tokenizer(words, is_split_into_words=True, add_special_tokens=False)["input_ids"] for words in ways)
    return bool(in_text != bare and in_text[-1:] == spaced[-1:])


def _sub_words(sentences: Sequence[list[str]], tokenizer: "PreTrainedTokenizerBase") -> list[list[int]]:
    """Number of sub-words of each word, for each sentence."""
    encoded = tokenizer(list(sentences), is_split_into_words=True, add_special_tokens=False, verbose=False)
    sizes = [[0] * len(words) for words in sentences]
    for row, counts in enumerate(sizes):
        for word in encoded.word_ids(row):
            counts[word] += 1
    return sizes


def _windows(sizes: Sequence[int], room: int) -> Iterator[tuple[int, int]]:
    """Ranges of words whose sub-words fit into ``room``. A single word may exceed ``room``.

    ``sizes`` has the number of sub-words of each word.
    """
    start = used = 0
    for end, size in enumerate(sizes):
        if used + size > room and end > start:
            yield start, end
            start, used = end, 0
        used += size
    yield start, len(sizes)
