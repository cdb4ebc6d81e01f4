"""Origin of a study's examples and unlabelled text, as full paths and the hub's commit."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.common import files
from harness.data import hub
from harness.study import Study, TrialConfig
from harness.study.own_data import HubData, OwnData, beside
from harness.tasks import TASKS, Own, TaskName, code_fingerprint, file_of, is_file, own_files, task_named

EMBEDDED = "embedded"
"""Word for the data and text that ship with steadytune."""
HUB = "hub"
"""Word for the task's data set on the Hugging Face hub."""
TASK, WIKIPEDIA = "task", "wikipedia"
TEXT_WORDS = (EMBEDDED, TASK, WIKIPEDIA, *TASKS)
"""Values of a method's option ``text`` that are no folders."""


@dataclass(frozen=True)
class Origin:
    """Origin of the examples of one task."""

    task: TaskName
    """A task's name, a user's task file, or a task from the study's description."""
    place: OwnData
    """``embedded``, ``hub``, or a folder: in XTREME's download layout, or a copy of the hub's data set.

    For a task that the study describes: the study's own files, or a data set on the hub.
    """
    revision: str = ""
    """The hub's commit, if ``place`` is on the hub."""
    code: str = ""
    """Fingerprint of a user's task, because another version of the task's file may read other examples."""

    @property
    def own_files(self) -> dict[str, str]:
        """The files of users' code that the reading of the examples needs."""
        own = self.task if isinstance(self.task, Own) else None
        return own_files(self.task if isinstance(self.task, str) and is_file(self.task) else "", own)

    @classmethod
    def of(cls, config: TrialConfig) -> "Origin":
        """Origin of a trial's examples."""
        task = config.own_task or config.task_file or config.task
        return cls(task, config.data, config.data_revision, config.task_code)


def origin_of(study: Study) -> Origin:
    """Origin of a study's examples, with full paths and the hub's commit."""
    if isinstance(study.task, Own):
        return _of_own(study.task, study.data)
    assert isinstance(study.data, str)
    task = task_named(study.task)
    revision = hub.revision(task) if study.data == HUB else ""
    file = str(file_of(study.task).resolve()) if is_file(study.task) else task.name
    return Origin(file, absolute("data", study.data), revision, code_fingerprint(study.task))


def _of_own(task: Own[Any], data: OwnData) -> Origin:
    """Origin of the data of a study's own task. Its ``code`` is set later, when the task's labels are known."""
    placed = beside(data, Path.cwd())
    revision = hub.revision_of(placed.hub) if isinstance(placed, HubData) else ""
    return Origin(task.beside(Path.cwd()), placed, revision)


def absolute(field: str, place: str) -> str:
    """The full path of a folder or a pattern of file names: a worker may have another working directory.

    Words such as ``embedded`` and hub names are unchanged.
    """
    if field.endswith("text") and files.is_pattern(place):
        return files.full(place, Path.cwd(), field)
    words = TEXT_WORDS if field.endswith("text") else (HUB, EMBEDDED)
    directory = files.directory(field, place) if place not in words else None
    return str(directory.resolve()) if directory is not None else place
