"""A random mask of gradients, for ``harness.methods.child_tuning``."""

from typing import Any

import torch
from torch import Tensor
from transformers import PreTrainedModel, TrainerCallback, TrainerControl, TrainerState, TrainingArguments


class GradientMask(TrainerCallback):
    """Keeps each entry of the gradients with a probability, and divides the kept entries by this probability.

    The draws come from torch's generator, whose state is in every training state. Embedding rows with only zeros in
    their gradient get no draws. The draws are then the same for a trimmed and a whole vocabulary.
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
        embeddings = {*model.get_input_embeddings().parameters()}
        for parameter in model.parameters():
            if (grad := parameter.grad) is None:
                continue
            if parameter in embeddings:
                used = grad.ne(0).any(-1)
                grad[used] = self._masked(grad[used])
            else:
                self._masked(grad)

    def _masked(self, grad: Tensor) -> Tensor:
        """Mask a gradient in place, and return it."""
        kept = torch.empty_like(grad).bernoulli_(self.probability)
        return grad.mul_(kept.div_(self.probability))
