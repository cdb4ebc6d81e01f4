"""``lora``: low-rank updates of a frozen encoder's attention (Hu et al., 2022), implemented by PEFT."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from harness.common import fields
from harness.common.errors import UserError, reason
from harness.methods.frozen import MAX_WIDTH, FrozenEncoder

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from harness.encoders.loading import Pretrained

MODULES = {
    "distilbert": ("q_lin", "v_lin"),
    "modernbert": ("Wqkv",),
    "camembert": ("query", "value"),
    "xlm-roberta-xl": ("query", "value"),
}
"""Maps with queries and values, for encoders without a PEFT default."""


@dataclass(frozen=True, kw_only=True)
class Lora(FrozenEncoder):
    """W = W* + (α/r) B A for the attention's queries and values. A (r, in) starts random and B (out, r) at zero.

    A, B and the parameters without a θ* (the head) are trained. Before scoring, (α/r) B A is merged into W*, so scoring
    is as fast as without LoRA.
    """

    name: ClassVar[str] = "lora"
    shards: ClassVar[bool] = True

    rank: int = 8
    """Rank r."""
    alpha: float = 16.0
    """α, above 0."""
    dropout: float = 0.0
    """Dropout of A's input, from 0 to below 1."""
    modules: tuple[str, ...] = ()
    """Suffixes of the names of the linear maps to update; empty for the queries and values."""

    def __post_init__(self) -> None:
        super().__post_init__()
        fields.at_least("rank", self.rank, 1)
        fields.at_most("rank", self.rank, MAX_WIDTH)
        fields.above("alpha", self.alpha, 0)
        fields.share("dropout", self.dropout)
        if self.modules:
            fields.once("modules", self.modules)
            object.__setattr__(self, "modules", tuple(sorted(self.modules)))  # their order changes nothing

    def adapt(self, model: "PreTrainedModel", pretrained: "Pretrained") -> None:
        from peft import LoraConfig, LoraModel
        from peft.utils.constants import TRANSFORMERS_MODELS_TO_LORA_TARGET_MODULES_MAPPING as defaults
        from torch import nn

        kind = model.config.model_type
        modules = self.modules or MODULES.get(kind) or tuple(defaults.get(kind, ()))
        if not modules:
            raise UserError(
                f"lora: the queries and values of a {kind!r} encoder are not known; name them with 'modules'"
            )
        ends = tuple(f".{module}" for module in modules)
        anchored = {f"{model.base_model_prefix}.{name}".removesuffix(".weight") for name in pretrained.anchor}
        found = {name: module for name, module in model.named_modules() if name in anchored and name.endswith(ends)}
        if not found:
            raise UserError(
                f"lora: modules: the encoder ({kind}) has no module whose name ends in {', '.join(modules)}"
            )
        for name, module in found.items():
            if not isinstance(module, nn.Linear):
                raise UserError(f"lora: modules: {name} is a {type(module).__name__}; give linear maps")
        names = list(found)
        config = LoraConfig(
            r=self.rank,
            lora_alpha=self.alpha,  # type: ignore[arg-type]
            lora_dropout=self.dropout,
            target_modules=names,
        )
        try:
            LoraModel(model, config, "default")  # changes the model in place
        except ValueError as error:
            raise UserError(f"lora: modules: {reason(error)}") from None
        for name, parameter in model.named_parameters():
            if name in pretrained.fresh:
                parameter.requires_grad_(True)

    def finish(self, model: "PreTrainedModel") -> None:
        from peft.tuners.lora import LoraLayer

        for name, module in list(model.named_modules()):
            if isinstance(module, LoraLayer):
                module.merge()
                model.set_submodule(name, module.get_base_layer())
