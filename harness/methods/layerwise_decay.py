"""``layerwise_decay``: lower learning rates for lower layers (Howard and Ruder, 2018; Clark et al., 2020)."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from harness.common import fields
from harness.methods.base import Method

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from harness.encoders.loading import Pretrained


@dataclass(frozen=True, kw_only=True)
class LayerwiseDecay(Method):
    """η_d = η ξ^(L + 1 − d) at depth d.

    The embeddings have depth 0, the layers 1 to L. The head has depth L + 1 and the full rate η.
    """

    name: ClassVar[str] = "layerwise_decay"
    shards: ClassVar[bool] = True

    decay: float = 0.9
    """ξ, above 0 and at most 1; 1 is vanilla."""

    def __post_init__(self) -> None:
        super().__post_init__()
        fields.above("decay", self.decay, 0)
        fields.at_most("decay", self.decay, 1)

    def rates(self, model: "PreTrainedModel", pretrained: "Pretrained") -> dict[str, float]:
        from harness.encoders import layers

        depths = layers.depths(model, pretrained.fresh)
        top = len(layers.stack(model)) + 1
        return {name: self.decay ** (top - depth) for name, depth in depths.items()}
