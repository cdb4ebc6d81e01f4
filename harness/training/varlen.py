"""Packing of a padded batch within the layers, in training: only attention needs the padding.

The examples of a batch and their order stay the same, so packing does not change a study. Sorting the examples by
length would change it. In a batch of short and long sentences, a third to a half of the tokens are padding. Losses and
gradients equal the padded batch's except for rounding, and for dropout, which draws for real tokens only. Evaluation is
not packed, because each of its batches has sequences of nearly equal length.

Batches of ``packed_batches`` come without padding. For them, this module calls ``packed_batches.attention``. It also
gives the first token of each text to a head that labels whole texts.
"""

from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn
from transformers import PreTrainedModel

from harness.compat.transformers import (
    SDPA,
    attention_of,
    register_attention,
    sdpa_attention_forward,
    set_attention,
)
from harness.training.packed_batches import ENDS, FIRSTS, LONGEST, attention

ATTENTION = "packed"
"""The name of the packed attention within transformers."""
LAYERS = {
    **dict.fromkeys(("bert", "camembert", "electra", "roberta", "xlm-roberta"), "encoder"),
    "distilbert": "transformer",
}
"""The submodule with the layers in the body of each family of encoders (``model_type``).

All these families pass their attention mask on to the attention as it is. Nothing but their attention relates one token
to another.
"""


@dataclass(frozen=True, eq=False)
class Packing:
    """Positions of a packed batch's tokens among its B sequences padded to length L, in place of the attention mask."""

    mask: Tensor
    """The attention's mask, (B, 1, L, L), true where a token may be attended to."""
    places: Tensor
    """Positions of the T real tokens within the B × L, (T,)."""

    def pack(self, padded: Tensor) -> Tensor:
        """Pack (B, L, …) into (1, T, …)."""
        return padded.flatten(0, 1).index_select(0, self.places).unsqueeze(0)

    def pad(self, packed: Tensor) -> Tensor:
        """Pad (1, T, …) to (B, L, …), with zeros at the padding."""
        count, _, length, _ = self.mask.shape
        whole = packed.new_zeros(count * length, *packed.shape[2:])
        return whole.index_copy(0, self.places, packed[0]).unflatten(0, (count, length))


def train_packed(model: PreTrainedModel) -> None:
    """Let a model train on packed batches from now on, if ``LAYERS`` has its family and its attention is SDPA.

    Another model is left as it is.
    """
    if model.config.model_type not in LAYERS or attention_of(model) != SDPA:
        return
    layers = model.base_model.get_submodule(LAYERS[model.config.model_type])
    layers.register_forward_pre_hook(_pack, with_kwargs=True)
    layers.register_forward_hook(_pad, with_kwargs=True)
    set_attention(model, ATTENTION)


def is_packed(model: PreTrainedModel) -> bool:
    """Whether a model trains on packed batches."""
    return attention_of(model) == ATTENTION


def unpacked(model: PreTrainedModel) -> None:
    """Set the attention's name back to SDPA, because other programs do not know ``ATTENTION``."""
    if is_packed(model):
        set_attention(model, SDPA)


def _pack(
    layers: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]] | None:
    mask = kwargs.get("attention_mask")
    if not layers.training or mask is None:  # no mask: no padding
        return None
    packing = Packing(mask, mask[:, 0, 0].flatten().nonzero()[:, 0])
    hidden = args[0] if args else kwargs["hidden_states"]
    given = {name: value for name, value in kwargs.items() if name != "hidden_states"}
    return (packing.pack(hidden), *args[1:]), {**given, "attention_mask": packing}


def _pad(layers: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any], outputs: Any) -> Any:
    packing = kwargs.get("attention_mask")
    if isinstance(packing, Packing):
        outputs["last_hidden_state"] = packing.pad(outputs["last_hidden_state"])
    elif FIRSTS in kwargs:
        outputs["last_hidden_state"] = outputs["last_hidden_state"][0].index_select(0, kwargs[FIRSTS]).unsqueeze(1)
    return outputs


def _attention(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | Packing | None,
    **options: Any,
) -> tuple[Tensor, Tensor | None]:
    """The SDPA attention of transformers, also for tokens (1, heads, T, width) in packed batches."""
    if ENDS in options:
        scale = query.size(-1) ** -0.5 if options.get("scaling") is None else options["scaling"]
        return attention(query, key, value, options[ENDS], options[LONGEST], options["dropout"], scale), None
    if not isinstance(attention_mask, Packing):
        found: tuple[Tensor, None] = sdpa_attention_forward(module, query, key, value, attention_mask, **options)
        return found
    query, key, value = (attention_mask.pad(part.transpose(1, 2)).transpose(1, 2) for part in (query, key, value))
    attended, _ = sdpa_attention_forward(module, query, key, value, attention_mask.mask, **options)
    return attention_mask.pack(attended), None


register_attention(ATTENTION, _attention)
