"""The mean of the weights over the last steps of a training, for ``harness.methods.weight_averaging``."""

import math
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader
from transformers import PreTrainedModel, TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from harness.common.errors import bad
from harness.compat.shards import mine, sharded_like


class AverageLast(TrainerCallback):
    """Averages the trained weights over the last ``steps`` or ``epochs``, and puts the mean into the model.

    Raises ``UserError`` at the start of a training with fewer steps than the mean.
    """

    def __init__(self, *, steps: int | None = None, epochs: float | None = None) -> None:
        self.steps, self.epochs = steps, epochs
        self.count = 0
        """Number of steps in the mean."""
        self.mean: dict[str, Tensor] = {}

    def held(self) -> list[Tensor]:
        """The tensors of the mean, for the count of memory."""
        return [mine(mean) for mean in self.mean.values()]

    def state_dict(self) -> dict[str, Any]:
        return {"count": self.count, "mean": self.mean}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore the mean of an interrupted training."""
        self.count, self.mean = state["count"], state["mean"]

    def on_train_begin(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        model: PreTrainedModel | None = None,
        train_dataloader: DataLoader[Any] | None = None,
        **rest: Any,
    ) -> None:
        assert model is not None
        self.mean = {
            name: sharded_like(mean.to(args.device), model.get_parameter(name)) for name, mean in self.mean.items()
        }
        if self.epochs is not None:
            assert train_dataloader is not None
            an_epoch = math.ceil(len(train_dataloader) / args.gradient_accumulation_steps)
            self.steps = max(1, math.ceil(self.epochs * an_epoch))  # as Trainer counts the steps of a training
        assert self.steps is not None
        if self.steps > state.max_steps:
            raise bad("weight_averaging", self.steps, f"at most {state.max_steps} steps, the length of the training")

    def on_step_end(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        model: PreTrainedModel | None = None,
        **rest: Any,
    ) -> None:
        assert model is not None
        assert self.steps is not None
        if state.global_step > state.max_steps - self.steps:
            self.add(model)

    @torch.no_grad()
    def add(self, model: PreTrainedModel) -> None:
        """Add the present weights to the mean."""
        self.count += 1
        for name, parameter in model.named_parameters():
            if not parameter.requires_grad:
                continue
            if name not in self.mean:
                self.mean[name] = parameter.detach().clone()
            else:
                self.mean[name].lerp_(parameter.detach(), 1 / self.count)

    @torch.no_grad()
    def on_train_end(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        model: PreTrainedModel | None = None,
        **rest: Any,
    ) -> None:
        assert model is not None
        for name, parameter in model.named_parameters():
            if name in self.mean:
                parameter.copy_(self.mean[name])
