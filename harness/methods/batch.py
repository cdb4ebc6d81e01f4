"""A batch as the losses of methods see it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel

    from harness.tasks import Task


@dataclass(frozen=True, eq=False)
class Batch:
    """The inputs and labels of one batch, with its task's loss."""

    inputs: "Mapping[str, Tensor]"
    """The model's inputs by name, such as ``input_ids``: (examples, sub-words), or (1, all sub-words) on a GPU without
    padding."""
    labels: "Tensor"
    """The labels, in the task's shape."""
    task: "Task[Any]"
    loss: "Callable[[Mapping[str, Tensor], Tensor], Tensor]"
    """The task's loss, with the setting's class weights and smoothing."""

    def outputs(self, model: "PreTrainedModel") -> "Mapping[str, Tensor]":
        """The outputs of a further forward pass, with a new draw of dropout."""
        found: Mapping[str, Tensor] = model(**self.inputs)
        return found

    def task_loss(self, outputs: "Mapping[str, Tensor]") -> "Tensor":
        """The task's loss of some outputs, summed over the labels."""
        return self.loss(outputs, self.labels)

    def divergence(self, one: "Mapping[str, Tensor]", other: "Mapping[str, Tensor]") -> "Tensor":
        """KL(p‖q) + KL(q‖p) of two outputs' answers in nats, summed over the labels; (p − q)² for numbers."""
        return self.task.divergence(one, other, self.labels)
