"""``layer_freeze``: freezing of the embeddings and the first layers (Lee et al., 2019, "What would Elsa do?")."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from harness.common import fields
from harness.common.errors import bad
from harness.methods.base import Method

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from harness.encoders.loading import Pretrained


@dataclass(frozen=True, kw_only=True)
class LayerFreeze(Method):
    """Freezes the embeddings and the first k layers. The layers above and the head follow the task loss."""

    name: ClassVar[str] = "layer_freeze"
    shards: ClassVar[bool] = True

    layers: int
    """k, from 0 (only the embeddings are frozen) to the number of layers (only the head is trained)."""

    def __post_init__(self) -> None:
        super().__post_init__()
        fields.at_least("layers", self.layers, 0)

    def adapt(self, model: "PreTrainedModel", pretrained: "Pretrained") -> None:
        from harness.encoders import layers

        if self.layers > (count := len(layers.stack(model))):
            raise bad("layer_freeze: layers", self.layers, f"at most {count}, the encoder's layers")
        depths = layers.depths(model, pretrained.fresh)
        for name, parameter in model.named_parameters():
            if depths[name] <= self.layers:
                parameter.requires_grad_(False)
