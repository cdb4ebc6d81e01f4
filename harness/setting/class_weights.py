"""Weights of classes in the loss: a word, or numbers by label as JSON text."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from harness.common import fields, yaml_files
from harness.common.errors import UserError, bad, unknown

WORDS = ("none", "balanced")
FORM = "none, balanced, a mapping from labels to weights such as {NOUN: 2}, or a list with a weight for every label"
NAME = "class_weights"


def canonical(value: Any) -> Any:
    """Weights as canonical JSON text, the same for equal weights. All other values are unchanged.

    A mapping is sorted by label. Raises ``UserError`` for a weight that is not a number of at least 0.
    """
    given = value
    if isinstance(value, str) and value.strip()[:1] in ("{", "["):
        try:
            given = yaml_files.parsed(value, NAME)
        except UserError:
            raise bad(NAME, value, FORM) from None
    if isinstance(given, Mapping):
        weights: Any = {str(label): _weight(given[label]) for label in sorted(given, key=str)}
        found = [*weights.values()]
    elif isinstance(given, list | tuple):
        weights = found = [_weight(one) for one in given]
    else:
        return value
    if not any(found):
        raise bad(NAME, value, "weights, with at least one above 0")
    return json.dumps(weights, ensure_ascii=False)


def _weight(value: Any) -> float:
    found: float = fields.converted(NAME, value, float)
    fields.at_least(NAME, found, 0)
    fields.at_most(NAME, found, 1e9)
    return found


def check(text: str) -> None:
    """Refuse a text that is neither a word nor weights."""
    if text not in WORDS and text[:1] not in ("{", "["):
        raise bad(NAME, text, FORM)


def by_label(text: str, labels: Sequence[str]) -> list[float] | None:
    """The weight of each label; ``None`` for a word. Labels outside a mapping have the weight 1.

    Raises ``UserError`` for a label that the task lacks, and for a list of the wrong length.
    """
    if text in WORDS:
        return None
    weights = json.loads(text)
    if isinstance(weights, list):
        if len(weights) != len(labels):
            raise bad(NAME, text, f"{len(labels)} weights, one for each of {', '.join(labels)}")
        return weights
    for label in weights:
        if label not in labels:
            raise unknown(f"{NAME}: label", label, labels)
    return [weights.get(label, 1.0) for label in labels]
