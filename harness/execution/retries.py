"""Which trials run next, where some come back without a result: a worker may be killed, crash or lose its node."""

from dataclasses import dataclass
from pathlib import Path

from harness.execution.time_limit import TimeLimitError, over
from harness.store.store import Store
from harness.study import TrialConfig

TOGETHER, AGAIN, ALONE = range(3)
"""Stages: all trials run together, then those that were lost once, then each of the others alone."""


@dataclass(frozen=True)
class Loss:
    """Why a trial came back without a result."""

    error: str
    """One line."""
    trace: str
    of_memory: bool = False
    """Whether it was this trial, and no other, that lacked memory."""
    of_time: bool = False
    """Whether it took longer than its time limit."""


def loss_of_worker(error_file: str | None, seconds: float, minutes: float | None, grace: float) -> Loss:
    """The loss of a trial's worker after a number of seconds. Tune writes its error into a file.

    A trial has some minutes, and then some seconds of ``grace`` to end itself.
    """
    # Tune's own get_error() looks where the file will be brought later.
    lines = Path(error_file).read_text(encoding="utf-8").splitlines()[1:] if error_file else []
    trace = "\n".join(lines)
    if minutes is not None and seconds >= 60 * minutes + grace:
        return Loss(f"{TimeLimitError.__name__}: {over(minutes)}", trace, of_time=True)
    return Loss(f"the worker was lost: {' '.join(trace.split()) or 'it left no message'}", trace)


class Retries:
    """The trials that are still to run.

    A lost trial runs again with the other lost ones, once all others are done, and then once more alone. A trial that
    lacked memory runs alone at once. A trial that is lost alone is given up, and so is one that took too long. A trial
    whose checkpoints show progress counts as lost for the first time: over many hours it may lose several machines.
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
        """Take the trials that run next."""
        self.stage = next(stage for stage, waiting in enumerate(self.waiting) if waiting)
        waiting = self.waiting[self.stage]
        batch = waiting[:1] if self.stage == ALONE else waiting
        self.waiting[self.stage] = waiting[len(batch) :]
        return batch

    def put_back(self, trials: list[TrialConfig]) -> None:
        """Put back trials that were taken and have not begun."""
        self.waiting[self.stage] = trials + self.waiting[self.stage]

    def put_off(self, trial: TrialConfig) -> None:
        """Put off a taken trial that another process holds: it is looked at again once the others are done."""
        self.waiting[AGAIN].append(trial)

    def lose(self, trial: TrialConfig, loss: Loss) -> bool:
        """Note that a taken trial came back without a result; returns whether it runs again."""
        if loss.of_time:
            return False
        states = self.store.states(trial.id)
        got_on = bool(states) and states != self.states.get(trial.id)
        self.states[trial.id] = states
        if self.stage == ALONE and (loss.of_memory or not got_on):
            return False
        self.waiting[ALONE if loss.of_memory or not (got_on or self.stage == TOGETHER) else AGAIN].append(trial)
        return True
