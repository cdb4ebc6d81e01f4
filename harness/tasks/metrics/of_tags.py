"""Metrics of tagged sentences, as seqeval computes them."""

import warnings
from collections.abc import Sequence

from harness.tasks.metrics import Metric


def f1(gold: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]]) -> float:
    """seqeval's micro F1 over spans, in its default mode: an ``I-`` tag may begin a span."""
    from seqeval.metrics import f1_score

    with warnings.catch_warnings():
        # seqeval warns of every tag without a B- or I- prefix; XTREME scores UDPOS with such tags all the same.
        warnings.simplefilter("ignore", UserWarning)
        return float(f1_score(gold, predicted, zero_division=0))


F1 = Metric("F1", f1, of="tags")
