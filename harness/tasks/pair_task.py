"""Sequence-pair classification: one label for two texts."""

from typing import ClassVar

from harness.tasks.sequence_task import SequenceTask

Pair = tuple[str, str, str]
"""Two texts and their label."""


class PairTask(SequenceTask[Pair]):
    """Base of tasks that label pairs of texts, ``text_a<TAB>text_b<TAB>label`` in files; see ``SequenceTask``."""

    texts: ClassVar[int] = 2
    plural: ClassVar[str] = "pairs"
    hub_columns: ClassVar[tuple[str, ...]]
    """Names of the two texts and the label on the hub."""
