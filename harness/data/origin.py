"""Where a study's examples and unlabelled text are read from, as full paths and the hub's commit."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.common import files
from harness.data import hub
from harness.study import Study, TrialConfig
from harness.study.own_data import HubData, OwnData, beside
from harness.tasks import TASKS, Own, TaskName, code_fingerprint, file_of, is_file, task_named

EMBEDDED = "embedded"
"""The word for the data and the text that come with steadytune."""
HUB = "hub"
"""The word for the task's data set on the Hugging Face hub."""
TASK, WIKIPEDIA = "task", "wikipedia"
TEXT_WORDS = (EMBEDDED, TASK, WIKIPEDIA, *TASKS)
"""Words that the option ``text`` of a method takes in place of a folder."""


@dataclass(frozen=True)
class Origin:
    """Where the examples of one task are read from."""

    task: TaskName
    """A task's name, a user's task file, or a task that the study describes."""
    place: OwnData
    """``embedded``, ``hub`` or a directory: of XTREME's download layout, or a copy of the hub's data set. Of a task
    that the study describes its files."""
    revision: str = ""
    """The hub's commit, where ``place`` is on the hub."""
    code: str = ""
    """Fingerprint of a user's task: examples that another version of its file read are other examples."""

    @classmethod
    def of(cls, config: TrialConfig) -> "Origin":
        """Where a trial's examples are."""
        task = config.own_task or config.task_file or config.task
        return cls(task, config.data, config.data_revision, config.task_code)


def origin_of(study: Study) -> Origin:
    """Where the examples of a study are, with full paths and the hub's commit."""
    if isinstance(study.task, Own):
        return _of_own(study.task, study.data)
    assert isinstance(study.data, str)
    task = task_named(study.task)
    revision = hub.revision(task) if study.data == HUB else ""
    file = str(file_of(study.task).resolve()) if is_file(study.task) else task.name
    return Origin(file, absolute("data", study.data), revision, code_fingerprint(study.task))


def _of_own(task: Own[Any], data: OwnData) -> Origin:
    """Where the data of a task are that a study describes; its code is known once its labels are."""
    placed = beside(data, Path.cwd())
    revision = hub.revision_of(placed.hub) if isinstance(placed, HubData) else ""
    return Origin(task.beside(Path.cwd()), placed, revision)


def absolute(field: str, place: str) -> str:
    """A directory's full path, as a worker may run elsewhere; words such as ``embedded`` and hub names stay as they
    are."""
    if field.endswith("text") and files.is_pattern(place):
        return files.full(place, Path.cwd(), field)
    words = TEXT_WORDS if field.endswith("text") else (HUB, EMBEDDED)
    directory = files.directory(field, place) if place not in words else None
    return str(directory.resolve()) if directory is not None else place
