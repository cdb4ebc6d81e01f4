"""Examples as model inputs, tokenised once per process and shared by its trials."""

from functools import lru_cache

from datasets import Dataset

from harness import data, models
from harness.encoders import Encoder
from harness.errors import bad
from harness.tasks import task_named


@lru_cache(maxsize=512)
def rows(task: str, place: str, split: str, language: str, encoder: Encoder, max_length: int) -> Dataset:
    """The encoded examples of a split and language, in file order. Raises ``UserError`` where ``max_length`` is more than fits."""
    tokenizer = models.tokenizer(encoder)
    if max_length > tokenizer.model_max_length:
        raise bad("max_length", max_length, f"at most {tokenizer.model_max_length}, what the encoder {encoder.path!r} takes")
    return task_named(task).encode(data.examples(task, place, split, language).rows, tokenizer, max_length)
