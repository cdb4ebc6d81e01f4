"""A user's task with faults: each trial's number of training examples selects its fault.

A file ``spare`` beside this file turns all faults off. Label noise makes a trial call ``relabelled``, which counts the
examples.
"""

import os
import signal
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from harness.tasks.udpos import Udpos

if TYPE_CHECKING:
    from datasets import Dataset
    from transformers import PreTrainedTokenizerBase

LOADING, BUILDING, TRAINING, EVALUATION, HANGING, KILLED, SHORT, BREAKING = range(101, 109)
"""Faults, by the number of training examples."""
HERE = Path(__file__).parent


class Faulty(Udpos):
    """Part-of-speech tagging with faults."""

    name = "faulty"
    drawn = 0
    """Number of training examples of the trial under construction."""
    fault = 0
    batches = 0

    def relabelled(self, rows: "Dataset", gold: Sequence[Sequence[int]]) -> "Dataset":
        self.drawn = 0 if (HERE / "spare").exists() else len(set(rows["example"]))
        if self.drawn == LOADING:
            raise ValueError("loading")
        return super().relabelled(rows, gold)

    def collator(self, tokenizer: "PreTrainedTokenizerBase") -> Any:
        self.fault, self.drawn, self.batches = self.drawn, 0, 0
        if self.fault == BUILDING:
            raise ValueError("building")
        return self.in_training(super().collator(tokenizer))

    def in_training(self, collate: Callable[[list[Any]], Any]) -> Callable[[list[Any]], Any]:
        def collated(features: list[Any]) -> Any:
            self.batches += 1
            if self.batches == 4 or self.fault == SHORT:
                self.strike()
            return collate(features)

        return collated

    def strike(self) -> None:
        if self.fault == TRAINING:
            raise ValueError("training")
        if self.fault == HANGING:
            time.sleep(600)
        if self.fault == KILLED and first_time("killed"):
            os.kill(os.getpid(), signal.SIGKILL)
        if self.fault == SHORT:
            torch.empty(10**15)  # more memory than exists
        if self.fault == BREAKING:
            raise RuntimeError("CUDA error: device-side assert triggered")  # afterwards the worker is unusable

    def scores(self, gold: Sequence[Sequence[int]], predicted: Sequence[Sequence[int]]) -> dict[str, float]:
        if self.fault == EVALUATION:
            raise ValueError("evaluation")
        return super().scores(gold, predicted)


def first_time(name: str) -> bool:
    """Whether this is the first call with the name, over all processes."""
    try:
        (HERE / name).touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


TASK = Faulty()
