"""``child_tuning``: a random part of the gradient in each step (Xu et al., 2021)."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from harness.common import fields
from harness.common.errors import bad
from harness.methods.base import Method

if TYPE_CHECKING:
    from transformers import TrainerCallback


@dataclass(frozen=True, kw_only=True)
class ChildTuning(Method):
    """g ← M ⊙ g / p in each optimizer step, Mᵢ ~ Bernoulli(p), for the gradient g of every trained weight.

    This is the task-free Child-Tuning_F of "Raise a Child in Large Language Model" (EMNLP 2021, Eq. 3 and 4). As in the
    authors' code, the mask follows the clipping, precedes Adam's moments, and covers the head. The task-driven
    Child-Tuning_D is not here: its mask needs the Fisher information of the task's loss, and steadytune estimates that
    of the masked language model.
    """

    name: ClassVar[str] = "child_tuning"

    probability: float = 0.3
    """p, above 0 and at most 1; the paper tries 0.2, 0.3 and 0.4. 1 is vanilla."""

    def __post_init__(self) -> None:
        super().__post_init__()
        fields.above("probability", self.probability, 0)
        if self.probability > 1:
            raise bad("probability", self.probability, "a number above 0 and at most 1")

    def callbacks(self) -> "list[TrainerCallback]":
        from harness.methods.gradient_mask import GradientMask

        return [GradientMask(self.probability)] if self.probability < 1 else []
