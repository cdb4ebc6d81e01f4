"""``smart``: outputs that change little when the word embeddings are disturbed (Jiang et al., 2020)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from harness.common import fields
from harness.methods.base import Method

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel

    from harness.methods.batch import Batch

NORMS = ("inf", "2")


@dataclass(frozen=True, kw_only=True)
class Smart(Method):
    """ℓ + λ max over ‖x̃ − x‖ ≤ ε of KL(f(x̃)‖f(x)) + KL(f(x)‖f(x̃)), x the embeddings of a batch's sub-words.

    This is the smoothness-inducing regulariser of SMART (ACL 2020, Eq. 2), without its proximal steps. x̃ begins at
    x + ν, ν ~ N(0, σ²), and ascends T times: x̃ ← Π(x̃ + η g/‖g‖), g the gradient. The norm, and the projection Π onto
    the ball of radius ε, are taken for each sub-word. If answers are numbers, (f(x̃) − f(x))² replaces the divergences.
    As in the authors' code, dropout stays on: each pass draws its own.
    """

    name: ClassVar[str] = "smart"
    shards: ClassVar[bool] = True

    strength: float = 1.0
    """λ, at least 0; the paper tries 1, 3 and 5. 0 is vanilla."""
    radius: float = 1e-5
    """ε, above 0. The paper's value is so small that dropout, and not x̃, makes up most of the divergence."""
    step: float = 1e-3
    """η, above 0."""
    noise: float = 1e-5
    """σ, above 0: the divergence has no slope at x itself."""
    ascents: int = 1
    """T, at least 1. Each ascent costs a forward and a backward pass."""
    norm: str = "inf"
    """``inf``, the largest component, or ``2``, the Euclidean length."""

    def __post_init__(self) -> None:
        super().__post_init__()
        fields.at_least("strength", self.strength, 0)
        for name in ("radius", "step", "noise"):
            fields.above(name, getattr(self, name), 0)
        fields.at_least("ascents", self.ascents, 1)
        fields.choice("norm", self.norm, NORMS)

    def loss(self, model: "PreTrainedModel", batch: "Batch", outputs: "Mapping[str, Tensor]") -> "Tensor | None":
        if self.strength == 0:
            return None
        from harness.methods.disturbance import Ascent, outputs_at

        ascent = Ascent(self.radius, self.step, self.noise, self.ascents, self.norm)
        moved = ascent.moved(model, batch, outputs)
        return self.strength * batch.divergence(outputs_at(model, batch, moved), outputs)
