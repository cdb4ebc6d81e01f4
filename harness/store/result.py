"""A finished trial before it is saved: its record, its learning history, and the labels of every scored example."""

from dataclasses import dataclass
from typing import Any

from harness.store.record import Record, Score

HISTORY = ("step", "epoch", "loss", "task_loss", "penalty", "learning_rate", "grad_norm")
"""Columns of a learning history."""


@dataclass(frozen=True)
class Scored:
    """The labels and the scores of a model on one split of one language."""

    split: str
    language: str
    gold: list[list[Any]]
    """Gold labels of each example, as ``Task.gold`` gives them."""
    predicted: list[list[Any]]
    """Predicted labels of each example, as ``Task.gather`` gives them."""
    score: Score


@dataclass(frozen=True)
class TrialResult:
    """A finished trial: its record, and the tables stored beside it."""

    record: Record
    history: list[dict[str, float]]
    """One row per window of steps, with the keys of ``HISTORY``. ``PenaltyTrainer`` explains them."""
    scored: list[Scored]
    """Gold and predicted labels of every scored example."""
