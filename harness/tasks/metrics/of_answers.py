"""Metrics of answers in a text, by SQuAD's rules. This file has only exact match; ``squad_scores`` computes F1."""

from collections.abc import Sequence

from harness.tasks import squad_scores
from harness.tasks.metrics import Metric


def exact_match(gold: Sequence[Sequence[str]], predicted: Sequence[str]) -> float:
    """The share of questions with a predicted answer among the accepted answers in ``gold``."""
    pairs = zip(predicted, gold, strict=True)
    return sum(squad_scores.exact_match(answer, texts, squad_scores.squad) for answer, texts in pairs) / len(gold)


EXACT_MATCH = Metric("exact match", function=exact_match, of="answers")
