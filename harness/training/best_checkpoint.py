"""Checkpoint selection and early stopping on the source's dev set, as in XTREME; never on a target language."""

from collections.abc import Callable
from typing import Any

import torch
from transformers import PreTrainedModel, TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from harness.training.rungs import evenly

EVALUATIONS = 10
"""Number of dev scores in a trial, spread evenly up to the last step. A training of ten epochs has one per epoch."""


class BestOnDev(TrainerCallback):
    """Keeps a copy of the weights with the best dev score so far; the earliest of equal scores.

    The callback does not change the training itself, except for its end.

    Args:
        score: Gives a model's dev score.
        whole: Gives a model with whole weights, if the trained model has shards.
        sign: -1 if lower scores are better, else 1.
        keep: Whether to keep the best weights.
        patience: Number of scores in a row without a new best that ends training; ``None`` for no early stopping.
    """

    def __init__(
        self,
        score: Callable[[PreTrainedModel], float],
        *,
        whole: Callable[[PreTrainedModel], PreTrainedModel] = lambda model: model,
        keep: bool = True,
        patience: int | None = None,
        sign: int = 1,
    ) -> None:
        self.score, self.whole, self.keep, self.patience, self.sign = score, whole, keep, patience, sign
        self.scores: dict[int, float] = {}
        """Dev scores by step."""
        self.step = 0
        """Step of the best score."""
        self._weights: dict[str, torch.Tensor] = {}

    def state_dict(self) -> dict[str, Any]:
        return {"scores": self.scores, "step": self.step, "weights": self._weights}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore the state of an interrupted training."""
        self.scores, self.step, self._weights = state["scores"], state["step"], state["weights"]

    def on_step_end(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        model: PreTrainedModel | None = None,
        **rest: Any,
    ) -> None:
        assert model is not None
        if state.global_step not in evenly(state.max_steps, EVALUATIONS):
            return
        model = self.whole(model)
        training = model.training
        self.scores[state.global_step] = self.score(model)
        model.train(training)
        best = self.sign * self.scores[self.step] if self.step else float("-inf")
        if self.sign * self.scores[state.global_step] > best:
            self.step = state.global_step
            if self.keep:
                self._weights = {name: part.detach().to("cpu", copy=True) for name, part in model.named_parameters()}
        if self.patience is not None and sum(step > self.step for step in self.scores) >= self.patience:
            control.should_training_stop = control.should_log = True

    @torch.no_grad()
    def load(self, model: PreTrainedModel) -> None:
        """Give a model the weights of the best step, in place."""
        for name, parameter in model.named_parameters():
            parameter.copy_(self._weights[name])
