"""Metrics of tagged sentences."""

from collections.abc import Sequence

from harness.tasks.entities import micro_f1
from harness.tasks.metrics import Metric


def f1(gold: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]]) -> float:
    """Micro F1 over spans in seqeval's default mode, as in XTREME. An ``I-`` tag may begin a span."""
    labels = sorted({tag for side in (gold, predicted) for tags in side for tag in tags})
    ids = {tag: place for place, tag in enumerate(labels)}
    ours, theirs = ([[ids[tag] for tag in tags] for tags in side] for side in (gold, predicted))
    return micro_f1(ours, theirs, labels)


F1 = Metric("F1", function=f1, of="tags")
