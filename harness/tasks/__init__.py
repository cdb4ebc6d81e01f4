"""Tasks by name. A task is one file here and one entry in ``TASKS``."""

from typing import Any

from harness.errors import unknown
from harness.tasks.base import Examples, Task
from harness.tasks.udpos import Udpos

TASKS: dict[str, Task[Any]] = {task.name: task for task in (Udpos(),)}

__all__ = ["TASKS", "Examples", "Task", "task_named"]


def task_named(name: str) -> Task[Any]:
    """The task of that name; ``UserError`` with the nearest name where there is none."""
    if not isinstance(name, str) or name not in TASKS:
        raise unknown("task", name, TASKS)
    return TASKS[name]
