"""Progress of a training, for heartbeats."""

from collections.abc import Callable
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from harness.store.heartbeats import Progress
from harness.store.result import HISTORY


class Follow(TrainerCallback):
    """Notes the number of each step when it ends, and loss and tokens at the end of each window of the log.

    No other step reads loss and tokens, because ``Trainer`` itself waits for the GPU only at a window's end.

    Args:
        progress: The object that receives the notes.
        tokens: Gives the number of tokens trained on so far.
    """

    def __init__(self, progress: Progress, tokens: Callable[[], int]) -> None:
        self.progress, self.tokens = progress, tokens

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **rest: Any
    ) -> None:
        self.progress.begin("training", state.max_steps, step=state.global_step, tokens=self.tokens())
        self.progress.history = history(state)

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **rest: Any) -> None:
        self.progress.step = state.global_step

    def on_log(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **rest: Any) -> None:
        if state.log_history and "task_loss" in state.log_history[-1]:
            self.progress.history = history(state)
            self.progress.count(self.tokens())


def history(state: TrainerState) -> list[dict[str, float]]:
    """The learning history so far, one row per window of steps, with the keys ``HISTORY``."""
    return [{key: row[key] for key in HISTORY} for row in state.log_history if "task_loss" in row]
