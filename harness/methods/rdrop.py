"""``rdrop``: two forward passes with different dropout that must agree (Wu et al., 2021)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from harness.common import fields
from harness.methods.base import Method

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel

    from harness.methods.batch import Batch


@dataclass(frozen=True, kw_only=True)
class RDrop(Method):
    """ℓ = (ℓ₁ + ℓ₂)/2 + α/2 (KL(p₁‖p₂) + KL(p₂‖p₁)), with p₁ and p₂ from two draws of dropout.

    The formula follows the authors' code. It is half of Eq. 4 of the paper, and α here is the paper's α/2. The
    task's gradient is then as large as vanilla's. If answers are numbers, (p₁ − p₂)² replaces the sum of divergences.
    """

    name: ClassVar[str] = "rdrop"
    shards: ClassVar[bool] = True

    strength: float = 1.0
    """α, at least 0; for text the paper tries 0.1, 0.5 and 1. 0 averages the task's loss over two draws."""

    def __post_init__(self) -> None:
        super().__post_init__()
        fields.at_least("strength", self.strength, 0)

    def loss(self, model: "PreTrainedModel", batch: "Batch", outputs: "Mapping[str, Tensor]") -> "Tensor":
        second = batch.outputs(model)
        more = (batch.task_loss(second) - batch.task_loss(outputs)) / 2  # the trainer adds the first pass's loss
        return more + self.strength / 2 * batch.divergence(outputs, second)
