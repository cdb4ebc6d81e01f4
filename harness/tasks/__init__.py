"""Tasks by name. A task is one file here and one entry in ``TASKS``, or a user's own ``.py`` file that defines
``TASK``."""

import hashlib
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

from harness.common import fields, files, python_files
from harness.common.errors import UserError, bad, unknown
from harness.tasks.base import Examples, Task
from harness.tasks.pair_task import PairTask
from harness.tasks.panx import Panx
from harness.tasks.pawsx import Pawsx
from harness.tasks.token_task import TokenTask
from harness.tasks.udpos import Udpos
from harness.tasks.xnli import Xnli

TASKS: dict[str, Task[Any]] = {task.name: task for task in (Xnli(), Panx(), Udpos(), Pawsx())}

NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")

__all__ = ["TASKS", "Examples", "PairTask", "Task", "TokenTask", "code_fingerprint", "file_of", "is_file", "task_named"]


def is_file(name: str) -> bool:
    """Whether a study's word for its task is a file rather than a name from ``TASKS``."""
    return name.endswith(".py")


def file_of(name: str) -> Path:
    """A user's task file. Raises ``UserError`` where there is none."""
    return files.existing("task", name, f"one of {', '.join(sorted(TASKS))}")


def task_named(name: str) -> Task[Any]:
    """The task of that name, or of a user's ``.py`` file; ``UserError`` with the nearest name where there is none."""
    if isinstance(name, str) and is_file(name):
        return _own(name)
    if not isinstance(name, str) or name not in TASKS:
        raise unknown("task", name, TASKS)
    return TASKS[name]


def _own(name: str) -> Task[Any]:
    file = file_of(name)
    return _executed(file, files.read(file))


@lru_cache(maxsize=8)
def _executed(file: Path, content: bytes) -> Task[Any]:
    """The task that a file with this content defines: by content, as it may change while the process lives."""
    task: Task[Any] = python_files.defined(file, "TASK", Task, content=content)  # type: ignore[type-abstract]
    try:
        if task.name in TASKS:
            raise bad("name", task.name, "another name than those of steadytune's own tasks")
        if not isinstance(task.name, str) or not NAME.fullmatch(task.name):
            raise bad("name", task.name, "small letters, digits, - and _: it is also the folder of the data")
        for field in ("languages", "labels"):
            if not isinstance(getattr(task, field), tuple) or not all(
                isinstance(value, str) for value in getattr(task, field)
            ):
                raise bad(field, getattr(task, field), "a tuple of text")
            fields.once(field, getattr(task, field))
        fields.languages("languages", task.languages)
        if len(task.labels) < 2:
            raise bad("labels", task.labels, "at least two")
        for field in ("metric", "auto_model"):
            if not isinstance(getattr(task, field), str):
                raise bad(field, getattr(task, field), "a name")
    except AttributeError as error:
        raise UserError(f"{file}: TASK lacks {error.name!r}") from None
    except UserError as error:
        raise UserError(f"{file}: TASK.{error}") from None
    return task


def code_fingerprint(name: str) -> str:
    """Content hash of a user's task file, as another code may be another task; empty for steadytune's own, which
    ``NUMERICS`` covers."""
    if not is_file(name):
        return ""
    return hashlib.sha256(files.read(file_of(name))).hexdigest()[:16]
