"""Helpers that interrupt trials and resume them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.execution.attempt import attempt
from harness.execution.resources import Resources
from harness.store.record import Record
from harness.store.store import Store
from harness.study import TrialConfig
from harness.training.training_state import TrainingStates

OFTEN = Resources(checkpoint_minutes=0)
"""Resources with a checkpoint at the end of every logging window, here every step."""


def cut_after(saves: int, patch: pytest.MonkeyPatch) -> None:
    """Interrupt the training after ``saves`` checkpoints."""
    write = TrainingStates.write

    def once_more(self: TrainingStates, fill: Callable[[Path], None]) -> None:
        nonlocal saves
        write(self, fill)
        saves -= 1
        if not saves:
            raise KeyboardInterrupt

    patch.setattr(TrainingStates, "write", once_more)


def cut(config: TrialConfig, store: Store, saves: int) -> None:
    """Run the trial and stop it after ``saves`` checkpoints."""
    with pytest.MonkeyPatch.context() as patch:
        cut_after(saves, patch)
        with pytest.raises(KeyboardInterrupt):
            attempt(config, store, OFTEN)


def ended(config: TrialConfig, store: Store, resources: Resources = OFTEN) -> tuple[Record, list[dict[str, Any]]]:
    """Run the trial to its end, and return its record and its history."""
    assert not attempt(config, store, resources).error
    record = store.record(config.id)
    assert record is not None
    return record, store.history(config.id).to_pylist()


def same(one: tuple[Record, Any], other: tuple[Record, Any]) -> bool:
    """Whether both trials have the same scores, predictions, checkpoint, flags and history."""
    names = ("scores", "predictions", "checkpoint", "collapsed", "diverged")
    return all(getattr(one[0], name) == getattr(other[0], name) for name in names) and one[1] == other[1]
