"""Dev scores during training, for a search that may end the trial."""

from collections.abc import Callable
from typing import Any

from transformers import PreTrainedModel, TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from harness.training.rungs import Rungs


class AtRungs(TrainerCallback):
    """Scores the model on the source's dev set at the rungs before the last step.

    The callback does not change the training itself. It scores the present weights, even if the trial selects a
    checkpoint or averages weights at the end.

    Args:
        rungs: Receives the scores.
        score: Gives a model's dev score.
        save: Whether to ask for a training state after each score.
    """

    def __init__(self, rungs: Rungs, score: Callable[[PreTrainedModel], float], *, save: bool = False) -> None:
        self.rungs, self.score, self.save = rungs, score, save

    def on_step_end(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        model: PreTrainedModel | None = None,
        **rest: Any,
    ) -> None:
        assert model is not None
        rung = self.rungs.steps(state.max_steps).get(state.global_step)
        if rung is None or state.global_step >= state.max_steps:
            return
        training = model.training
        dev = self.score(model)
        model.train(training)
        self.rungs.score(rung, state.global_step, dev)
        if self.save and not control.should_training_stop:  # a state at the end would be trained further
            control.should_save = True
