"""Handling of end tokens for encoders whose head for pairs reads the last end token.

The head also needs equally many end tokens in each sequence. An end token inside a text would make a trial fail, or
move the position that the head reads.
"""

from transformers import PreTrainedTokenizerBase

from harness.encoders.encoder_files import config
from harness.encoders.pinning import Encoder

KINDS = frozenset(("bart", "bigbird_pegasus", "mbart", "mt5", "mvp", "plbart", "t5", "umt5"))
"""The kinds of encoder (``model_type``) with such a head."""


def are_read(encoder: Encoder) -> bool:
    """Whether the encoder has such a head."""
    return config(encoder).get("model_type") in KINDS


def take_apart(loaded: PreTrainedTokenizerBase) -> None:
    """Let a tokenizer read an end token inside a text as plain text, in place.

    The tokenizer's normaliser puts a space into the token.
    """
    from tokenizers import normalizers

    backend, end = loaded.backend_tokenizer, loaded.eos_token
    if end is None:
        return
    loaded.split_special_tokens = backend.encode_special_tokens = True
    before = [] if backend.normalizer is None else [backend.normalizer]
    backend.normalizer = normalizers.Sequence([normalizers.Replace(end, f"{end[0]} {end[1:]}"), *before])
