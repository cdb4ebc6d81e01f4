"""The state of a trial's training, kept in the store until the trial finishes, so that the training can resume.

On a CPU, a resumed training is bit-identical to an uninterrupted one. ``transformers.Trainer`` restores weights,
optimizer, schedule, random numbers, order of the data and the log; the callbacks' state is restored too. A state of
other versions, another device or another number of threads would change the result and is ignored.
"""

import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from harness.common.machine import signals
from harness.common.provenance import provenance

if TYPE_CHECKING:
    from harness.store.store import Store

REST = "rest.pt"
"""File name of the state that ``Trainer`` does not keep."""


class TrainingStates:
    """The training states of one trial in a store. Every ``every`` seconds a new state replaces the earlier states."""

    changed = False
    """Whether the last state has other hyperparameters than the trial. The optimizer then gets the trial's."""

    def __init__(self, store: "Store", trial: str, every: float) -> None:
        self.store, self.trial, self.every = store, trial, every

    @contextmanager
    def latest(self, shapes: Mapping[str, list[int]]) -> Iterator[Path | None]:
        """A local folder with the last state that fits, or ``None``.

        A state fits if its tensors have the given ``shapes`` and its environment is the present one.
        """
        with ExitStack() as held:
            there = [
                held.enter_context(self.store.checkpoint(self.trial, state)) for state in self.store.states(self.trial)
            ]
            states = {folder: load_rest(folder) for folder in there if folder is not None}
            fit = [one for one, rest in states.items() if fits(rest, shapes)]
            yield max(fit, key=lambda folder: states[folder]["step"], default=None)

    def write(self, fill: Callable[[Path], None]) -> None:
        """Make a folder, fill it, and save it as the last state.

        Write errors are ignored: a state matters only if the trial is interrupted.
        """
        with suppress(Exception), self.store.scratch(self.trial) as folder:
            folder.mkdir()
            fill(folder)
            self.store.save_checkpoint(self.trial, folder)


class NoStates(TrainingStates):
    """No training states, for a peer: it writes none, and process 0 tells it which state to read."""

    def __init__(self) -> None:
        self.every = math.inf

    @contextmanager
    def latest(self, shapes: Mapping[str, list[int]]) -> Iterator[Path | None]:
        yield None

    def write(self, fill: Callable[[Path], None]) -> None:
        pass


class SaveEvery(TrainerCallback):
    """Requests a training state at the end of a window of the log once ``seconds`` have passed, and after a signal.

    It requests none at the last step, even if training stops early there, because such a state would be trained
    further. A signal then takes effect after the training, see ``PenaltyTrainer.keep_end``. If ``seconds`` is infinite,
    no state is requested, and a signal raises ``KeyboardInterrupt``.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.last = time.monotonic()

    def on_log(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **rest: Any) -> None:
        if time.monotonic() - self.last >= self.seconds and _goes_on(state, control):
            control.should_save = True
            self.last = time.monotonic()

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **rest: Any) -> None:
        if signals.requested() and _goes_on(state, control):
            if math.isinf(self.seconds):
                raise KeyboardInterrupt
            control.should_save = True


def _goes_on(state: TrainerState, control: TrainerControl) -> bool:
    """Whether the training has a further step."""
    return state.global_step < state.max_steps and not control.should_training_stop


class AtStart(TrainerCallback):
    """Calls a function right before the first step."""

    def __init__(self, action: Callable[[], None]) -> None:
        self.action = action

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **rest: Any
    ) -> None:
        self.action()


def save_rest(folder: Path, **rest: Any) -> None:
    """Write the state that ``Trainer`` does not keep, tensors and plain values, with its environment."""
    torch.save({**rest, "environment": _environment()}, folder / REST)


def load_rest(folder: Path) -> dict[str, Any]:
    """The values that ``save_rest`` wrote."""
    found: dict[str, Any] = torch.load(folder / REST, map_location="cpu", weights_only=True)
    return found


def fits(rest: Mapping[str, Any], shapes: Mapping[str, list[int]]) -> bool:
    """Whether a state has tensors of these shapes and the present environment."""
    return bool(rest["environment"] == _environment() and rest["shapes"] == shapes)


def _environment() -> dict[str, Any]:
    """Conditions that must be unchanged for a resumed training to be bit-identical."""
    return _process() | {"threads": torch.get_num_threads()}


@lru_cache(maxsize=1)
def _process() -> dict[str, Any]:
    """The conditions that cannot change within this process, since its imported modules stay the same."""
    found = provenance()
    return {name: getattr(found, name) for name in ("python", "packages", "device", "processor", "code")}
