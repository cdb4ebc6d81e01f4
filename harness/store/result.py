"""What a finished trial leaves for the store: its record, its learning history and the label of every example
scored."""

from dataclasses import dataclass
from typing import Any

HISTORY = ("step", "epoch", "loss", "task_loss", "penalty", "learning_rate", "grad_norm")
"""Columns of a learning history."""


@dataclass(frozen=True)
class Scored:
    """What a model does on one split of one language."""

    split: str
    language: str
    gold: list[list[int]]
    """Label ids of each example."""
    predicted: list[list[int]]
    """Predicted label ids, shaped as ``gold``; -1 where there is no prediction."""
    metrics: dict[str, float]
    """Scores × 100 by name."""
    majority: float
    """Accuracy × 100 of answering the training data's most frequent label everywhere: of all of it with its own labels,
    so that trials on fewer examples or noisy labels are measured by the same."""
    unknown: float
    """Share (%) of the sub-words that are the tokenizer's unknown piece."""
    fingerprint: str
    """Fingerprint of the split's examples."""


@dataclass(frozen=True)
class TrialResult:
    """What a finished trial leaves: its record, and the bulk that is stored beside it."""

    record: dict[str, Any]
    """JSON: ``config``, ``scores`` by split and language, ``zero_shot``, ``collapsed``, ``diverged``, ``checkpoint``,
    ``cost``, ``provenance``."""
    history: list[dict[str, float]]
    """One row a window of steps, with the keys of ``HISTORY``; see ``PenaltyTrainer`` for their meaning."""
    scored: list[Scored]
    """Gold and predicted labels of every example scored."""
