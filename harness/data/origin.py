"""Where a study's examples and unlabelled text are read from, as full paths and the hub's commit."""

from dataclasses import dataclass

from harness.common import files
from harness.data import hub
from harness.study import Study, TrialConfig
from harness.tasks import TASKS, code_fingerprint, file_of, is_file, task_named

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

    task: str
    """A task's name, or a user's task file."""
    place: str
    """``embedded``, ``hub`` or a directory: of XTREME's download layout, or a copy of the hub's data set."""
    revision: str = ""
    """The hub's commit, where ``place`` is ``hub``."""
    code: str = ""
    """Fingerprint of a user's task file: examples that another version of the file read are other examples."""

    @classmethod
    def of(cls, config: TrialConfig) -> "Origin":
        """Where a trial's examples are."""
        return cls(config.task_file or config.task, config.data, config.data_revision, config.task_code)


def origin_of(study: Study) -> Origin:
    """Where the examples of a study are, with full paths and the hub's commit."""
    task = task_named(study.task)
    revision = hub.revision(task) if study.data == HUB else ""
    file = str(file_of(study.task).resolve()) if is_file(study.task) else task.name
    return Origin(file, absolute("data", study.data), revision, code_fingerprint(study.task))


def absolute(field: str, place: str) -> str:
    """A directory's full path, as a worker may run elsewhere; words such as ``embedded`` and hub names stay as they
    are."""
    words = TEXT_WORDS if field.endswith("text") else (HUB, EMBEDDED)
    directory = files.directory(field, place) if place not in words else None
    return str(directory.resolve()) if directory is not None else place
