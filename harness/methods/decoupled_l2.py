"""``decoupled_l2``: the pull towards the pretrained weights as a decay apart from the optimizer's step.

It is L2-SP (Li et al., 2018) in the decoupled form of AdamW's weight decay (Loshchilov and Hutter, 2019).
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
    """θ ← θ − η λ (θ − θ*) over the encoder's body before each optimizer step with learning rate η.

    For plain SGD this equals ``l2``. For Adam it does not: ``l2``'s gradient is clipped with the task's, and divided by
    the root of the second moment. The decoupled pull is the same share of the distance for every weight. Its λ
    therefore has another scale: the time constant is 1/(η λ) steps.
    """

    name: ClassVar[str] = "decoupled_l2"
    shards: ClassVar[bool] = True
    pulls: ClassVar[bool] = True

    strength: float
    """λ, at least 0; 0 is vanilla."""

    def __post_init__(self) -> None:
        super().__post_init__()
        fields.at_least("strength", self.strength, 0)

    def clash(self, other: Method) -> str:
        return "it is the same pull twice; leave one of them out" if other.name == "l2" else ""

    def warnings(self, setting: Setting) -> list[str]:
        return overshooting(self.label, self.strength, setting)

    def terms(self, diagonals: "Sequence[Mapping[str, Tensor]]") -> "list[Term]":
        from harness.methods.penalty import Term

        return [Term(self.strength, decoupled=True)]
