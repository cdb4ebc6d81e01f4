"""The design ``grid``: every combination of some values."""

import itertools
import math

from harness.common import fields
from harness.common.errors import bad
from harness.ranges import Constant, Interval, Range, space
from harness.setting import MAX_TRIALS, Setting


def grid(**hyperparameters: object) -> tuple[Setting, ...]:
    """Every combination, the last hyperparameter varying fastest, as ``itertools.product`` has it.

    A hyperparameter is a list, a ``grid_search``, a ``choice`` (all its values, too) or a constant. A longer list adds
    settings and keeps those that were there; those of a longer first list come at the end. Raises ``UserError`` for a
    range, which has no list of values.
    """
    lists = {name: values_of("grid", name, made) for name, made in space(hyperparameters).items()}
    if (count := math.prod(map(len, lists.values()))) > MAX_TRIALS:
        raise bad("grid", count, f"lists with at most {MAX_TRIALS} combinations")
    return tuple(
        fields.build(Setting, "grid", dict(zip(lists, values, strict=True)))
        for values in itertools.product(*lists.values())
    )


def values_of(design: str, name: str, made: Range) -> tuple[object, ...]:
    """The values that a hyperparameter goes through, in their order."""
    if isinstance(made, Interval):
        raise bad(name, made, f"a list of values: {design} goes through all of them")
    return (made.value,) if isinstance(made, Constant) else made.values
