"""The record of a finished trial, and checks that it fits a trial.

``harness.store.record_json`` reads and writes records.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cached_property, lru_cache
from typing import Any

from harness.common import sources
from harness.common.provenance import Provenance
from harness.common.typed_json import converted
from harness.methods import Method
from harness.setting import Setting
from harness.study import TrialConfig
from harness.tasks import TASKS
from harness.tasks.label_counts import LabelCounts
from harness.tasks.metrics import Measure
from harness.tasks.number_fit import NumberFit

TABLES = ("predictions", "history")
"""Fields of a record that name the Parquet files beside it."""
FILES = (*TABLES, "weights")
"""Fields of a record that name the files and folders beside it."""
SPLITS = ("dev", "test")
SIMPLE = (
    "task",
    "task_code",
    "source",
    "sampling_temperature",
    "seed",
    "replicate",
    "precision",
    "checkpoint",
    "selected_on",
    "selected_by",
    "encoder_revision",
    "training_data",
)
"""Fields of a trial that ``is_of`` compares as they are, beside its method, its setting and its texts."""


@dataclass(frozen=True, kw_only=True)
class Score:
    """The scores of a model on one split of one language."""

    metrics: dict[str, float]
    """Scores by name: × 100, or in the metric's own unit (``Measure``)."""
    majority: float | None = None
    """Accuracy × 100 of a constant answer: the most frequent label of the training data.

    The label is counted on the full training data with the original labels. Trials on fewer examples or noisy labels
    are thus compared with the same answer.
    """
    label_counts: LabelCounts | None = None
    """Counts of the gold and predicted labels. They decide whether the model has collapsed on this split."""
    number_fit: NumberFit | None = None
    """Fit of the predicted to the gold numbers. It decides about collapse if a task's answers are numbers."""
    unknown: float | None = None
    """Share (%) of the sub-words that are the tokenizer's unknown token."""
    examples: int
    fingerprint: str
    """Fingerprint of the split's examples."""


@dataclass(frozen=True)
class Scores:
    """The scores of a trial by language."""

    dev: dict[str, Score]
    test: dict[str, Score]

    def splits(self) -> Iterator[tuple[str, dict[str, Score]]]:
        """Pairs of a split's name and its scores by language."""
        yield from zip(SPLITS, (self.dev, self.test), strict=True)


@dataclass(frozen=True, kw_only=True)
class TrialCost:
    """The time and memory of a trial. Fields that an older version did not record are ``None``.

    If a training was resumed, ``seconds`` and ``training_seconds`` include the earlier attempts. Tokens are sub-words
    without padding.
    """

    seconds: float
    preparation_seconds: float | None = None
    """Seconds before the first step."""
    training_seconds: float | None = None
    evaluation_seconds: float | None = None
    steps: int
    resumed_at: tuple[int, ...] | None = None
    """Steps at which the training resumed after an interruption."""
    training_tokens: int | None = None
    tokens_per_second: float
    peak_memory_mib: dict[str, float]
    """Peak memory by device: ``resident``, and on a GPU also ``gpu``."""
    trained_embeddings: int | None = None
    """Number of vocabulary rows in the model; 0 if the method trains none."""
    extra_memory_mib: float | None = None
    """Memory of the tensors that the method keeps or adds."""
    largest_pull: float | None = None
    """Learning rate × the largest weight of a penalty; may be infinite. Above 2 a plain gradient step overshoots."""
    parameters: int | None = None
    trained_parameters: int | None = None

    @property
    def peak_device_mib(self) -> float:
        """Peak memory of the GPU if there is one, else of the process."""
        return self.peak_memory_mib.get("gpu", self.peak_memory_mib["resident"])


@dataclass(frozen=True, kw_only=True)
class ScoredCheckpoint:
    """The step whose weights were scored."""

    step: int
    dev: dict[str, float] | None = None
    """Dev scores by step; ``None`` if they selected neither the checkpoint nor the end of training."""


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Fields of a trial's config that all versions write."""

    source: str
    task: str
    precision: str
    encoder_revision: str
    method: dict[str, Any]
    setting: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Record:
    """A finished trial. ``None`` stands for a value that an older version did not record."""

    id: str
    finished: str = ""
    """Time, in ISO 8601; empty until the store has saved the record."""
    config: dict[str, Any]
    """``TrialConfig.to_json`` of the version that ran the trial."""
    metric: str
    """The task's metric: a key of each score's ``metrics``."""
    measure: Measure | None = None
    """How to read scores in ``metric``; ``None`` if the metric's name determines it (``measure_of``)."""
    scorer: str = ""
    """``Task.scorer``: the rules that the scores follow."""
    scores: Scores
    zero_shot: float
    """Mean of the targets' test scores in ``metric``."""
    collapsed: bool
    """Whether the model has collapsed on the source's test set; for several source languages, on all their test sets.

    ``LabelCounts.collapsed`` decides, or for numbers ``NumberFit.collapsed``. A score without either has collapsed if
    its accuracy is no better than its ``majority``.
    """
    diverged: bool
    """Whether a loss or gradient was not finite; with fp16, a loss alone."""
    checkpoint: ScoredCheckpoint | None = None
    cost: TrialCost
    provenance: Provenance
    rescored: Provenance | None = None
    """Provenance of scores that were computed later from the kept weights; ``None`` for the first scores."""
    predictions: str = ""
    """Name of the Parquet file beside the record; empty until the store has saved the record, as is ``history``."""
    history: str = ""
    weights: str | None = None
    """Name of the folder with the kept weights; ``None`` if they were not kept."""

    @cached_property
    def identity(self) -> Identity:
        """The config's identity. Raises ``ValueError`` if the config lacks one of its fields."""
        return converted(self.config, Identity)

    def files(self) -> dict[str, str]:
        """Names of the files and folders beside the record, by kind."""
        return {kind: name for kind in FILES if (name := getattr(self, kind))}

    @property
    def examples(self) -> int:
        """Number of scored examples, over all splits and languages."""
        return sum(
            score.examples
            for _, scores in self.scores.splits()
            for language, score in scores.items()
            if not sources.is_several(language)
        )

    def in_metric(self, split: str) -> dict[str, float]:
        """The scores of a split in the task's metric, by language."""
        scores: dict[str, Score] = getattr(self.scores, split)
        return {language: score.metrics[self.metric] for language, score in scores.items()}


def scorer_of(record: Record) -> str:
    """The rules by which this version scores the task of a record.

    A user's own task keeps the record's rules, because its code may be gone. New rules of such a task change the
    fingerprint of its code.
    """
    task = record.identity.task
    return TASKS[task].scorer if task in TASKS else record.scorer


def follows_present_rules(record: Record) -> bool:
    """Whether a record's scores follow the rules of this version."""
    return record.scorer == scorer_of(record)


def covers(record: Record | None, trial: TrialConfig) -> bool:
    """Whether a record has a score for every language that the trial asks for.

    The scores must be on the same test data and by the rules of this version.
    """
    if record is None or not follows_present_rules(record):
        return False
    scores = record.scores.test
    return all(
        language in scores and scores[language].fingerprint == test for language, test in trial.test_data.items()
    )


def is_of(record: Record, trial: TrialConfig) -> bool:
    """Whether a record's config agrees with a trial in the fields of ``SIMPLE``, the texts, the method and the setting.

    Older and newer versions write other fields. A field that only the record or only the trial has is ignored.
    """
    config = record.config
    method = record.identity.method
    return (
        all(config.get(name, value) == value for name in SIMPLE for value in (getattr(trial, name),))
        and config.get("texts", trial.texts) == trial.texts
        and _agree(record.identity.setting, _setting(trial.setting))
        and _agree(method.get("methods", [method]), _method(trial.method))
    )


def _agree(one: Any, other: Any) -> bool:
    """Whether two JSON values agree in all keys that both have."""
    if isinstance(one, dict) and isinstance(other, dict):
        return all(_agree(one[name], other[name]) for name in one.keys() & other.keys())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_agree, one, other))
    return bool(one == other)


@lru_cache(maxsize=65536)
def _setting(setting: Setting) -> Any:
    return json.loads(json.dumps(asdict(setting)))


@lru_cache(maxsize=4096)
def _method(method: Method) -> Any:
    """JSON of the method's parts, without options that are not part of the identity."""
    parts = (
        {name: value for name, value in part.to_json().items() if name not in part.outside_identity}
        for part in method.parts
    )
    return json.loads(json.dumps(list(parts)))
