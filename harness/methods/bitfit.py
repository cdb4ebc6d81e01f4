"""``bitfit``: training of the biases and the head only (Ben Zaken et al., 2022; Section 6, Tables 6 and 16–18)."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from harness.common.errors import UserError
from harness.methods.base import Method
from harness.methods.frozen import FrozenEncoder, freeze_all_but

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from harness.encoders.loading import Pretrained


@dataclass(frozen=True, kw_only=True)
class Bitfit(FrozenEncoder):
    """Trains all biases of the encoder, including the layer norms', and the parameters without a θ* (the head).

    All other weights are frozen. Encoders without biases, such as ModernBERT, are not supported.
    """

    name: ClassVar[str] = "bitfit"
    shards: ClassVar[bool] = True
    holds_nothing: ClassVar[bool] = False

    def clash(self, other: Method) -> str:
        return "bitfit freezes the matrices that mixout mixes" if other.name == "mixout" else super().clash(other)

    def adapt(self, model: "PreTrainedModel", pretrained: "Pretrained") -> None:
        biases = {name for name, _ in model.named_parameters() if name.endswith("bias")} - pretrained.fresh
        if not biases:
            raise UserError(
                f"bitfit: the encoder ({model.config.model_type}) has no biases to train; give another method"
            )
        freeze_all_but(model, lambda name: name in biases or name in pretrained.fresh)
