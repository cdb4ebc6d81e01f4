"""Examples as model inputs, tokenised once per process and shared by its trials."""

from functools import lru_cache

from datasets import Dataset

from harness import data, models
from harness.errors import UserError
from harness.tasks import task_named


@lru_cache(maxsize=512)
def rows(task: str, place: str, split: str, language: str, encoder: str, max_length: int) -> Dataset:
    """The encoded examples of a split and language, in file order."""
    examples = data.examples(task, place, split, language)
    return task_named(task).encode(examples.rows, models.tokenizer(encoder), max_length)


def check_fingerprint(what: str, found: str, planned: str) -> None:
    """Refuse data that changed between the planning of a trial and its run: its identity would be a lie."""
    if found != planned:
        raise UserError(
            f"data: the {what} changed since the study was planned (fingerprint {found}, planned {planned}); run the study again"
        )
