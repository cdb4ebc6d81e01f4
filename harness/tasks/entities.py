"""Entities in sequences of tags, counted like seqeval."""

from collections.abc import Sequence
from functools import lru_cache
from itertools import product

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.integer]
Counts = NDArray[np.int32]
"""Counts of shape examples × statistics."""

OUTSIDE = "O"
PREFIXES = ("B", "I", "E", "S")


def is_plain(tag: str) -> bool:
    """Whether a tag is only a type, like UDPOS's, and neither ``O`` nor a prefix with or without a type."""
    return "-" not in tag and tag not in (OUTSIDE, *PREFIXES)


def prefix_and_type(tag: str) -> tuple[str, str | None]:
    """A tag's prefix and type, for the rules on the start and end of entities; ``O`` has no type.

    The type of a plain tag is the whole tag, and its first letter counts as its prefix. This is the rule of seqeval
    0.0.12, which XTREME uses for scoring. From 0.0.16 on, seqeval cuts the first letter off, so that CCONJ and SCONJ
    are the same type. Tags with a prefix follow the current version.
    """
    if tag == OUTSIDE:
        return tag, None
    if is_plain(tag):
        return tag[0], tag
    return tag[0], tag.partition("-")[2] or "_"


def span_counts(gold: Labels, predicted: Labels, sizes: NDArray[np.int64], labels: Sequence[str]) -> Counts:
    """True positives, predicted and gold entities (examples × 3); -1, no label, counts as ``O``.

    ``gold`` and ``predicted``, (labels,), hold the examples one after another. ``sizes`` holds their lengths.
    """
    count, size = len(sizes), int(sizes.sum())
    of = np.repeat(np.arange(count), sizes)
    places = np.arange(size) + of  # leaves room for an O after every example, as in seqeval
    (first, last, kind), (their_first, their_last, their_kind) = (
        _spans(sequence, tuple(labels))
        for sequence in (_separated(gold, places, size + count), _separated(predicted, places, size + count))
    )
    _, ours, theirs = np.intersect1d(last, their_last, assume_unique=True, return_indices=True)
    same = (first[ours] == their_first[theirs]) & (kind[ours] == their_kind[theirs])
    example = np.repeat(np.arange(count), sizes + 1)
    ends = (last[ours[same]], their_last, last)
    return np.stack([np.bincount(example[where], minlength=count) for where in ends], axis=1).astype(np.int32)


def micro_f1(gold: Sequence[Sequence[int]], predicted: Sequence[Sequence[int]], labels: Sequence[str]) -> float:
    """Micro F1, from 0 to 1, over the entities of all examples; 0 if no entity is correct.

    ``gold`` and ``predicted`` hold the label ids of each example; -1 counts as ``O``. The arithmetic follows seqeval's
    steps, so that all digits agree.
    """
    sizes = np.array([len(ids) for ids in gold], dtype=np.int64)
    ours, theirs = (np.array([i for ids in side for i in ids], dtype=np.int64) for side in (gold, predicted))
    right, guessed, there = (int(total) for total in span_counts(ours, theirs, sizes, labels).sum(axis=0))
    if not right:
        return 0.0
    precision, recall = right / guessed, right / there
    return 2 * precision * recall / (precision + recall)


def _separated(values: Labels, places: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    sequence = np.full(size + 1, -1)  # seqeval also puts an O at the very end
    sequence[places] = values
    return sequence


def _spans(
    sequence: NDArray[np.int64], labels: tuple[str, ...]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """First and last position of every span, and the id of its type, in the order of their ends."""
    starts, ends, kinds = _rules(labels)
    before = np.concatenate([[-1], sequence[:-1]])
    at = np.arange(len(sequence))
    started = np.maximum.accumulate(np.where(starts[before, sequence], at, 0))
    ended = at[ends[before, sequence]] - 1
    return started[ended], ended, kinds[sequence[ended]]


@lru_cache(maxsize=64)
def _rules(labels: tuple[str, ...]) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.int64]]:
    """Rules on span boundaries, as tables over label ids.

    Returns whether a span starts at a label, and whether a span ends before it. Both tables have the previous label on
    the first axis and the label on the second. The third value holds the labels' type ids. The label id -1 stands for
    no label. The rules are those of seqeval and conlleval; a full stop is outside, too.
    """
    parts = [prefix_and_type(tag) for tag in (*labels, OUTSIDE)]
    pairs = [(tag, other, kind, other_kind) for (tag, kind), (other, other_kind) in product(parts, parts)]
    starts, ends = (
        np.array([rule(*pair) for pair in pairs], dtype=bool).reshape(len(parts), -1) for rule in (_starts, _ends)
    )
    kinds = {kind: i for i, (_, kind) in enumerate(parts)}
    return starts, ends, np.array([kinds[kind] for _, kind in parts])


def _starts(before: str, tag: str, kind_before: str | None, kind: str | None) -> bool:
    """Whether a span starts at a prefix, given the prefix before it and the types of both."""
    return tag in "BS" or (before in "ESO" and tag in "EI") or (tag not in "O." and kind != kind_before)


def _ends(before: str, tag: str, kind_before: str | None, kind: str | None) -> bool:
    """Whether a span ends before a prefix, given the prefix before it and the types of both."""
    return before in "ES" or (before in "BI" and tag in "BSO") or (before not in "O." and kind != kind_before)
