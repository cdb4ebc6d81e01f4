"""Fine-tuning: ``transformers.Trainer`` with a penalty's gradient added once per optimizer step."""

from typing import Any

import torch
from torch import Tensor, nn
from transformers import Trainer, TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from harness.penalty import Penalty


def mean_loss(outputs: Any, labels: Tensor, num_items_in_batch: Tensor | int | None = None) -> Tensor:
    """Cross entropy over all labels of the optimizer step's batch (-100 ignored), in nats.

    Some token-classification heads take ``num_items_in_batch`` and ignore it, which scales their gradient by the number of
    micro-batches; dividing by it here makes an accumulated gradient that of the whole batch.
    """
    logits = outputs["logits"]
    loss = nn.functional.cross_entropy(logits.flatten(0, -2).float(), labels.flatten(), ignore_index=-100, reduction="sum")
    count = num_items_in_batch if num_items_in_batch is not None else labels.ne(-100).sum()
    return loss / torch.as_tensor(count).clamp(min=1)  # a batch may have no label at all: words that the tokenizer turned into nothing


class LogLastStep(TrainerCallback):
    """Closes the last window of the log, which ``Trainer`` drops where it is shorter than the others."""

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **rest: Any) -> None:
        if state.global_step >= state.max_steps:
            control.should_log = True


class PenaltyTrainer(Trainer):
    """A ``Trainer`` whose total loss is the task loss plus a penalty (Eq. 1 and 2).

    The penalty's gradient is added after the last backward pass of an optimizer step and before clipping, so neither gradient
    accumulation nor autograd sees it. Each window of the log has ``task_loss`` and ``penalty`` (means over the window's steps),
    ``loss``, their sum, and the last step's ``grad_norm`` (before clipping) and ``learning_rate``.
    """

    def __init__(self, penalty: Penalty | None = None, **kwargs: Any) -> None:
        super().__init__(compute_loss_func=mean_loss, **kwargs)
        self.add_callback(LogLastStep)
        self.penalty = penalty
        self._window: list[Tensor] = []

    def training_step(self, model: nn.Module, inputs: dict[str, Any], num_items_in_batch: Tensor | int | None = None) -> Tensor:
        loss = super().training_step(model, inputs, num_items_in_batch)
        if self.penalty is not None and self.accelerator.sync_gradients:
            self._window.append(self.penalty.add_gradient_(self._loss_scale()))
        return loss

    def _loss_scale(self) -> float:
        """What fp16's gradients are multiplied by until they are clipped."""
        scaler = self.accelerator.scaler
        return scaler.get_scale() if scaler is not None else 1.0

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        if "loss" in logs:
            logs["task_loss"] = logs["loss"]
            logs["penalty"] = torch.stack(self._window).mean().item() if self._window else 0.0
            logs["loss"] = logs["task_loss"] + logs["penalty"]
            self._window.clear()
        super().log(logs, start_time)
