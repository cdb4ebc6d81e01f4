"""Tasks by name.

A task is one file that defines ``TASK``: a file here with one line in ``TASKS``, or a user's own ``.py`` file. A study
may also describe its task itself, see ``harness.tasks.own``.
"""

import hashlib
import re
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from harness.common import fields, files, python_files
from harness.common.errors import UserError, bad
from harness.common.registry import Registry
from harness.tasks.base import Examples as Examples
from harness.tasks.base import Task as Task
from harness.tasks.metrics import RESERVED
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
NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")


def is_file(name: TaskName) -> bool:
    """Whether a study gives its task as a file instead of a name from ``TASKS``."""
    return isinstance(name, str) and name.endswith(".py")


def file_of(name: str) -> Path:
    """Path of a user's task file. Raises ``UserError`` if it does not exist."""
    return files.existing("task", name, f"one of {', '.join(sorted(TASKS))}")


def task_named(name: TaskName) -> Task[Any]:
    """The task for a name, a user's ``.py`` file or a study's description.

    Raises ``UserError`` with the nearest name for an unknown one.
    """
    if isinstance(name, Own):
        return name
    if isinstance(name, str) and is_file(name):
        return _loaded(name).task
    return TASKS.find("task", name)


class _Own(NamedTuple):
    """A user's task, and the code of the modules beside its file that it imports."""

    task: Task[Any]
    neighbours: dict[str, tuple[Path, bytes]]

    def is_current(self) -> bool:
        return all(path.is_file() and path.read_bytes() == content for path, content in self.neighbours.values())


def _loaded(name: str) -> _Own:
    """A user's task, from the present code: files may change while the process lives."""
    file = file_of(name)
    content = files.read(file)
    if not (found := _executed(file, content)).is_current():
        _executed.cache_clear()
        found = _executed(file, content)
    return found


@lru_cache(maxsize=8)
def _executed(file: Path, content: bytes) -> _Own:
    """The task that a file with this content defines."""
    task: Task[Any]
    task, beside = python_files.loaded(file, "TASK", Task, content=content)  # type: ignore[type-abstract]
    try:
        _check(task)
    except AttributeError as error:
        raise UserError(f"{file}: TASK lacks {error.name!r}") from None
    except UserError as error:
        raise UserError(f"{file}: TASK.{error}") from None
    return _Own(task, {name: (path, files.read(path)) for name, path in sorted(beside.items())})


def _check(task: Task[Any]) -> None:
    """Refuse a user's task whose name, languages, labels or metric no study can use."""
    if not isinstance(task.name, str) or not NAME.fullmatch(task.name):
        raise bad("name", task.name, "small letters, digits, - and _: it is also the folder of the data")
    if task.name in TASKS:
        raise bad("name", task.name, "another name than those of steadytune's own tasks")
    for field in ("languages", "labels"):
        values = getattr(task, field)
        if not isinstance(values, tuple) or not all(isinstance(value, str) for value in values):
            raise bad(field, values, "a tuple of text")
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

    For a user's file it covers the file, the modules beside it that it imports, and the task's ``scorer``. Different
    code or scoring rules may make a different task. Nothing else in a record distinguishes them without running the
    code. A task that a study describes has its own fingerprint.
    """
    if isinstance(name, Own):
        return name.fingerprint
    if not is_file(name):
        return ""
    own = _loaded(name)
    found = hashlib.sha256(files.read(file_of(name)))
    for module, (_, content) in own.neighbours.items():
        found.update(f"\0{module}\0{len(content)}\0".encode() + content)
    if own.task.scorer:
        found.update(f"\0scorer\0{own.task.scorer}".encode())
    return found.hexdigest()[:16]
