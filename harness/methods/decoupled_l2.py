"""``decoupled_l2``: the pull towards the pretrained weights as a decay of its own, beside the optimizer's step.

L2-SP (Li et al., 2018) in the decoupled form that AdamW gave to weight decay (Loshchilov and Hutter, 2019).
"""

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
class DecoupledL2(Method):
    """θ ← θ − η λ (θ − θ*) before each optimizer step, η the learning rate of that step, over the encoder's body.

    For plain SGD that is ``l2``; for Adam it is not: there ``l2``'s gradient is divided by the root of the gradients'
    second moment, and clipped with them, while this pull is the same share of the distance for every weight. So its λ
    has another scale: 1/(η λ) steps are its time constant.
    """

    name: ClassVar[str] = "decoupled_l2"
    pulls: ClassVar[bool] = True

    strength: float
    """λ, at least 0; 0 is vanilla."""

    def __post_init__(self) -> None:
        super().__post_init__()
        fields.at_least("strength", self.strength, 0)

    def clash(self, other: Method) -> str:
        return "it is the same pull twice; give one of them the strength of both" if other.name == "l2" else ""

    def warnings(self, setting: Setting) -> list[str]:
        return overshooting(self.label, self.strength, setting)

    def terms(self, diagonals: "Sequence[Mapping[str, Tensor]]") -> "list[Term]":
        from harness.methods.penalty import Term

        return [Term(self.strength, decoupled=True)]
