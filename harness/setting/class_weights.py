"""Weights of classes in the loss: a word, or numbers by label as JSON text."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from harness.common import fields, yaml_files
from harness.common.errors import UserError, bad, unknown

WORDS = ("none", "balanced")
FORM = "none, balanced, a mapping from labels to weights such as {NOUN: 2}, or a list with a weight for every label"
ABOVE = "weights, with at least one above 0"
NAME = "class_weights"


def canonical(value: Any) -> Any:
    """Weights as canonical JSON text, the same for equal weights. Words are unchanged.

    A mapping is sorted by label. Raises ``UserError`` for a weight outside 0 to 1e9, a repeated label, a list of zeros,
    and a value of another form.
    """
    given = value
    if isinstance(value, str) and value.strip()[:1] in ("{", "["):
        try:
            given = yaml_files.parsed(value, NAME)
        except UserError:
            raise bad(NAME, value, FORM) from None
    if isinstance(given, Mapping):
        weights: Any = {str(label): _weight(given[label]) for label in sorted(given, key=str)}
        if len(weights) < len(given):
            raise bad(NAME, value, "each label once")
    elif isinstance(given, list | tuple):
        weights = [_weight(one) for one in given]
        if not any(weights):
            raise bad(NAME, value, ABOVE)
    elif isinstance(value, str):
        return value
    else:
        raise bad(NAME, value, FORM)
    if not given:
        raise bad(NAME, value, FORM)
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

    Raises ``UserError`` for a label that the task lacks, a list of the wrong length, and weights that are all 0.
    """
    if text in WORDS:
        return None
    weights = json.loads(text)
    if isinstance(weights, list):
        if len(weights) != len(labels):
            raise bad(NAME, text, f"{len(labels)} weights, one for each of {', '.join(labels)}")
        found = weights
    else:
        for label in weights:
            if label not in labels:
                raise unknown(f"{NAME}: label", label, labels)
        found = [weights.get(label, 1.0) for label in labels]
    if not any(found):
        raise bad(NAME, text, ABOVE)
    return found
