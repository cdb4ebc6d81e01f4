"""Examples as model inputs, tokenised once per node into memory-mapped Arrow files.

All trials and processes share these files.
"""

import json
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datasets import Dataset, concatenate_datasets, disable_progress_bars, load_from_disk
from filelock import FileLock

from harness.common.errors import UserError, bad, reason_and_file
from harness.common.filesystem import PART, replacing
from harness.common.hashing import check_unchanged, digest, file_digest
from harness.common.quarantine import quarantine
from harness.data import reading
from harness.data.origin import Origin
from harness.data.padding_tokenizer import described, description
from harness.encoders import loading, sequence_ends, spm_normalisation
from harness.encoders.encoder_files import config
from harness.encoders.pinning import Encoder
from harness.study import NUMERICS
from harness.tasks import task_named

if TYPE_CHECKING:
    import numpy as np
    from transformers import PreTrainedTokenizerBase

    from harness.tasks import Examples, Task

SPLIT_NAMES = {"train": "training", "dev": "dev", "test": "test"}
TOKENISED = "tokenised"
"""Folder of the tokenised data in a cache."""
SLICE = 2000
"""Number of examples that are tokenised at a time.

A tokenizer's output takes a hundred times the memory of its kept part.
"""
TYPES = "token_type_ids"
SUMS = "sha256.json"
"""Checksums of an entry's other files, written last."""
SPECIAL_TOKENS = "special_tokens.json"


@dataclass(frozen=True)
class Encoded:
    """A split of a language as model inputs."""

    rows: Dataset
    """Encoded rows, from ``Task.encode``."""
    gold: list[list[Any]]
    """Gold labels, from ``Task.gold``."""
    unknown: float
    """Share (%) of the sub-words that are the tokenizer's unknown token."""
    tokenizer: "PreTrainedTokenizerBase"
    """Tokenizer that pads the rows. It has only the special tokens of the encoder's tokenizer."""


@lru_cache(maxsize=256)
def encoded(
    origin: Origin, split: str, language: str, planned: str, encoder: Encoder, max_length: int, cache: Path
) -> Encoded:
    """A split (train, dev or test) and language, from ``cache`` if it has been tokenised before.

    A split that ``cache`` lacks is read and tokenised. Raises ``UserError`` if its fingerprint is not ``planned``,
    ``max_length`` exceeds the encoder's limit, or ``cache`` cannot be written.
    """
    task = task_named(origin.task)
    identity = {
        "numerics": NUMERICS,
        "task": task.name,
        "task_code": origin.code,
        "examples": planned,
        "encoder": spm_normalisation.identity(encoder),
        "libraries": [version(name) for name in ("tokenizers", "transformers")],
        "max_length": max_length,
        **({"special_tokens": "as text"} if sequence_ends.are_read(encoder) else {}),
    }
    folder = cache / TOKENISED / digest(identity)
    if not _is_whole(folder):
        tokenizer = loading.tokenizer(encoder)
        if max_length > tokenizer.model_max_length:
            raise bad(
                "max_length",
                max_length,
                f"at most {tokenizer.model_max_length}, the limit of the encoder {encoder.path!r}",
            )
        examples = reading.examples(origin, split, language)
        check_unchanged(f"data: the {SPLIT_NAMES[split]} data for {language!r}", examples.fingerprint, planned)
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            # A second process that needs the same entry waits for the first.
            with FileLock(folder.with_suffix(".lock")):
                if not _is_whole(folder):
                    _build(folder, task, examples, tokenizer, max_length)
        except OSError as error:
            raise UserError(
                f"store: the tokenised data cannot be kept in {str(folder.parent)!r}: {reason_and_file(error)}"
            ) from error
    rows, gold = (_open(folder / part) for part in ("rows", "gold"))
    special = described(json.loads((folder / SPECIAL_TOKENS).read_text()))
    return Encoded(_inputs(rows, encoder), gold["labels"][:], _unknown(rows, special.unk_token_id), special)


def sample(origin: Origin, language: str, encoder: Encoder, max_length: int, count: int) -> Encoded:
    """The first ``count`` training examples, tokenised in memory."""
    task, tokenizer = task_named(origin.task), loading.tokenizer(encoder)
    examples = reading.examples(origin, "train", language).rows[:count]
    rows = task.encode(examples, tokenizer, max_length)
    return Encoded(
        _inputs(rows, encoder),
        task.gold(examples),
        _unknown(rows, tokenizer.unk_token_id),
        described(description(tokenizer)),
    )


def _inputs(rows: Dataset, encoder: Encoder) -> Dataset:
    """Encoded rows, without token types if the encoder has at most one type.

    A tokenizer of another family may give the second text the type 1.
    """
    one = TYPES in rows.column_names and config(encoder).get("type_vocab_size") in (0, 1)
    return rows.remove_columns(TYPES) if one else rows


def _build(
    folder: Path, task: "Task", examples: "Examples", tokenizer: "PreTrainedTokenizerBase", max_length: int
) -> None:
    """Write an entry beside its place, then move it there, so that no process sees half of it."""
    disable_progress_bars()
    if folder.exists():  # damaged
        quarantine(folder)
    with replacing(folder, folder.with_suffix(PART)) as part:
        slices = [_slice(task, examples, start, tokenizer, max_length) for start in range(0, len(examples), SLICE)]
        concatenate_datasets(slices).save_to_disk(part / "rows")
        Dataset.from_dict({"labels": task.gold(examples.rows)}).save_to_disk(part / "gold")
        (part / SPECIAL_TOKENS).write_text(json.dumps(description(tokenizer)))
        (part / SUMS).write_text(json.dumps(_sums(part)))


def _slice(
    task: "Task", examples: "Examples", start: int, tokenizer: "PreTrainedTokenizerBase", max_length: int
) -> Dataset:
    rows = task.encode(examples.rows[start : start + SLICE], tokenizer, max_length)
    numbers = [start + number for number in rows["example"]]
    return rows.remove_columns("example").add_column("example", numbers)


def _sums(folder: Path) -> dict[str, str]:
    files = (file for file in sorted(folder.rglob("*")) if file.is_file() and file.name != SUMS)
    return {str(file.relative_to(folder)): file_digest(file) for file in files}


def _is_whole(folder: Path) -> bool:
    """Whether an entry exists and matches its checksums.

    The check takes a moment once per process, and protects a study from damaged files. Entries of former versions have
    no special tokens, and are made again.
    """
    try:
        sums = json.loads((folder / SUMS).read_text())
        return SPECIAL_TOKENS in sums and bool(sums == _sums(folder))
    except (OSError, ValueError):
        return False


def _open(folder: Path) -> Dataset:
    rows = load_from_disk(str(folder), keep_in_memory=False)
    assert isinstance(rows, Dataset)
    return rows


def sub_words(rows: Dataset) -> "np.ndarray[Any, Any]":
    """The ids of all sub-words of encoded rows, one after another."""
    return rows.data.column("input_ids").combine_chunks().flatten().to_numpy()


def _unknown(rows: Dataset, piece: int | None) -> float:
    return 100 * float((sub_words(rows) == piece).mean()) if piece is not None else 0.0
