"""Who follows a trial while it trains, and may end it there. Imports neither torch nor Ray."""

from collections.abc import Mapping
from typing import Protocol


class Rungs(Protocol):
    """Who wants to know a trial's dev scores."""

    def steps(self, total: int) -> Mapping[int, int]:
        """The rung at each step of so many at which the trial is to be scored."""
        ...

    def score(self, rung: int, step: int, dev: float) -> None:
        """Told the source's dev score × 100 at a rung. Raises ``Stopped`` where the trial is to train no further."""
        ...


class Stopped(Exception):
    """A trial was ended before its last step: neither finished nor failed."""
