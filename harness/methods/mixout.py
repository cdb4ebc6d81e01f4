"""``mixout``: dropout towards the pretrained weights instead of towards zero (Lee et al., 2020)."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from harness.common import fields
from harness.methods.base import Method

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from harness.encoders.loading import Pretrained


@dataclass(frozen=True, kw_only=True)
class Mixout(Method):
    """In training, weights of the encoder's linear maps become θᵢ* + (1 − Mᵢ)(θᵢ − θᵢ*)/(1 − p), Mᵢ ~ Bernoulli(p).

    In each forward pass an entry is thus θᵢ* with probability p, and its mean is θᵢ. As in the authors' code, biases,
    embeddings and layer norms are not mixed. The encoder's own dropout stays, so that only the method differs from
    vanilla.
    """

    name: ClassVar[str] = "mixout"
    shards: ClassVar[bool] = True
    pulls: ClassVar[bool] = True

    probability: float = 0.7
    """p, from 0 (vanilla) to below 1."""

    def __post_init__(self) -> None:
        super().__post_init__()
        fields.share("probability", self.probability)

    def adapt(self, model: "PreTrainedModel", pretrained: "Pretrained") -> None:
        from torch import nn

        from harness.methods.mixed_linear import MixedLinear

        anchor = pretrained.anchor
        for name, module in list(model.base_model.named_modules()):
            if type(module) is nn.Linear and f"{name}.weight" in anchor:
                model.base_model.set_submodule(name, MixedLinear(module, anchor[f"{name}.weight"], self.probability))
