"""Classification of single texts."""

from typing import ClassVar

from harness.tasks.sequence_task import SequenceTask

Text = tuple[str, str]
"""A text and its label."""


class TextTask(SequenceTask[Text]):
    """Base of tasks that label single texts, ``text<TAB>label`` in files; see ``SequenceTask``."""

    texts: ClassVar[int] = 1
    plural: ClassVar[str] = "texts"
