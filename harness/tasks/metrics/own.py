"""A user's own metric: a function ``metric(gold, predicted)`` in a ``.py`` file.

Its arguments are two lists, the gold answers and the model's: names of labels, numbers, or lists of tags for sentences.
It returns one number; higher is better, and reports show it × 100.
"""

import hashlib
import math
import numbers
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from harness.common import files, python_files
from harness.common.errors import UserError, bad, reason
from harness.tasks.metrics import METRICS, Function


def file_of(name: str) -> Path:
    """Path of a user's metric file. Raises ``UserError`` if it does not exist."""
    return files.existing("metric", name, f"one of {', '.join(sorted(METRICS))}")


def own_metric(name: str) -> Function:
    """The function in the present version of a file. Its result is checked at each call."""
    file = file_of(name)
    return _loaded(file, files.read(file))[0]


def code_fingerprint(name: str) -> str:
    """Content hash of the file and the modules beside it that it imports: different code is a different metric."""
    file = file_of(name)
    content = files.read(file)
    found = hashlib.sha256(content)
    for module, path in sorted(_loaded(file, content)[1].items()):
        beside = files.read(path)
        found.update(f"\0{module}\0{len(beside)}\0".encode() + beside)
    return found.hexdigest()[:16]


@lru_cache(maxsize=8)
def _loaded(file: Path, content: bytes) -> tuple[Function, dict[str, Path]]:
    made, beside = python_files.loaded(file, "metric", object, content=content)
    if not callable(made):
        raise UserError(f"{file}: it must define a function metric(gold, predicted)")

    def checked(gold: Sequence[Any], predicted: Sequence[Any]) -> float:
        try:
            score = made(gold, predicted)
        except Exception as error:
            said = f"{type(error).__name__}: {reason(error)}"
            raise UserError(f"{file}: metric fails on {len(gold)} examples: {said}") from None
        if isinstance(score, bool) or not isinstance(score, numbers.Real) or not math.isfinite(score):
            raise bad(f"{file}: the value of metric for {len(gold)} examples", score, "one finite number")
        return float(score)

    return checked, beside
