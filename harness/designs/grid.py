"""The design ``grid``: every combination of some values."""

import itertools
import math

from harness.common.errors import bad
from harness.ranges import Constant, Interval, Range, space
from harness.setting import MAX_TRIALS, Setting


def grid(**hyperparameters: object) -> tuple[Setting, ...]:
    """Every combination of values; the last hyperparameter varies fastest, as in ``itertools.product``.

    A hyperparameter is a list, a ``grid_search``, a ``choice`` (all its values) or a constant. A longer list adds
    settings and keeps the earlier settings; a longer first list adds settings at the end. Raises ``UserError`` for a
    range, which has no list of values, and for more than ``MAX_TRIALS`` combinations.
    """
    lists = {name: values_of("grid", name, made) for name, made in space(hyperparameters).items()}
    if (count := math.prod(map(len, lists.values()))) > MAX_TRIALS:
        raise bad("grid", count, f"lists with at most {MAX_TRIALS} combinations")
    return tuple(
        Setting.from_json(dict(zip(lists, values, strict=True)), "grid")
        for values in itertools.product(*lists.values())
    )


def values_of(design: str, name: str, made: Range) -> tuple[object, ...]:
    """The values of a hyperparameter, in their order."""
    if isinstance(made, Interval):
        raise bad(name, made, f"a list of values: {design} goes through all of them")
    return (made.value,) if isinstance(made, Constant) else made.values
