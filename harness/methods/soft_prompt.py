"""``soft_prompt``: trained virtual tokens at the input of a frozen encoder.

Lester et al. (2021); Section 6, Tables 6 and 16–18.
"""

import inspect
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from harness.common import fields
from harness.common.errors import bad
from harness.methods.base import Method
from harness.methods.frozen import FrozenEncoder, freeze_all_but

if TYPE_CHECKING:
    from torch import nn
    from transformers import PreTrainedModel

    from harness.encoders.loading import Pretrained

NAME = "soft_prompt"
"""Name of the prompt's module in the encoder's body."""


@dataclass(frozen=True, kw_only=True)
class SoftPrompt(FrozenEncoder):
    """Trains P prompt embeddings (``tokens``) and the parameters without a θ* (the head). All other weights are frozen.

    The prompt embeddings are PEFT's. The input is ``[CLS] p₁ … p_P x₁ x₂ …``. Heads for whole texts read the first
    position, so the prompts follow it. The output at the prompts' positions is dropped before the head, so the logits
    of a token keep their position.
    """

    name: ClassVar[str] = "soft_prompt"
    shards: ClassVar[bool] = True

    tokens: int = 20
    """P, which counts towards the encoder's longest input; 20 in Table 16."""

    def __post_init__(self) -> None:
        super().__post_init__()
        fields.at_least("tokens", self.tokens, 1)

    def clash(self, other: Method) -> str:
        return "the prompts have no layers to decay over" if other.name == "layerwise_decay" else super().clash(other)

    @property
    def virtual_tokens(self) -> int:
        return self.tokens

    def adapt(self, model: "PreTrainedModel", pretrained: "Pretrained") -> None:
        from peft import PromptEmbedding, PromptTuningConfig
        from torch import nn

        freeze_all_but(model, lambda name: name in pretrained.fresh)
        words = pretrained.model.get_input_embeddings()
        assert isinstance(words, nn.Embedding)
        body = model.base_model
        if "inputs_embeds" not in inspect.signature(body.forward).parameters:
            raise bad(
                "soft_prompt: encoder",
                model.config.model_type,
                "an encoder that takes embeddings as input (inputs_embeds)",
            )
        config = PromptTuningConfig(
            num_virtual_tokens=self.tokens,
            token_dim=words.embedding_dim,
            num_transformer_submodules=1,
            prompt_tuning_init="SAMPLE_VOCAB",  # as in Lester et al. (2021), but from the whole vocabulary
        )
        prompt = PromptEmbedding(config, words)
        prompt.requires_grad_(True)
        body.add_module(NAME, prompt)
        body.register_forward_pre_hook(_prepend, with_kwargs=True)
        body.register_forward_hook(_drop)


def _prepend(
    body: "nn.Module", given: tuple[Any, ...], named: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The body's inputs with the prompts after the first token.

    The embeddings are (batch, length + P, width); mask and token types get the same length.
    """
    import torch

    inputs = inspect.signature(body.forward).bind(*given, **named).arguments
    inputs |= inputs.pop("kwargs", {})
    ids, embedded = inputs.pop("input_ids", None), inputs.pop("inputs_embeds", None)
    if embedded is None:
        embedded = body.get_input_embeddings()(ids)  # type: ignore[operator]
    weight: torch.Tensor = getattr(body, NAME).embedding.weight
    prompts = weight.to(embedded.dtype).expand(len(embedded), -1, -1)
    mask = inputs.get("attention_mask")
    if mask is None:
        mask = torch.ones(embedded.shape[:2], dtype=torch.long, device=embedded.device)
    inputs["attention_mask"] = _inserted(mask, torch.ones_like(mask[:, :1]).expand(-1, len(weight)))
    types = inputs.get("token_type_ids")
    if types is not None:
        inputs["token_type_ids"] = _inserted(types, types[:, :1].expand(-1, len(weight)))
    return (), {**inputs, "inputs_embeds": _inserted(embedded, prompts)}


def _inserted(sequence: Any, between: Any) -> Any:
    import torch

    return torch.cat((sequence[:, :1], between, sequence[:, 1:]), dim=1)


def _drop(body: "nn.Module", given: Any, output: Any) -> Any:
    """The body's output without the prompts' positions."""
    import torch

    count = len(getattr(body, NAME).embedding.weight)
    hidden = output[0]
    output["last_hidden_state"] = torch.cat((hidden[:, :1], hidden[:, 1 + count :]), dim=1)
    return output
