"""Stored predictions as counts per example whose sums give a task's metric: a bootstrap over examples is then a matrix
product."""

from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from analysis.statistics.multi_bootstrap import Metric
from harness.tasks import TASKS, PairTask, Task, TokenTask, task_named

Labels = NDArray[np.int16]
Counts = NDArray[np.int32] | NDArray[np.float64]
"""Examples × statistics."""


ACCURACY = Metric("accuracy", ("right", "labels"), (1, 0), (0, 1))
F1 = Metric("f1", ("true positives", "predicted", "gold"), (2, 0, 0), (0, 1, 1))
"""2 TP / (predicted + gold), which is what micro precision and recall give, and 0 where there are no spans, as the
tasks ask of seqeval."""


def metric_of(task: str) -> Metric | None:
    """How a task's metric, by the task's name, follows from counts.

    ``None`` where that is not known: for a user's own task, whose ``scores`` may be anything, and for a metric that is
    no ratio of counts.
    """
    if task not in TASKS:
        return None
    found = task_named(task)
    if _is_mean(found):
        return Metric(found.metric, ("score", "examples"), (1, 0), (0, 1))
    known = {("f1", TokenTask): F1, ("accuracy", TokenTask): ACCURACY, ("accuracy", PairTask): ACCURACY}
    return next(
        (metric for (name, base), metric in known.items() if name == found.metric and isinstance(found, base)), None
    )


def counts(task: str, predictions: pa.Table, split: str = "test") -> dict[str, Counts] | None:
    """By language, what ``metric_of(task)`` counts in each example (examples × statistics, in the order of the data's
    file).

    ``predictions`` is a trial's table in the store, with split, language, example, gold and predicted. The metric of a
    language's sum over examples is the score in the trial's record. ``None`` where ``metric_of`` is. Raises
    ``ValueError`` where an example's gold and predicted labels are not equally many, or labels are not the task's.
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
            raise ValueError(f"{language}: label ids are not those of {task!r}")
        found[str(language)] = (
            label_counts(gold, predicted, sizes) if metric is ACCURACY else span_counts(gold, predicted, sizes, labels)
        )
    return found


def _is_mean(task: Task[Any]) -> bool:
    """Whether a task's metric is the mean of a score of each example."""
    return type(task).of_each is not Task.of_each


def score_counts(task: Task[Any], language: str, predictions: pa.Table) -> NDArray[np.float64]:
    """The score between 0 and 1 of each example, and 1 for the example (examples × 2)."""
    gold, predicted = (predictions[name].to_pylist() for name in ("gold", "predicted"))
    scores = np.asarray(task.of_each(language, gold, predicted), np.float64)
    return np.stack([scores, np.ones_like(scores)], axis=1)


def _flat(column: pa.ChunkedArray) -> tuple[Labels, NDArray[np.int64]]:
    """All lists of a column one after another, and their lengths."""
    lists = column.combine_chunks()
    return lists.flatten().to_numpy(zero_copy_only=False), pc.list_value_length(lists).to_numpy(
        zero_copy_only=False
    ).astype(np.int64)


def label_counts(gold: Labels, predicted: Labels, sizes: NDArray[np.int64]) -> Counts:
    """Right labels and labels (examples × 2). ``gold`` and ``predicted`` (labels) hold one example after another,
    ``sizes`` long each."""
    of = np.repeat(np.arange(len(sizes)), sizes)
    right = np.bincount(of[gold == predicted], minlength=len(sizes))
    return np.stack([right, sizes], axis=1).astype(np.int32)


def span_counts(gold: Labels, predicted: Labels, sizes: NDArray[np.int64], labels: Sequence[str]) -> Counts:
    """True positives, predicted and gold spans (examples × 3) as seqeval's default mode counts them; -1 is no label, an
    ``O``.

    ``gold`` and ``predicted`` (labels) hold one example after another, ``sizes`` long each. Their sum is seqeval's
    count of all the examples at once, and a lone example's counts are seqeval's of it alone. In between seqeval is not
    additive: it reads the examples as one sequence with an ``O`` between them, and takes a label of a single letter
    (UDPOS's ``X``) for the type that ``O`` has, so that after an ``O`` such a label begins no span, and one that ends
    there is dated back to the last that began, be it in an example before. A span counts for the example that it ends
    in.
    """
    count, size = len(sizes), int(sizes.sum())
    of = np.repeat(np.arange(count), sizes)
    places = np.arange(size) + of  # room for an O after every example
    (first, last, kind), (their_first, their_last, their_kind) = (
        _spans(sequence, labels)
        for sequence in (_separated(gold, places, size + count), _separated(predicted, places, size + count))
    )
    _, ours, theirs = np.intersect1d(last, their_last, assume_unique=True, return_indices=True)
    same = (first[ours] == their_first[theirs]) & (kind[ours] == their_kind[theirs])
    example = np.repeat(np.arange(count), sizes + 1)
    ends = (last[ours[same]], their_last, last)
    return np.stack([np.bincount(example[where], minlength=count) for where in ends], axis=1).astype(np.int32)


def _separated(values: Labels, places: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    sequence = np.full(size + 1, -1)  # seqeval puts an O behind the whole too
    sequence[places] = values
    return sequence


def _spans(
    sequence: NDArray[np.int64], labels: Sequence[str]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """First and last place of every span and its type's id, in the order of their ends."""
    starts, ends, kinds = _rules(labels)
    before = np.concatenate([[len(labels)], sequence[:-1]])
    at = np.arange(len(sequence))
    # The last start up to each place; 0 where there is none, as seqeval has it.
    started = np.maximum.accumulate(np.where(starts[before, sequence], at, 0))
    ended = at[ends[before, sequence]] - 1
    return started[ended], ended, kinds[sequence[ended]]


def _rules(labels: Sequence[str]) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.int64]]:
    """Whether a span starts at a label (second axis), and ends before it, given the label before it (first axis); the
    labels' type ids.

    Ids are those of labels, then one of the beginning of all; -1, the last, is no label. The rules are seqeval's own.
    """
    from seqeval.metrics.sequence_labeling import end_of_chunk, start_of_chunk

    # As ``seqeval.metrics.sequence_labeling.get_entities`` cuts a tag, and what it takes to stand before the first.
    parts = [(name[0], name[1:].split("-", maxsplit=1)[-1] or "_") for name in labels]
    parts += [("O", ""), ("O", "_")]
    pairs = [(tag, other, kind, other_kind) for (tag, kind), (other, other_kind) in product(parts, parts)]
    starts, ends = (
        np.array([rule(*pair) for pair in pairs]).reshape(len(parts), -1) for rule in (start_of_chunk, end_of_chunk)
    )
    kinds = {kind: i for i, (_, kind) in enumerate(parts)}
    return starts, ends, np.array([kinds[kind] for _, kind in parts])
