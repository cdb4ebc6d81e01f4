"""Token classification: one label a word."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from harness import files
from harness.errors import UserError, unknown
from harness.tasks.base import Task

if TYPE_CHECKING:
    from datasets import Dataset
    from transformers import DataCollator, PreTrainedTokenizerBase

Sentence = tuple[tuple[str, ...], tuple[str, ...]]
"""Words and their tags."""

IGNORED = -100
"""Label of a sub-word that is not the first of its word: no loss, no prediction."""


class TokenTask(Task[Sentence]):
    """Base of the tasks that label words.

    The first sub-word carries a word's label. A sentence of more sub-words than fit is cut into windows between words, as XTREME's
    own preprocessing does, so every word of a test file is predicted and scored; the windows are joined again before scoring. A word
    that the tokenizer turns into nothing has no prediction and counts as an error.
    """

    auto_model: ClassVar[str] = "AutoModelForTokenClassification"

    def read(self, file: Path) -> list[Sentence]:
        known = set(self.labels)
        sentences: list[Sentence] = []
        words: list[str] = []
        tags: list[str] = []
        for number, line in enumerate(_lines(file), start=1):
            if line:
                word, tab, tag = line.partition("\t")
                if not tab or not word.strip(" ") or "\t" in tag:
                    raise UserError(f"{file}:{number}: expected 'word<TAB>tag', found {line[:60]!r}")
                if tag not in known:
                    raise unknown(f"{file}:{number}: tag", tag, known)
                words.append(word)
                tags.append(tag)
            elif words:
                sentences.append((tuple(words), tuple(tags)))
                words, tags = [], []
        if words:
            sentences.append((tuple(words), tuple(tags)))
        if not sentences:
            raise UserError(f"{file}: the file has no sentences")
        return sentences

    def encode(self, examples: Sequence[Sentence], tokenizer: "PreTrainedTokenizerBase", max_length: int) -> "Dataset":
        """Rows of ``input_ids``, ``attention_mask``, ``labels`` (a label on first sub-words, -100 elsewhere), ``example`` and
        ``words``: the word that each labelled sub-word begins."""
        from datasets import Dataset

        ids = {label: i for i, label in enumerate(self.labels)}
        windows = [(n, a, b) for n, (words, _) in enumerate(examples) for a, b in _windows(words, tokenizer, max_length)]
        encoded = tokenizer(
            [list(examples[n][0][a:b]) for n, a, b in windows],
            is_split_into_words=True,
            truncation=True,
            max_length=max_length,
        )
        rows: dict[str, list[Any]] = {"input_ids": [], "attention_mask": [], "labels": [], "words": [], "example": []}
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
            rows["input_ids"].append(encoded["input_ids"][row])
            rows["attention_mask"].append(encoded["attention_mask"][row])
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

    def gather(self, examples: Sequence[Sentence], rows: "Dataset", predicted: Sequence[Any]) -> list[list[int]]:
        sentences = [[-1] * len(words) for words, _ in examples]
        for n, words, labels, guesses in zip(rows["example"], rows["words"], rows["labels"], predicted, strict=True):
            at_first = [guess for label, guess in zip(labels, guesses, strict=True) if label != IGNORED]
            for word, guess in zip(words, at_first, strict=True):
                sentences[n][word] = int(guess)
        return sentences

    def scores(self, gold: Sequence[Sequence[int]], predicted: Sequence[Sequence[int]]) -> dict[str, float]:
        import warnings

        from seqeval.metrics import f1_score

        names = [*self.labels, "O"]  # id -1, no prediction, is the last
        with warnings.catch_warnings():
            # seqeval warns of every tag without a B- or I- prefix; XTREME scores UDPOS with such tags all the same.
            warnings.simplefilter("ignore", UserWarning)
            f1 = f1_score([[names[i] for i in s] for s in gold], [[names[i] for i in s] for s in predicted], zero_division=0)
        right = sum(g == p for gs, ps in zip(gold, predicted, strict=True) for g, p in zip(gs, ps, strict=True))
        return {"f1": 100 * float(f1), "accuracy": 100 * right / sum(map(len, gold))}


def _lines(file: Path) -> Iterator[str]:
    for number, line in enumerate(files.read(file).split(b"\n"), start=1):
        yield files.text(line.removesuffix(b"\r"), f"{file}:{number}")


def _windows(words: Sequence[str], tokenizer: "PreTrainedTokenizerBase", max_length: int) -> Iterator[tuple[int, int]]:
    """Ranges of words whose sub-words, with the special tokens, fit into ``max_length``; a single word may be longer."""
    room = max_length - tokenizer.num_special_tokens_to_add()
    sizes = [0] * len(words)
    for word in tokenizer(list(words), is_split_into_words=True, add_special_tokens=False).word_ids():
        sizes[word] += 1
    start = used = 0
    for end, size in enumerate(sizes):
        if used + size > room and end > start:
            yield start, end
            start, used = end, 0
        used += size
    yield start, len(words)
