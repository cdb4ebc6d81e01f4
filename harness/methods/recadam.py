"""``recadam``: an optimizer that first recalls the pretrained weights and then learns the task (Chen et al., 2020)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from harness.common import fields
from harness.methods.base import Method
from harness.methods.l2 import overshooting
from harness.setting import Setting

if TYPE_CHECKING:
    from torch import Tensor

    from harness.methods.penalty import Term


@dataclass(frozen=True, kw_only=True)
class RecAdam(Method):
    """θ ← θ − λ(t) η m̂/(√v̂ + ε) − (1 − λ(t)) η γ (θ − θ*) over the encoder's body, λ(t) = 1/(1 + exp(−k (t − t₀))).

    This is Algorithm 1 of "Recall and Learn" (EMNLP 2020). The loss is λ(t) ℓ + (1 − λ(t)) γ/2 Σ (θ − θ*)², with both
    factors outside Adam's moments. As in the authors' code the pull follows Adam's move, and the head follows plain
    Adam. Weight decay is a part of Adam's move here, so λ(t) applies to it too.
    """

    name: ClassVar[str] = "recadam"
    shards: ClassVar[bool] = True
    pulls: ClassVar[bool] = True

    strength: float = 5000.0
    """γ, at least 0. The paper's value is for learning rates near 2e-5: η γ must stay below 2."""
    rate: float = 0.1
    """k, above 0; the paper tries 0.05, 0.1, 0.2, 0.5 and 1."""
    middle: float = 250.0
    """t₀, the optimizer step with equal shares; the paper tries 100, 250, 500 and 1000."""

    def __post_init__(self) -> None:
        super().__post_init__()
        fields.at_least("strength", self.strength, 0)
        fields.above("rate", self.rate, 0)
        fields.at_least("middle", self.middle, 0)

    def clash(self, other: Method) -> str:
        same = other.name in ("l2", "decoupled_l2")
        return "it is the same pull twice; leave one of them out" if same else ""

    def warnings(self, setting: Setting) -> list[str]:
        found = overshooting(self.label, self.strength, setting)
        if setting.max_steps is not None and self.middle >= setting.max_steps:
            found.append(
                f"{self.label}: middle is step {fields.short(self.middle)}, and the training has {setting.max_steps} "
                "steps: the task never gets more than half of a step"
            )
        return found

    def terms(self, diagonals: "Sequence[Mapping[str, Tensor]]") -> "list[Term]":
        from harness.methods.annealing import Annealing
        from harness.methods.penalty import Term

        return [Term(self.strength, annealing=Annealing(self.rate, self.middle))]
