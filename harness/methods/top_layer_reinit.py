"""``top_layer_reinit``: the top layers start at random instead of pretrained (Zhang et al., 2020)."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from harness.common import fields
from harness.common.errors import bad
from harness.methods.base import Method
from harness.methods.frozen import FrozenEncoder

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from harness.encoders.loading import Pretrained


@dataclass(frozen=True, kw_only=True)
class TopLayerReinit(Method):
    """The top k layers, and the pooler, start as the encoder's family initialises them, such as N(0, 0.02²).

    This is Re-init of "Revisiting Few-sample BERT Fine-tuning" (2020). The new weights depend on the seed of the
    initial weights alone. Like the head's weights, they have no θ*: no penalty pulls them, no method freezes or mixes
    them, and layerwise_decay leaves them the setting's ``learning_rate``.
    """

    name: ClassVar[str] = "top_layer_reinit"
    shards: ClassVar[bool] = True

    layers: int
    """k, from 0 to the number of layers; the paper tries 1 to 6 of 24."""
    pooler: bool = True
    """Whether pretrained weights between the layers and the task's output start anew too."""

    def __post_init__(self) -> None:
        super().__post_init__()
        fields.at_least("layers", self.layers, 0)

    def clash(self, other: Method) -> str:
        if isinstance(other, FrozenEncoder) and other.holds_nothing:
            return f"{other.name} freezes the layers that would start anew"
        return ""

    def restarts(self, model: "PreTrainedModel", pretrained: "Pretrained") -> frozenset[str]:
        from harness.encoders import layers

        if self.layers > (count := len(layers.stack(model))):
            raise bad("top_layer_reinit: layers", self.layers, f"at most {count}, the encoder's layers")
        depths = layers.depths(model, pretrained.fresh)
        place = layers.place(model)
        top = {n for n in depths if n.startswith(f"{place}.") and depths[n] > count - self.layers}
        poolers = {n for n in depths if layers.is_pooler(n, model)} if self.pooler else set()
        return frozenset((top | poolers) - pretrained.fresh)
