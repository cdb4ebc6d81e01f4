"""A tokenizer without its vocabulary, to pad batches. Padding needs only the special tokens.

The vocabulary of a multilingual tokenizer takes hundreds of MiB of memory, and is useless once all text is tokenised.
"""

from typing import Any

from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from transformers import PreTrainedTokenizerBase, PreTrainedTokenizerFast

from harness.compat.transformers import set_pad_token_type_id

KEPT = ("model_max_length", "padding_side", "truncation_side", "model_input_names")
"""Further attributes taken from the whole tokenizer."""


def description(tokenizer: PreTrainedTokenizerBase) -> dict[str, Any]:
    """The form in JSON that ``described`` reads."""
    tokens = tokenizer.special_tokens_map
    return {
        "tokens": tokens,
        "ids": {token: tokenizer.convert_tokens_to_ids(token) for token in tokens.values()},
        "options": {name: getattr(tokenizer, name) for name in KEPT},
        "pad_token_type_id": tokenizer.pad_token_type_id,
    }


def described(description: dict[str, Any]) -> PreTrainedTokenizerBase:
    """A tokenizer that pads like the whole tokenizer, with the same special tokens. Tokenising text with it raises an
    error.
    """
    pieces = WordLevel(description["ids"], unk_token="")  # the unknown token is left out, so that text raises an error
    made = PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer(pieces), **description["tokens"], **description["options"]
    )
    set_pad_token_type_id(made, description["pad_token_type_id"])
    return made
