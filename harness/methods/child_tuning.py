"""``child_tuning``: a part of the gradient in each step (Xu et al., 2021)."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from harness.common import fields
from harness.common.errors import UserError, bad
from harness.methods.base import Method

if TYPE_CHECKING:
    from transformers import PreTrainedModel, TrainerCallback

    from harness.encoders.loading import Pretrained

MASKS = ("random", "fisher")


@dataclass(frozen=True, kw_only=True)
class ChildTuning(Method):
    """Trains a child network: each optimizer step uses only a part of the gradient g.

    "Raise a Child in Large Language Model" (EMNLP 2021) has two forms:

    - ``random``, the task-free Child-Tuning_F (Eq. 3 and 4): g ← M ⊙ g / p, Mᵢ ~ Bernoulli(p) in each step, for every
      trained weight.
    - ``fisher``, the task-driven Child-Tuning_D (Eq. 5): g ← M ⊙ g with a fixed M. Mᵢ is 1 for the share p of the
      layers' weights with the largest Fisher information at the initial weights, Fᵢ = 1/n Σ (∂ log p(y|x) / ∂θᵢ)². As
      in the authors' code, embeddings and head have no mask. Their code squares gradients of batches; this code squares
      gradients of examples, as in the equation.

    As in the authors' code, the mask follows the clipping and precedes Adam's moments.
    """

    name: ClassVar[str] = "child_tuning"

    probability: float = 0.3
    """p, above 0 and at most 1; the paper tries 0.1 to 0.4. 1 is vanilla."""
    mask: str = "random"
    """``random``, or ``fisher``."""
    examples: int | None = None
    """n, the number of training examples for ``fisher``, one backward pass each; ``None`` for all.

    Each window of a longer example counts as an example.
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        fields.above("probability", self.probability, 0)
        if self.probability > 1:
            raise bad("probability", self.probability, "a number above 0 and at most 1")
        fields.choice("mask", self.mask, MASKS)
        if self.examples is not None:
            fields.at_least("examples", self.examples, 1)
            if self.mask != "fisher":
                raise bad("examples", self.examples, "none: only the mask 'fisher' reads examples")

    def adapt(self, model: "PreTrainedModel", pretrained: "Pretrained") -> None:
        if self.mask == "fisher":
            from harness.encoders import layers

            prefix = f"{layers.place(model)}."
            if not any(one.requires_grad for name, one in model.named_parameters() if name.startswith(prefix)):
                raise UserError(
                    f"methods: {self.label}: no weight of the layers is trained, so the mask has no weights"
                )

    def callbacks(self) -> "list[TrainerCallback]":
        if self.probability == 1:
            return []
        if self.mask == "fisher":
            from harness.methods.fisher_mask import FisherMask

            return [FisherMask(self.probability, self.examples)]
        from harness.methods.gradient_mask import GradientMask

        return [GradientMask(self.probability)]
