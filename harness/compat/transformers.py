"""Private or undocumented names of ``transformers``, except for ``Trainer``.

Tested with transformers 5.17 to 5.24.
"""

from collections.abc import Callable, Container
from itertools import chain
from pathlib import Path

import torch
from torch import Tensor
from transformers import (
    AttentionInterface,
    AttentionMaskInterface,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask
from transformers.utils.hub import cached_file

__all__ = [
    "SDPA",
    "attention_of",
    "cached_file",
    "initialise",
    "precompiled_charsmap",
    "recompute_activations",
    "register_attention",
    "sdpa_attention_forward",
    "set_attention",
    "set_pad_token_type_id",
]

SDPA = "sdpa"
"""Name of the attention that calls torch's ``scaled_dot_product_attention``."""


def initialise(model: PreTrainedModel, fresh: Container[str], seed: int) -> None:
    """Draw the parameters and buffers named in ``fresh`` from a seed, as ``transformers`` initialises them.

    All other parameters and buffers stay unchanged.
    """
    for module in model.modules():
        module._is_hf_initialized = False  # type: ignore[assignment]
    for name, tensor in chain(model.named_parameters(), model.named_buffers()):
        tensor._is_hf_initialized = name not in fresh  # type: ignore[attr-defined]
    torch.manual_seed(seed)
    model.initialize_weights()


def register_attention(name: str, forward: Callable[..., tuple[Tensor, Tensor | None]]) -> None:
    """Register an attention, with the masks that ``SDPA`` takes."""
    AttentionInterface.register(name, forward)
    AttentionMaskInterface.register(name, sdpa_mask)


def attention_of(model: PreTrainedModel) -> str | None:
    """The name of a model's attention."""
    return model.config._attn_implementation


def set_attention(model: PreTrainedModel, name: str) -> None:
    """Make a model use the attention with a given name."""
    model.config._attn_implementation = name


def recompute_activations(model: PreTrainedModel) -> None:
    """Make the backward pass recompute each layer's activations.

    Raises ``ValueError`` if the kind of encoder does not support this.
    """
    if hasattr(model, "activation_checkpointing_enable"):  # from 5.24 on
        model.activation_checkpointing_enable({"use_reentrant": False})
    else:
        model.gradient_checkpointing_enable({"use_reentrant": False})
    model.disable_input_require_grads()  # otherwise gradients would flow through frozen layers too


def precompiled_charsmap(file: Path) -> bytes:
    """The normalisation rules of a SentencePiece model, in the form of ``tokenizers``; empty if there are no rules."""
    from transformers.convert_slow_tokenizer import SentencePieceExtractor  # here, as it loads all converters

    rules: bytes = SentencePieceExtractor(str(file)).proto.normalizer_spec.precompiled_charsmap
    return rules


def set_pad_token_type_id(tokenizer: PreTrainedTokenizerBase, number: int) -> None:
    """Set the token type of padding, which a tokenizer's constructor does not accept."""
    tokenizer._pad_token_type_id = number
