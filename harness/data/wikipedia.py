"""Passages of Wikipedia: the first of a fixed snapshot, streamed from the hub or from a copy on disk."""

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from harness.common.errors import UserError, reason_and_file
from harness.data.shards import split_files

NAME = "wikimedia/wikipedia"
SNAPSHOT = "20231101"
"""Date of the dump. It is fixed because later dumps have other articles."""
SHORTEST = 40
"""Smallest number of characters of a passage, in any script: a shorter line is often a heading or a list item."""


def configuration(language: str) -> str:
    """The hub's name of a language's articles, also the name of a copy's folder."""
    return f"{SNAPSHOT}.{language}"


def streamed(language: str, count: int) -> list[str]:
    """The first ``count`` passages on the hub, without downloading the rest. Raises ``UserError`` if the hub fails."""
    from datasets import load_dataset

    try:
        articles = load_dataset(NAME, configuration(language), split="train", streaming=True)
        return list(islice(_paragraphs(articles), count))
    except Exception as error:  # any error of the network or the library means that the text is unavailable
        raise UserError(
            f"text: {NAME} ({configuration(language)}) could not be read from the Hugging Face hub: "
            f"{reason_and_file(error)}. Give a folder with a copy, or with XX.txt files"
        ) from None


def copied(folder: Path, language: str, count: int) -> list[str] | None:
    """The first ``count`` passages of a copy's Parquet files; ``None`` if the copy lacks the language.

    Raises ``UserError`` if the copy cannot be read.
    """
    # The first files suffice for a few passages.
    files = split_files(folder / configuration(language), ["train-*.parquet"], whole=False)
    parts = [str(file) for file in files]
    if not parts:
        return None
    from datasets import load_dataset

    try:
        articles = load_dataset("parquet", data_files=parts, split="train", streaming=True)
        return list(islice(_paragraphs(articles), count))
    except Exception as error:
        raise UserError(f"text: {folder / configuration(language)} cannot be read: {reason_and_file(error)}") from None


def _paragraphs(articles: Iterable[dict[str, Any]]) -> Iterator[str]:
    """The paragraphs of articles, one per line of text, without paragraphs shorter than ``SHORTEST``."""
    for article in articles:
        yield from (line for line in map(str.strip, article["text"].split("\n")) if len(line) >= SHORTEST)
