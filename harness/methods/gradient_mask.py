"""A random mask of gradients, for ``harness.methods.child_tuning``."""

from typing import Any

import torch
from transformers import PreTrainedModel, TrainerCallback, TrainerControl, TrainerState, TrainingArguments


class GradientMask(TrainerCallback):
    """Keeps each entry of the gradients with a probability, and divides the kept entries by it.

    The draws come from torch's generator, whose state is in every training state.
    """

    def __init__(self, probability: float) -> None:
        self.probability = probability

    @torch.no_grad()
    def on_pre_optimizer_step(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        model: PreTrainedModel | None = None,
        **rest: Any,
    ) -> None:
        assert model is not None
        for parameter in model.parameters():
            if parameter.grad is not None:
                kept = torch.empty_like(parameter.grad).bernoulli_(self.probability)
                parameter.grad.mul_(kept.div_(self.probability))
