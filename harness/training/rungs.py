"""The interface through which a search follows a trial and may end it early. Imports neither torch nor Ray."""

from collections.abc import Mapping
from typing import Protocol


class Rungs(Protocol):
    """A receiver of a trial's dev scores."""

    def steps(self, total: int) -> Mapping[int, int]:
        """The rungs of a training of ``total`` steps, by the step at which the trial is scored."""
        ...

    def score(self, rung: int, step: int, dev: float) -> None:
        """Receive the source's dev score at a rung. Raises ``Stopped`` to end the training."""
        ...


def evenly(total: int, count: int) -> dict[int, int]:
    """Scores evenly over ``total`` steps: their numbers, 1 to ``count``, by step. The last score is at the last step.

    A training with fewer steps than ``count`` has a score at each step, with the largest number that falls on the step.
    """
    return {-(-total * number // count): number for number in range(1, count + 1)}


class Stopped(Exception):
    """A trial was ended before its last step. It has neither finished nor failed."""
