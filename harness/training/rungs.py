"""The interface through which a search follows a trial and may end it early. Imports neither torch nor Ray."""

from collections.abc import Mapping
from typing import Protocol


class Rungs(Protocol):
    """A receiver of a trial's dev scores."""

    def steps(self, total: int) -> Mapping[int, int]:
        """The steps of a training with ``total`` steps at which the trial is scored, and the rung at each."""
        ...

    def score(self, rung: int, step: int, dev: float) -> None:
        """Receive the source's dev score at a rung. Raises ``Stopped`` to end the training."""
        ...


def evenly(total: int, count: int) -> dict[int, int]:
    """The steps of ``count`` scores, evenly over ``total`` steps, with their numbers from 1. The last step has one.

    A training with fewer steps than ``count`` has a score at each step, with the last of the step's numbers.
    """
    return {-(-total * number // count): number for number in range(1, count + 1)}


class Stopped(Exception):
    """A trial was ended before its last step. It has neither finished nor failed."""
