"""Tasks by name. A task is one file here and one entry in ``TASKS``, or a user's own ``.py`` file that defines ``TASK``."""

from functools import lru_cache
from typing import Any

from harness import files, python_file
from harness.errors import UserError, unknown
from harness.hashing import file_digest
from harness.tasks.base import Examples, Task
from harness.tasks.pair_task import PairTask
from harness.tasks.panx import Panx
from harness.tasks.pawsx import Pawsx
from harness.tasks.token_task import TokenTask
from harness.tasks.udpos import Udpos
from harness.tasks.xnli import Xnli

TASKS: dict[str, Task[Any]] = {task.name: task for task in (Xnli(), Panx(), Udpos(), Pawsx())}

__all__ = ["TASKS", "Examples", "PairTask", "Task", "TokenTask", "code_fingerprint", "is_file", "task_named"]


def is_file(name: str) -> bool:
    """Whether a study's word for its task is a file rather than a name from ``TASKS``."""
    return name.endswith(".py")


def task_named(name: str) -> Task[Any]:
    """The task of that name, or of a user's ``.py`` file; ``UserError`` with the nearest name where there is none."""
    if isinstance(name, str) and is_file(name):
        return _own(name)
    if not isinstance(name, str) or name not in TASKS:
        raise unknown("task", name, TASKS)
    return TASKS[name]


@lru_cache(maxsize=8)
def _own(name: str) -> Task[Any]:
    file = files.existing("task", name, f"one of {', '.join(sorted(TASKS))}")
    task: Task[Any] = python_file.defined(file, "TASK", Task)  # type: ignore[type-abstract]
    if task.name in TASKS:
        raise UserError(f"{file}: TASK.name: {task.name!r} is one of steadytune's own tasks; give another name")
    return task


def code_fingerprint(name: str) -> str:
    """Content hash of a user's task file, as another code may be another task; empty for steadytune's own, which ``NUMERICS`` covers."""
    return file_digest(files.existing("task", name, "a task's name"))[:16] if is_file(name) else ""
