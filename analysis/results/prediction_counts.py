"""Stored predictions as counts per example, whose sums give a task's metric.

A bootstrap over examples is then a matrix product.
"""

from collections.abc import Sequence
from itertools import product

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from analysis.statistics.multi_bootstrap import Metric
from harness.tasks import PairTask, TokenTask, is_file, task_named

Labels = NDArray[np.int16]
Counts = NDArray[np.int32]
"""Examples × statistics."""


ACCURACY = Metric("accuracy", ("right", "labels"), (1, 0), (0, 1))
F1 = Metric("f1", ("true positives", "predicted", "gold"), (2, 0, 0), (0, 1, 1))
"""2 TP / (predicted + gold), the F1 of micro precision and recall; 0 without spans, as the tasks ask of seqeval."""


def metric_of(task: str) -> Metric | None:
    """The metric of a task as a ratio of counts.

    ``None`` for a user's own task, whose ``scores`` may be anything, and for a metric that is no ratio of counts.
    """
    if is_file(task):
        return None
    found = task_named(task)
    known = {("f1", TokenTask): F1, ("accuracy", TokenTask): ACCURACY, ("accuracy", PairTask): ACCURACY}
    return next(
        (metric for (name, base), metric in known.items() if name == found.metric and isinstance(found, base)), None
    )


def counts(task: str, predictions: pa.Table, split: str = "test") -> dict[str, Counts] | None:
    """The counts of ``metric_of(task)`` by language (examples × statistics, in the order of the data's file).

    The metric of a language's sum over examples is the score in the trial's record. ``None`` if ``metric_of`` is.

    Args:
        task: name of the task.
        predictions: a trial's table in the store, with columns split, language, example, gold and predicted.
        split: the split to count.

    Raises:
        ValueError: an example has different numbers of gold and predicted labels, or labels are not the task's.
    """
    metric = metric_of(task)
    if metric is None:
        return None
    labels = task_named(task).labels
    found = {}
    table = predictions.filter(pc.equal(predictions["split"], split))
    for language in sorted(pc.unique(table["language"]).to_pylist()):
        part = table.filter(pc.equal(table["language"], language)).sort_by("example")
        (gold, sizes), (predicted, others) = (_flat(part[name]) for name in ("gold", "predicted"))
        if not np.array_equal(sizes, others):
            raise ValueError(f"{language}: gold and predicted labels are not equally many")
        if gold.size and (min(gold.min(), predicted.min()) < -1 or max(gold.max(), predicted.max()) >= len(labels)):
            raise ValueError(f"{language}: label ids are not those of {task!r}")
        found[str(language)] = (
            label_counts(gold, predicted, sizes) if metric is ACCURACY else span_counts(gold, predicted, sizes, labels)
        )
    return found


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


def span_counts(gold: Labels, predicted: Labels, sizes: NDArray[np.int64], labels: Sequence[str]) -> Counts:
    """True positives, predicted and gold spans (examples × 3), counted as in seqeval's default mode; -1 is no label, an
    ``O``.

    ``gold`` and ``predicted`` (labels,) hold one example after another; ``sizes`` are the examples' lengths. The sum
    over examples equals seqeval's count of all examples at once. A lone example's counts equal seqeval's counts of it
    alone.

    In between seqeval is not additive. It reads the examples as one sequence with an ``O`` between them. It takes a
    label of a single letter (UDPOS's ``X``) for the type of ``O``. After an ``O`` such a label therefore begins no
    span. A span that ends there is dated back to the last span start, even in an earlier example. A span counts for the
    example in which it ends.
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
    sequence = np.full(size + 1, -1)  # seqeval also puts an O after the whole sequence
    sequence[places] = values
    return sequence


def _spans(
    sequence: NDArray[np.int64], labels: Sequence[str]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """First and last position of every span and its type's id, ordered by their ends."""
    starts, ends, kinds = _rules(labels)
    before = np.concatenate([[len(labels)], sequence[:-1]])
    at = np.arange(len(sequence))
    # The last start up to each position; 0 if there is none, as in seqeval.
    started = np.maximum.accumulate(np.where(starts[before, sequence], at, 0))
    ended = at[ends[before, sequence]] - 1
    return started[ended], ended, kinds[sequence[ended]]


def _rules(labels: Sequence[str]) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.int64]]:
    """Whether a span starts at a label (second axis), and whether one ends before it, given the preceding label (first
    axis).

    Also returns the labels' type ids. Ids are the labels', then one id for the start of the sequence; -1, the last, is
    no label. The rules are seqeval's own.
    """
    from seqeval.metrics.sequence_labeling import end_of_chunk, start_of_chunk

    # Tags are split as in ``seqeval.metrics.sequence_labeling.get_entities``. The two added tags are its state before
    # the first tag, and no label.
    parts = [(name[0], name[1:].split("-", maxsplit=1)[-1] or "_") for name in labels]
    parts += [("O", ""), ("O", "_")]
    pairs = [(tag, other, kind, other_kind) for (tag, kind), (other, other_kind) in product(parts, parts)]
    starts, ends = (
        np.array([rule(*pair) for pair in pairs]).reshape(len(parts), -1) for rule in (start_of_chunk, end_of_chunk)
    )
    kinds = {kind: i for i, (_, kind) in enumerate(parts)}
    return starts, ends, np.array([kinds[kind] for _, kind in parts])
