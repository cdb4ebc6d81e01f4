"""Tasks by name.

A task is one file that defines ``TASK``: a file here with one line in ``TASKS``, or a user's own ``.py`` file. A study
may also describe its task itself, see ``harness.tasks.own``.
"""

import re
from pathlib import Path
from typing import Any

from harness.common import fields, python_files
from harness.common.errors import UserError, bad
from harness.common.registry import Registry
from harness.common.users import own_code
from harness.tasks.base import Examples as Examples
from harness.tasks.base import Task as Task
from harness.tasks.metrics import RESERVED
from harness.tasks.metrics.own import METRIC
from harness.tasks.own import KINDS as KINDS
from harness.tasks.own import Own as Own
from harness.tasks.own import own_task as own_task
from harness.tasks.pair_task import PairTask as PairTask
from harness.tasks.question_task import QuestionTask as QuestionTask
from harness.tasks.sequence_task import SequenceTask as SequenceTask
from harness.tasks.text_task import TextTask as TextTask
from harness.tasks.token_task import TokenTask as TokenTask

TASKS: Registry[Task[Any]] = Registry(
    {
        "xnli": "harness.tasks.xnli:TASK",
        "panx": "harness.tasks.panx:TASK",
        "udpos": "harness.tasks.udpos:TASK",
        "pawsx": "harness.tasks.pawsx:TASK",
        "xquad": "harness.tasks.shipped.xquad:TASK",
        "mlqa": "harness.tasks.shipped.mlqa:TASK",
        "tydiqa": "harness.tasks.shipped.tydiqa:TASK",
        "sib200": "harness.tasks.shipped.sib200:TASK",
        "massive-intent": "harness.tasks.shipped.massive_intent:TASK",
    }
)

TaskName = str | Own[Any]
"""A task's name, a user's ``.py`` file, or a task that a study describes."""
VARIABLE = "TASK"
"""Name of the task in a user's file."""
NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")


def is_file(name: TaskName) -> bool:
    """Whether a study gives its task as a file instead of a name from ``TASKS``."""
    return isinstance(name, str) and name.endswith(".py")


def file_of(name: str) -> Path:
    """Path of a user's task file. Raises ``UserError`` if it does not exist."""
    return own_code.file_of("task", name, f"one of {', '.join(sorted(TASKS))}")


def task_named(name: TaskName) -> Task[Any]:
    """The task for a name, a user's ``.py`` file or a study's description.

    Raises ``UserError`` with the nearest name for an unknown name.
    """
    if isinstance(name, Own):
        return name
    if isinstance(name, str) and is_file(name):
        return _loaded(name)
    return TASKS.find("task", name)


def _loaded(name: str) -> Task[Any]:
    """A user's task, from the present code: files may change while the process lives."""
    file = file_of(name)
    shown = own_code.original(file)
    task: Task[Any]
    task = python_files.checked(own_code.executed(file, VARIABLE).value, shown, VARIABLE, Task)  # type: ignore[type-abstract]
    try:
        _check(task)
    except AttributeError as error:
        raise UserError(f"{shown}: {VARIABLE} lacks {error.name!r}") from None
    except UserError as error:
        raise UserError(f"{shown}: {VARIABLE}.{error}") from None
    return task


def _check(task: Task[Any]) -> None:
    """Refuse a user's task if no study can use its name, languages, labels, metric or model."""
    if not isinstance(task.name, str) or not NAME.fullmatch(task.name):
        raise bad("name", task.name, "small letters, digits, - and _ (neither first): the name is the data's folder")
    if task.name in TASKS:
        raise bad("name", task.name, "another name than those of steadytune's own tasks")
    for field in ("languages", "labels"):
        values = getattr(task, field)
        if not isinstance(values, tuple) or not all(isinstance(value, str) for value in values):
            raise bad(field, values, "a tuple of texts")
        fields.once(field, values)
    fields.languages("languages", task.languages)
    if len(task.labels) < 2:
        raise bad("labels", task.labels, "at least two")
    if task.metric in RESERVED:
        raise bad("metric", task.metric, f"another name than {', '.join(RESERVED)}, which records have beside metrics")
    for field in ("metric", "auto_model"):
        if not isinstance(getattr(task, field), str):
            raise bad(field, getattr(task, field), "a name")


def code_fingerprint(name: TaskName) -> str:
    """Content hash of a task's code; empty for steadytune's own tasks, which ``NUMERICS`` covers.

    For a user's file, the hash covers the file, the imported modules from its folder, and the task's ``scorer``.
    Different code or scoring rules may make a different task. Nothing else in a record distinguishes such tasks
    without running their code. A task that a study describes has its own fingerprint.
    """
    if isinstance(name, Own):
        return name.fingerprint
    if not is_file(name):
        return ""
    return own_code.hashed(file_of(name), VARIABLE, _loaded(name).scorer)


def own_files(task_file: str, own: Own[Any] | None) -> dict[str, str]:
    """The files of users' code that a task needs, each with the name of its variable."""
    metric = own.metric_file if own is not None else ""
    return ({task_file: VARIABLE} if task_file else {}) | ({metric: METRIC} if metric else {})
