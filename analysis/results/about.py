"""Facts about a study that a report states beside its numbers."""

from dataclasses import dataclass
from typing import Any

from harness.study import Study
from harness.study.equivalence import DEFAULT, EquivalenceBounds
from harness.tasks import Own, TaskName


@dataclass(frozen=True)
class About:
    """The facts at a report's head. A table of external runs has fewer of them: unknown facts are empty."""

    name: str
    source: str
    """Language of the training data."""
    targets: tuple[str, ...]
    """Languages scored zero-shot, in the order of the tables."""
    methods: tuple[str, ...]
    """Labels of the methods, in the order of the tables."""
    question: str = ""
    task: str = ""
    encoder: str = ""
    data: str = ""
    reproduces: str = ""
    """Part of the paper that the study reproduces."""
    looks: int | None = None
    """Number of planned looks at the results."""
    equivalence: EquivalenceBounds = DEFAULT
    """Bounds within which two methods count as the same."""
    bounded: bool = False
    """Whether the study itself names these bounds."""
    described: Own[Any] | None = None
    """The task that the study's file describes, with the labels of its training data."""

    @property
    def scored_task(self) -> TaskName:
        """The task whose rules the scores follow; empty if it is unknown."""
        return self.described or self.task

    @classmethod
    def of(cls, study: Study) -> "About":
        """The facts of a study."""
        methods = tuple(arm.method.arm.label for arm in study.arms)
        facts = (study.question, study.title, study.encoder, str(study.data), study.reproduces, study.looks)
        bounds = study.equivalence or DEFAULT
        return cls(study.name, study.source, study.targets, methods, *facts, bounds, study.equivalence is not None)
