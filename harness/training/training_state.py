"""Where a trial that was cut short goes on: the state of its training, kept in the store until the trial has finished.

A training that goes on from there is the same to the bit as one that was never cut, on a CPU: weights, optimizer,
schedule, random numbers, order of the data and the log are restored (by ``transformers.Trainer``), and so is what the
callbacks hold. A state of other versions, another device or another number of threads would not be, and is not used.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from harness.common.provenance import provenance

if TYPE_CHECKING:
    from harness.store.store import Store

REST = "rest.pt"
"""What ``Trainer`` does not keep."""


class TrainingStates:
    """The training states of one trial in a store; a new one every ``every`` seconds replaces those before."""

    def __init__(self, store: "Store", trial: str, every: float) -> None:
        self.store, self.trial, self.every = store, trial, every

    @contextmanager
    def latest(self, shapes: Mapping[str, list[int]]) -> Iterator[Path | None]:
        """A local folder with the last state of tensors of some ``shapes``; ``None`` where there is none that can be
        gone on from."""
        with ExitStack() as held:
            there = [
                held.enter_context(self.store.checkpoint(self.trial, state)) for state in self.store.states(self.trial)
            ]
            states = {folder: load_rest(folder) for folder in there if folder is not None}
            fit = [
                one
                for one, rest in states.items()
                if rest["environment"] == _environment() and rest["shapes"] == shapes
            ]
            yield max(fit, key=lambda folder: states[folder]["step"], default=None)

    def write(self, fill: Callable[[Path], None]) -> None:
        """Have a folder made and filled, which then is the last state. One that cannot be written is done without: a
        trial is not to fail for want of what it needs only where it is cut short."""
        with suppress(Exception), self.store.scratch(self.trial) as folder:
            folder.mkdir()
            fill(folder)
            self.store.save_checkpoint(self.trial, folder)


class SaveEvery(TrainerCallback):
    """Has the training state saved at the end of a window of the log, once ``seconds`` have passed; not at the last
    step, where nothing is left to go on with."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.last = time.monotonic()

    def on_log(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **rest: Any) -> None:
        if time.monotonic() - self.last >= self.seconds and state.global_step < state.max_steps:
            control.should_save = True
            self.last = time.monotonic()


def save_rest(folder: Path, **rest: Any) -> None:
    """Write what ``Trainer`` does not keep, tensors and plain values, and what it was made with."""
    torch.save({**rest, "environment": _environment()}, folder / REST)


def load_rest(folder: Path) -> dict[str, Any]:
    """What ``save_rest`` wrote."""
    found: dict[str, Any] = torch.load(folder / REST, map_location="cpu", weights_only=True)
    return found


def _environment() -> dict[str, Any]:
    """What has to be the same for the rest of a training to be the same."""
    return _process() | {"threads": torch.get_num_threads()}


@lru_cache(maxsize=1)
def _process() -> dict[str, Any]:
    """That part of it that stays the same while this process lives, as do the modules that it has imported."""
    found = provenance()
    return {name: getattr(found, name) for name in ("python", "packages", "device", "processor", "code")}
