"""Where a trial that was cut short goes on: the state of its training, kept in the store until the trial has finished.

A training that goes on from there is the same to the bit as one that was never cut, on a CPU: weights, optimizer, schedule, random numbers,
order of the data and the log are restored (by ``transformers.Trainer``), and so is what the callbacks hold. A state of other versions,
another device or another number of threads would not be, and is not used.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors import SafetensorError
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from harness.errors import UserError
from harness.provenance import provenance

if TYPE_CHECKING:
    from harness.store import Store

REST = "rest.pt"
"""What ``Trainer`` does not keep."""


class Checkpoints:
    """The training state of one trial in a store, written anew every ``every`` seconds."""

    def __init__(self, store: "Store", trial: str, every: float) -> None:
        self.store, self.trial, self.every = store, trial, every

    @contextmanager
    def latest(self) -> Iterator[Path | None]:
        """A local folder with the last state; ``None`` where there is none that can be gone on from."""
        with self.store.checkpoint(self.trial) as folder:
            yield folder if folder is not None and _alike(load_rest(folder).get("environment")) else None

    @contextmanager
    def writing(self) -> Iterator[Path]:
        """A folder to be made and filled, which then is the last state. One that cannot be written is done without: a trial is not to fail
        for want of what it needs only where it is cut short."""
        try:
            with self.store.scratch(self.trial) as folder:
                yield folder
                self.store.save_checkpoint(self.trial, folder)
        except (OSError, RuntimeError, SafetensorError, UserError):  # as the system, torch, safetensors and the store say so
            pass


class EverySoOften(TrainerCallback):
    """Has the training state saved at the end of a window of the log, once ``seconds`` have passed; not at the last step, where nothing is
    left to go on with."""

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
    found = provenance()
    return {name: found[name] for name in ("python", "packages", "device")} | {"threads": torch.get_num_threads()}


def _alike(environment: object) -> bool:
    return environment == _environment()
