"""A user's own metric: a function ``metric(gold, predicted)`` in a ``.py`` file.

Its arguments are two lists, the gold answers and the model's: names of labels, numbers, or lists of tags for sentences.
It returns one number; higher is better, and reports show it × 100.
"""

import math
import numbers
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness.common.errors import TimeLimitError, UserError, bad
from harness.common.users import own_code
from harness.tasks.metrics import METRICS, Function

METRIC = "metric"
"""Name of the function in a user's file."""


def file_of(name: str) -> Path:
    """Path of a user's metric file. Raises ``UserError`` if it does not exist."""
    return own_code.file_of("metric", name, f"one of {', '.join(sorted(METRICS))}")


def code_fingerprint(name: str) -> str:
    """Content hash of the file and the modules beside it that it imports: different code is a different metric."""
    return own_code.hashed(file_of(name), METRIC)


def own_metric(name: str) -> Function:
    """The function in the present version of a file. Its result is checked at each call."""
    file = file_of(name)
    made, shown = own_code.executed(file, METRIC).value, own_code.original(file)
    if not callable(made):
        raise UserError(f"{shown}: it must define a function metric(gold, predicted)")

    def checked(gold: Sequence[Any], predicted: Sequence[Any]) -> float:
        try:
            score = made(gold, predicted)
        except TimeLimitError:
            raise
        except Exception as error:
            place, said = own_code.told(error, file)
            raise UserError(f"{place}: metric fails on {len(gold)} examples: {said}") from None
        if isinstance(score, bool) or not isinstance(score, numbers.Real) or not math.isfinite(score):
            raise bad(f"{shown}: the value of metric for {len(gold)} examples", score, "one finite number")
        return float(score)

    return checked
