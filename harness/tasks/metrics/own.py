"""A user's own metric: a function ``metric(gold, predicted)`` in a ``.py`` file.

Its arguments are two lists: the gold answers and the model's answers. An answer is a label's name, a number, or a list
of names: the tags of a sentence, or the labels of a text. The function returns one number. Reports show the number
× 100, and higher is better. Attributes of the function override these defaults (see ``own_measure``).
"""

import inspect
import math
import numbers
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from harness.common.errors import TimeLimitError, UserError, bad, unknown
from harness.common.users import own_code
from harness.tasks.metrics import METRICS, Function, Measure

METRIC = "metric"
"""Name of the function in a user's file."""
MAX_WORDS = 60
ATTRIBUTES = {
    "words": f"a text of at most {MAX_WORDS} characters",
    "points": "True or False",
    "lower_is_better": "True or False",
}
"""Attributes of the function and their allowed values. They are the fields of ``Measure``."""


def file_of(name: str) -> Path:
    """Path of a user's metric file. Raises ``UserError`` if it does not exist."""
    return own_code.file_of("metric", name, f"one of {', '.join(sorted(METRICS))}")


def code_fingerprint(name: str) -> str:
    """Content hash of the file and its imported modules from the same folder. Different code is a different metric."""
    return own_code.hashed(file_of(name), METRIC)


def own_measure(name: str) -> Measure:
    """Name, unit and direction of a user's metric, from the function's attributes such as ``metric.points = False``.

    Raises ``UserError`` for an unknown attribute and for an unsuitable value.
    """
    made, shown = _defined(file := file_of(name))
    given = {key: value for key, value in getattr(made, "__dict__", {}).items() if not key.startswith("_")}
    for key, value in given.items():
        if key not in ATTRIBUTES:
            if inspect.isfunction(made):
                raise unknown(f"{shown}: attribute of metric", key, ATTRIBUTES)
        elif not (_is_name(value) if key == "words" else isinstance(value, bool)):
            raise bad(f"{shown}: metric.{key}", value, ATTRIBUTES[key])
    return Measure(**{"words": file.stem, **{key: value for key, value in given.items() if key in ATTRIBUTES}})


def _is_name(value: object) -> bool:
    return isinstance(value, str) and value.isprintable() and 0 < len(value.strip()) <= MAX_WORDS


def _defined(file: Path) -> tuple[Callable[..., Any], str]:
    """The function of a user's file, and the file's path for messages."""
    made, shown = own_code.executed(file, METRIC).value, own_code.original(file)
    if not callable(made):
        raise UserError(f"{shown}: it must define a function metric(gold, predicted)")
    return made, shown


def own_metric(name: str) -> Function:
    """The function in the current version of a file, with a check of its result at each call.

    A call raises ``UserError`` if the function fails, or its result is not one finite number.
    """
    made, shown = _defined(file := file_of(name))

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
