"""Stored predictions as counts per example, whose sums give a task's metric.

A bootstrap over examples is then a matrix product.
"""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from analysis.statistics.multi_bootstrap import Metric
from harness.tasks import TASKS, Own, SequenceTask, Task, TaskName, TokenTask, task_named
from harness.tasks.entities import OUTSIDE, Labels, span_counts
from harness.tasks.own.multi_label import OwnMultiLabel

Counts = NDArray[np.int32] | NDArray[np.float64]
"""Examples × statistics."""


ACCURACY = Metric("accuracy", ("right", "labels"), (1, 0), (0, 1))
F1 = Metric("f1", ("true positives", "predicted", "gold"), (2, 0, 0), (0, 1, 1))
"""2 TP / (predicted + gold), the F1 of micro precision and recall; 0 for 0 / 0, as in the tasks."""


def metric_of(task: TaskName) -> Metric | None:
    """The metric of a task as a ratio of counts.

    ``None`` for a task in a user's file, whose ``scores`` may be anything. Also ``None`` for a metric that is no ratio
    of counts, such as a macro F1, a correlation or a user's function.
    """
    if isinstance(task, str) and task not in TASKS:
        return None
    found = task_named(task)
    if isinstance(found, Own) and found.metric_file:
        return None
    if isinstance(found, OwnMultiLabel):
        return {"micro_f1": F1, "accuracy": ACCURACY}.get(found.metric)
    if _is_mean(found):
        return Metric(found.metric, ("score", "examples"), (1, 0), (0, 1))
    known = {("f1", TokenTask): F1} | {
        (name, base): ACCURACY for name in ("accuracy", "micro_f1") for base in (TokenTask, SequenceTask)
    }
    return next(
        (metric for (name, base), metric in known.items() if name == found.metric and isinstance(found, base)), None
    )


def counts(task: TaskName, predictions: pa.Table, split: str = "test") -> dict[str, Counts] | None:
    """The counts of ``metric_of(task)`` by language (examples × statistics, in the order of the data's file).

    The metric of a language's summed counts is the score in the trial's record. The result is ``None`` if
    ``metric_of`` gives ``None``.

    Args:
        task: name of the task, or a task that a study describes.
        predictions: a trial's table in the store, with columns split, language, example, gold and predicted.
        split: the split to count.

    Raises:
        ValueError: an example has different numbers of gold and predicted labels, or labels are not the task's.
    """
    metric = metric_of(task)
    if metric is None:
        return None
    named = task_named(task)
    labels = named.labels
    found: dict[str, Counts] = {}
    table = predictions.filter(pc.equal(predictions["split"], split))
    for language in sorted(pc.unique(table["language"]).to_pylist()):
        part = table.filter(pc.equal(table["language"], language)).sort_by("example")
        if _is_mean(named):
            found[str(language)] = score_counts(named, language, part)
            continue
        (gold, sizes), (predicted, others) = (_flat(part[name]) for name in ("gold", "predicted"))
        if not np.array_equal(sizes, others):
            raise ValueError(f"{language}: gold and predicted labels are not equally many")
        if gold.size and (min(gold.min(), predicted.min()) < -1 or max(gold.max(), predicted.max()) >= len(labels)):
            raise ValueError(f"{language}: label ids are not those of {named.name!r}")
        if isinstance(named, OwnMultiLabel):
            count = set_counts if metric is F1 else exact_counts
            found[str(language)] = count(gold, predicted, len(labels))
            continue
        if OUTSIDE in labels:  # a word without a prediction counts as this tag
            predicted = np.where(predicted < 0, labels.index(OUTSIDE), predicted)
        found[str(language)] = (
            label_counts(gold, predicted, sizes) if metric is ACCURACY else span_counts(gold, predicted, sizes, labels)
        )
    return found


def _is_mean(task: Task[Any]) -> bool:
    """Whether a task's metric is the mean of a score of each example."""
    return type(task).of_each is not Task.of_each


def score_counts(task: Task[Any], language: str, predictions: pa.Table) -> NDArray[np.float64]:
    """The score of each example between 0 and 1, and a count of 1 (examples × 2)."""
    gold, predicted = (predictions[name].to_pylist() for name in ("gold", "predicted"))
    scores = np.asarray(task.of_each(language, gold, predicted), np.float64)
    return np.stack([scores, np.ones_like(scores)], axis=1)


def set_counts(gold: Labels, predicted: Labels, labels: int) -> Counts:
    """True positives, predicted and gold labels (examples × 3), from a 0 or 1 for each label of each example."""
    ours, theirs = (side.reshape(-1, labels) == 1 for side in (gold, predicted))
    return np.stack([side.sum(axis=1) for side in (ours & theirs, theirs, ours)], axis=1).astype(np.int32)


def exact_counts(gold: Labels, predicted: Labels, labels: int) -> Counts:
    """1 for an example whose labels are all right, else 0, and a count of 1 (examples × 2)."""
    ours, theirs = (side.reshape(-1, labels) for side in (gold, predicted))
    right = (ours == theirs).all(axis=1)
    return np.stack([right, np.ones_like(right)], axis=1).astype(np.int32)


def _flat(column: pa.ChunkedArray) -> tuple[Labels, NDArray[np.int64]]:
    """All lists of a column one after another, and their lengths."""
    lists = column.combine_chunks()
    return lists.flatten().to_numpy(zero_copy_only=False), pc.list_value_length(lists).to_numpy(
        zero_copy_only=False
    ).astype(np.int64)


def label_counts(gold: Labels, predicted: Labels, sizes: NDArray[np.int64]) -> Counts:
    """Right labels and all labels (examples × 2).

    ``gold`` and ``predicted`` (labels,) hold one example after another; ``sizes`` are the examples' lengths.
    """
    of = np.repeat(np.arange(len(sizes)), sizes)
    right = np.bincount(of[gold == predicted], minlength=len(sizes))
    return np.stack([right, sizes], axis=1).astype(np.int32)
