"""Contents of a study's data: labels, lengths, scripts, and likely mistakes."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from harness.checks import scripts
from harness.common import sources
from harness.data import reading
from harness.data.origin import Origin
from harness.tasks import Task, task_named
from harness.tasks.own.multi_label import OwnMultiLabel

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

SAMPLE = 2000
"""Largest number of a part's examples whose scripts and sub-words are counted."""
SEEN = 1.0
"""Largest share (%) of dev or test examples in the training data without a warning."""
FOREIGN = 50.0
"""Smallest share (%) of letters in the language's own scripts without a warning."""
UNCUT = 2**14
"""A maximal length that truncates nothing."""


@dataclass(frozen=True)
class Part:
    """The examples of a split (train, dev or test) and language."""

    split: str
    language: str
    examples: int
    fingerprint: str
    labels: dict[str, float]
    """Shares (%) of the labels, the largest first; empty if answers are not labels."""
    seen: float
    """Share (%) of the examples whose text is in the training data; 0 for the training data."""
    scripts: dict[str, float]
    """Shares (%) of the letters by script, the largest first."""
    notes: tuple[str, ...]
    """Sentences on text that is read differently from its form in the file."""

    @property
    def name(self) -> str:
        """Name of the part in messages."""
        return f"{self.split} {self.language}"


@dataclass(frozen=True)
class SubWords:
    """Sub-words of a part, as a model reads it."""

    median: int
    """Median number of sub-words of an example."""
    most: int
    """Number of sub-words of the longest example."""
    long: float
    """Share (%) of the examples that have more sub-words than the maximal length."""
    windowed: bool
    """Whether these examples are read in several windows; otherwise their ends are cut off."""
    unknown: float
    """Share (%) of the sub-words that are unknown."""
    first: str
    """The first example's sub-words, with a tag after each word's first sub-word, or the label after an arrow."""


@lru_cache(maxsize=4)
def parts_of(origin: Origin, source: str, targets: tuple[str, ...]) -> tuple[Part, ...]:
    """The parts of a study's data. Raises ``UserError`` for data that cannot be read."""
    texts = set(_texts(origin, "train", source))
    own = sources.parts(source)
    tests = [("test", language) for language in dict.fromkeys((*own, *targets))]
    places = [*(("train", language) for language in own), *(("dev", language) for language in own), *tests]
    return tuple(_part(origin, split, language, texts) for split, language in places)


def _part(origin: Origin, split: str, language: str, training: set[int]) -> Part:
    task, found = task_named(origin.task), reading.examples(origin, split, language)
    gold = task.gold(found.rows)
    named = task.constant(gold) is not None or isinstance(task, OwnMultiLabel)
    counts = Counter(name for labels in gold for name in task.label_names(labels)) if named else Counter()
    total = sum(counts.values())
    texts = _texts(origin, split, language) if split != "train" else []
    return Part(
        split,
        language,
        len(found),
        found.fingerprint,
        {name: 100 * count / total for name, count in counts.most_common()},
        100 * sum(text in training for text in texts) / len(found),
        scripts.shares(_passages(task, found.rows[:SAMPLE])),
        found.notes,
    )


def _passages(task: Task[Any], rows: Sequence[Any]) -> list[str]:
    """The texts of examples; empty if the task does not define ``passages``."""
    return task.passages(rows) if type(task).passages is not Task.passages else []


def _texts(origin: Origin, split: str, language: str) -> list[int]:
    """A hash of each example's text."""
    task, rows = task_named(origin.task), reading.examples(origin, split, language).rows
    if type(task).passages is Task.passages:
        return []
    return [hash(tuple(task.passages([row]))) for row in rows]


def sub_words(
    origin: Origin, split: str, language: str, tokenizer: "PreTrainedTokenizerBase", max_length: int
) -> SubWords:
    """The first ``SAMPLE`` examples of a part as a model reads them."""
    task, rows = task_named(origin.task), reading.examples(origin, split, language).rows[:SAMPLE]
    uncut = task.encode(rows, tokenizer, UNCUT)
    lengths = Counter[int]()
    for example, ids in zip(uncut["example"][:], uncut["input_ids"][:], strict=True):
        lengths[example] += len(ids)
    ordered = sorted(lengths.values())
    long = [example for example, length in lengths.items() if length > max_length]
    flat = [i for ids in uncut["input_ids"][:] for i in ids]
    unknown = flat.count(tokenizer.unk_token_id) if tokenizer.unk_token_id is not None else 0
    return SubWords(
        ordered[len(ordered) // 2],
        ordered[-1],
        100 * len(long) / len(ordered),
        bool(long) and len(task.encode([rows[long[0]]], tokenizer, max_length)) > 1,
        100 * unknown / len(flat),
        _as_seen(task, uncut[0], tokenizer),
    )


def _as_seen(task: Task[Any], row: dict[str, Any], tokenizer: "PreTrainedTokenizerBase") -> str:
    """A row's sub-words with its labels."""
    pieces, labels = tokenizer.convert_ids_to_tokens(row["input_ids"]), row["labels"]
    if isinstance(task, OwnMultiLabel):
        return f"{' '.join(pieces)} → {', '.join(task.label_names(labels)) or 'no label'}"
    if isinstance(labels, list) and len(labels) == len(pieces):
        tags = (f"/{task.label_names([label])[0]}" if label >= 0 else "" for label in labels)
        return " ".join(piece + tag for piece, tag in zip(pieces, tags, strict=True))
    return f"{' '.join(pieces)} → {task.label_names([labels])[0]}"


def warnings(parts: Sequence[Part]) -> list[str]:
    """Warnings on labels, copies and scripts."""
    return [*_labels(parts), *_copies(parts), *_scripts(parts)]


def _labels(parts: Sequence[Part]) -> Iterable[str]:
    """Warnings on labels that are not in the training data, and on parts with a single label."""
    trained = {label for part in parts if part.split == "train" for label in part.labels}
    lacking: dict[str, list[str]] = {}
    for part in parts:
        for label in part.labels:
            if label not in trained:
                lacking.setdefault(label, []).append(part.name)
        if len(part.labels) == 1:
            yield f"all labels of {part.name} are {next(iter(part.labels))!r}"
    for label, names in lacking.items():
        yield f"the label {label!r} is in {', '.join(names)} and in no training example"


def _copies(parts: Sequence[Part]) -> Iterable[str]:
    """Warnings on parts with the same examples, and on dev and test examples in the training data."""
    first: dict[str, Part] = {}
    for part in parts:
        before = first.setdefault(part.fingerprint, part)
        if before is not part:
            yield f"{before.name} and {part.name} have the same examples"
        elif part.seen > SEEN:
            yield f"{part.seen:.1f} % of the examples of {part.name} are in the training data"


def _scripts(parts: Sequence[Part]) -> Iterable[str]:
    """Warnings on languages written in other scripts than their own."""
    for part in parts:
        own = scripts.expected(part.language)
        if own and part.scripts and sum(part.scripts.get(script, 0.0) for script in own) < FOREIGN:
            main, share = next(iter(part.scripts.items()))
            yield (
                f"{share:.0f} % of the letters of {part.name} are {main}; {part.language!r} is written in "
                f"{' or '.join(sorted(own))}"
            )
