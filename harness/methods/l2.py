"""``l2``: L2-distance regularisation towards the pretrained weights (Section 3.1, Eq. 1)."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from harness import fields
from harness.methods.base import Fisher, Method

if TYPE_CHECKING:
    from harness.penalty import Term


@dataclass(frozen=True, kw_only=True)
class L2(Method):
    """Total loss = task loss + λ/2 Σᵢ (θᵢ − θᵢ*)² over the encoder's body; the head has no θ* and is not pulled."""

    name: ClassVar[str] = "l2"

    strength: float
    """λ of Eq. 1, at least 0; 0 is vanilla."""

    def __post_init__(self) -> None:
        super().__post_init__()
        fields.at_least("strength", self.strength, 0)

    def terms(self, fisher: Fisher) -> list["Term"]:
        from harness.penalty import Term

        return [Term(self.strength)]
