"""A fixed mask of gradients from the Fisher information of the task's loss, for ``harness.methods.child_tuning``."""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any

import torch
from torch import Tensor
from transformers import PreTrainedModel, TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from harness.encoders import layers
from harness.methods.batch import Batch


class FisherMask(TrainerCallback):
    """Drops the gradients of the layers' weights, except for the share with the largest Fisher information.

    Fᵢ is the mean over training examples of (∂ℓ/∂θᵢ)², ℓ an example's loss summed over its labels. It is taken once,
    at the initial weights and without dropout. Embeddings, head and frozen weights have no mask.

    Args:
        share: Share of the layers' weights that stay in training.
        count: Number of training rows, in their order; ``None`` for all.
    """

    examples: Callable[[], Iterator[Batch]]
    """Gives the training examples as batches of one. The trainer sets it."""
    agreed: Callable[[Sequence[Tensor]], object] | None = None
    """Gives all processes the tensors of the first process, because another GPU may round differently."""

    def __init__(self, share: float, count: int | None) -> None:
        self.share, self.count = share, count
        self.masks: dict[str, Tensor] = {}
        """True where a weight stays in training, by parameter name."""

    def held(self) -> list[Tensor]:
        """The tensors that count as the method's memory."""
        return [*self.masks.values()]

    def state_dict(self) -> dict[str, Any]:
        return {"masks": self.masks}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore the masks of an interrupted training."""
        self.masks = state["masks"]

    def on_train_begin(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        model: PreTrainedModel | None = None,
        **rest: Any,
    ) -> None:
        assert model is not None
        if not self.masks:
            self.masks = masks(model, islice(self.examples(), self.count), self.share, self.agreed)
        self.masks = {name: mask.to(model.device) for name, mask in self.masks.items()}

    def on_pre_optimizer_step(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        model: PreTrainedModel | None = None,
        **rest: Any,
    ) -> None:
        assert model is not None
        for name, mask in self.masks.items():
            if (grad := model.get_parameter(name).grad) is not None:
                grad.mul_(mask)


def masks(
    model: PreTrainedModel,
    examples: Iterator[Batch],
    share: float,
    agreed: Callable[[Sequence[Tensor]], object] | None = None,
) -> dict[str, Tensor]:
    """The masks of the layers' trained weights by parameter name, shaped as the parameter.

    Equal values at the threshold all stay.
    """
    prefix = f"{layers.place(model)}."
    weights = {name: one for name, one in model.named_parameters() if name.startswith(prefix) and one.requires_grad}
    found = {name: torch.zeros_like(one) for name, one in weights.items()}
    training = model.training
    model.eval()
    for batch in examples:
        loss = batch.task_loss(batch.outputs(model))
        gradients = torch.autograd.grad(loss, [*weights.values()], allow_unused=True)
        for mean, gradient in zip(found.values(), gradients, strict=True):
            if gradient is not None:
                mean.addcmul_(gradient, gradient)
    model.train(training)
    if agreed is not None:
        agreed([*found.values()])
    flat = torch.cat([one.flatten() for one in found.values()])
    kept = max(1, round(share * len(flat)))
    threshold = flat.kthvalue(len(flat) - kept + 1).values
    return {name: one >= threshold for name, one in found.items()}
