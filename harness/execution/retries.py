"""Which trials run next, where some come back without a result: a worker may be killed, crash or lose its node."""

from dataclasses import dataclass

from harness.store.store import Store
from harness.study import TrialConfig

TOGETHER, AGAIN, ALONE = range(3)
"""In what company a trial runs: all of them, those that were lost once, and one by itself."""


@dataclass(frozen=True)
class Loss:
    """Why a trial came back without a result."""

    error: str
    """One line."""
    trace: str
    of_memory: bool = False
    """Whether it was this trial, and no other, that lacked memory."""
    of_time: bool = False


class Retries:
    """The trials that are still to run.

    One that is lost runs again with the others that were, once all others are done, and then once more alone; who
    lacked memory runs alone at once. Who is lost alone too is given up, and so is one that took too long. A trial that
    got on in the meantime, as its checkpoints tell, counts as lost for the first time: one of many hours may lose more
    machines than two.
    """

    def __init__(self, trials: list[TrialConfig], store: Store) -> None:
        self.store = store
        self.waiting: list[list[TrialConfig]] = [list(trials), [], []]
        self.states: dict[str, list[str]] = {}
        """Names of the checkpoints that a trial had when it was lost."""
        self.stage = TOGETHER

    def __bool__(self) -> bool:
        return any(self.waiting)

    def take(self) -> list[TrialConfig]:
        """Those that run next."""
        self.stage = next(stage for stage, waiting in enumerate(self.waiting) if waiting)
        waiting = self.waiting[self.stage]
        batch = waiting[:1] if self.stage == ALONE else waiting
        self.waiting[self.stage] = waiting[len(batch) :]
        return batch

    def put_back(self, trials: list[TrialConfig]) -> None:
        """Some of those taken have not begun."""
        self.waiting[self.stage] = trials + self.waiting[self.stage]

    def put_off(self, trial: TrialConfig) -> None:
        """Another process is at one of those taken: it is looked at again once the others are done."""
        self.waiting[AGAIN].append(trial)

    def lose(self, trial: TrialConfig, loss: Loss) -> bool:
        """Whether one of those taken, which came back without a result, is to run again."""
        if loss.of_time:
            return False
        states = self.store.states(trial.id)
        got_on = bool(states) and states != self.states.get(trial.id)
        self.states[trial.id] = states
        if self.stage == ALONE and (loss.of_memory or not got_on):
            return False
        self.waiting[ALONE if loss.of_memory or not (got_on or self.stage == TOGETHER) else AGAIN].append(trial)
        return True
