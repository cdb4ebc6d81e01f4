"""``l2``: L2-distance regularisation towards the pretrained weights (Section 3.1, Eq. 1)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from harness.common import fields
from harness.methods.base import Method
from harness.setting import Setting

if TYPE_CHECKING:
    from torch import Tensor

    from harness.methods.penalty import Term


@dataclass(frozen=True, kw_only=True)
class L2(Method):
    """Total loss = task loss + λ/2 Σᵢ (θᵢ − θᵢ*)² over the encoder's body. The head has no θ* and is not pulled."""

    name: ClassVar[str] = "l2"
    shards: ClassVar[bool] = True
    pulls: ClassVar[bool] = True

    strength: float
    """λ of Eq. 1, at least 0; 0 is vanilla."""

    def __post_init__(self) -> None:
        super().__post_init__()
        fields.at_least("strength", self.strength, 0)

    def warnings(self, setting: Setting) -> list[str]:
        return overshooting(self.label, self.strength, setting)

    def terms(self, diagonals: "Sequence[Mapping[str, Tensor]]") -> "list[Term]":
        from harness.methods.penalty import Term

        return [Term(self.strength)]


def overshooting(label: str, strength: float, setting: Setting) -> list[str]:
    """A warning if η λ ≥ 2: a plain gradient step of the pull then ends no nearer to θ* than it began."""
    step = setting.learning_rate * strength
    if step < 2:
        return []
    return [
        f"{label} at learning rate {fields.short(setting.learning_rate)}: learning rate × strength is {step:g}; above "
        "2 a plain gradient step ends further from θ* than it began, and the pull alone diverges"
    ]
