"""A tokenizer without its vocabulary: its special tokens, which are all that padding a batch takes.

The vocabulary of a multilingual tokenizer is hundreds of MiB of a process's memory, and of no use once all text is
tokenised.
"""

from typing import Any

from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from transformers import PreTrainedTokenizerBase, PreTrainedTokenizerFast

from harness.compat.transformers import set_pad_token_type_id

KEPT = ("model_max_length", "padding_side", "truncation_side", "model_input_names")
"""What else it has of the whole tokenizer."""


def description(tokenizer: PreTrainedTokenizerBase) -> dict[str, Any]:
    """What ``described`` makes one of, as JSON."""
    tokens = tokenizer.special_tokens_map
    return {
        "tokens": tokens,
        "ids": {token: tokenizer.convert_tokens_to_ids(token) for token in tokens.values()},
        "options": {name: getattr(tokenizer, name) for name in KEPT},
        "pad_token_type_id": tokenizer.pad_token_type_id,
    }


def described(description: dict[str, Any]) -> PreTrainedTokenizerBase:
    """It pads as the whole tokenizer does and has its special tokens' ids; given text to tokenise, it raises an
    error."""
    pieces = WordLevel(description["ids"], unk_token="")  # which is not among them
    made = PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer(pieces), **description["tokens"], **description["options"]
    )
    set_pad_token_type_id(made, description["pad_token_type_id"])
    return made
