"""Windows of text with masked tokens: the examples of a Fisher diagonal."""

from dataclasses import dataclass

import torch
from torch import Tensor
from transformers import DataCollatorForLanguageModeling

from harness.common.errors import bad
from harness.data import corpus
from harness.data.origin import Origin
from harness.encoders import loading
from harness.encoders.pinning import Encoder
from harness.methods.fisher_estimate import Estimate

WINDOW = 128
"""Largest number of sub-words in a window, special tokens included."""
MASKED_SHARE = 0.15


@dataclass(frozen=True, eq=False)
class Window:
    """One example."""

    ids: Tensor
    """Sub-words as the model sees them, (length,)."""
    masked: Tensor
    """Positions that are predicted, (count,). A short window may have none."""
    observed: Tensor
    """Sub-words of the text at these positions, (count,)."""
    draws: Tensor
    """Uniform numbers from 0 to 1 for sampling sub-words at these positions, (count,), float64."""


def windows(encoder: Encoder, estimate: Estimate, origin: Origin, longest: int = WINDOW) -> list[Window]:
    """An estimate's examples: the first windows of each language's passages, with the same masks in every process.

    Args:
        encoder: The encoder whose tokenizer cuts the text.
        estimate: Text, languages, number of examples and seed of the masks.
        origin: The place of a task's text.
        longest: Largest number of sub-words in a window, special tokens included. An encoder with fewer positions has
            shorter windows.

    Raises:
        UserError: A language's text has too few windows, or they are so short that nothing is masked. It is also raised
            if the encoder lacks a mask token or a masked-language-model head.
    """
    longest = min(longest, loading.positions(loading.masked_language_model_outline(encoder)))
    tokenizer = loading.tokenizer(encoder)
    if tokenizer.mask_token_id is None:
        raise bad("encoder", encoder.path, "an encoder with a mask token, which a Fisher diagonal needs")
    collate = DataCollatorForLanguageModeling(tokenizer, mlm_probability=MASKED_SHARE, seed=estimate.masking_seed)
    draw = torch.Generator().manual_seed(estimate.masking_seed)
    found = []
    for language, count in estimate.shares.items():
        for ids in _cut(encoder, estimate, language, count, origin, longest):
            batch = collate([{"input_ids": ids}])
            masked = batch["labels"][0].ne(-100).nonzero().flatten()
            draws = torch.rand(len(masked), generator=draw, dtype=torch.float64)
            found.append(Window(batch["input_ids"][0], masked, batch["labels"][0][masked], draws))
        if not any(len(window.masked) for window in found[-count:]):
            raise bad(
                "examples",
                estimate.examples,
                f"more: the text for {language!r} is so short that no token of it is masked",
            )
    return found


def _cut(
    encoder: Encoder, estimate: Estimate, language: str, count: int, origin: Origin, longest: int
) -> list[list[int]]:
    tokenizer = loading.tokenizer(encoder)
    cut: list[list[int]] = []
    for passage in corpus.passages(estimate.text, language, count, origin, estimate.column):
        cut += tokenizer([passage], truncation=True, max_length=longest, return_overflowing_tokens=True)["input_ids"]
        if len(cut) >= count:
            return cut[:count]
    raise bad(
        "examples",
        estimate.examples,
        f"at most {len(cut) * len(estimate.languages)} in all: the text for {language!r} has {len(cut)}",
    )
