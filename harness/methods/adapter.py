"""``adapter``: bottlenecks inside a frozen encoder (Houlsby et al., 2019; Section 6, Tables 6 and 16–18)."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from harness.common import fields
from harness.common.errors import UserError
from harness.methods.frozen import MAX_WIDTH, FrozenEncoder, freeze_all_but

if TYPE_CHECKING:
    from torch import nn
    from transformers import PreTrainedModel

    from harness.encoders.loading import Pretrained

PLACES = {
    "attention.output.dense": "output.dense",  # BERT, XLM-R, RoBERTa, CamemBERT, ELECTRA, DeBERTa
    "attention.out_lin": "ffn.lin2",  # DistilBERT
    "attn.Wo": "mlp.Wo",  # ModernBERT
}
"""The last linear maps of the attention and of the feed-forward part, within a layer."""
SPREAD = 0.01
"""Standard deviation of a new bottleneck's down-projection: small, because Houlsby et al. start near the identity."""


@dataclass(frozen=True, kw_only=True)
class Adapter(FrozenEncoder):
    """h ← h + W_up gelu(W_down h + b_down) + b_up after the attention and the feed-forward part of each layer.

    The bottleneck follows the part's last linear map, before dropout and the residual connection. As in the paper, the
    bottlenecks, the layer norms and the parameters without a θ* (the head) are trained. All languages share one set.
    W_up starts at zero, so the encoder starts as it was pretrained.
    """

    name: ClassVar[str] = "adapter"
    shards: ClassVar[bool] = True

    size: int = 64
    """Width of a bottleneck; 64 in Table 16."""

    def __post_init__(self) -> None:
        super().__post_init__()
        fields.at_least("size", self.size, 1)
        fields.at_most("size", self.size, MAX_WIDTH)

    def adapt(self, model: "PreTrainedModel", pretrained: "Pretrained") -> None:
        from torch import nn

        from harness.encoders import layers

        norms = {
            f"{name}.{part}"
            for name, module in model.named_modules()
            if isinstance(module, nn.LayerNorm) or type(module).__name__.endswith("LayerNorm")  # DeBERTa has its own
            for part, _ in module.named_parameters(recurse=False)
        }
        freeze_all_but(model, lambda name: name in norms or name in pretrained.fresh)
        for layer in layers.stack(model):
            modules = dict(layer.named_modules())
            places = next(((a, b) for a, b in PLACES.items() if a in modules and b in modules), None)
            if places is None:
                raise UserError(
                    f"adapter: it is not known where adapters go in a {model.config.model_type!r} encoder; give "
                    "another method"
                )
            for place in places:
                _insert(modules[place], self.size)


def _insert(linear: "nn.Module", size: int) -> None:
    """Add a bottleneck after a linear map, which keeps its name and its weights."""
    import torch
    from torch import nn

    width, device = linear.out_features, linear.weight.device
    down, up = nn.Linear(width, size, device=device), nn.Linear(size, width, device=device)  # type: ignore[arg-type]
    with torch.no_grad():
        nn.init.normal_(down.weight, std=SPREAD)
        for zero in (down.bias, up.weight, up.bias):
            nn.init.zeros_(zero)
    linear.adapter = nn.Sequential(down, nn.GELU(), up)

    def add(module: nn.Module, inputs: Any, output: torch.Tensor) -> torch.Tensor:
        correction: torch.Tensor = module.adapter(output)  # type: ignore[operator]
        return output + correction

    linear.register_forward_hook(add)
