"""Passages of Wikipedia: the first ones of a fixed snapshot, streamed from the hub or from a copy on disk."""

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from harness.common.errors import UserError, reason_and_file
from harness.data.shards import split_files

NAME = "wikimedia/wikipedia"
SNAPSHOT = "20231101"
"""The dump that passages are of: a later one has other articles."""
SHORTEST = 40
"""Characters of a passage, in any script: what is shorter is often a heading or a list's item."""


def configuration(language: str) -> str:
    """The hub's name of a language's articles; a copy's folder has the same."""
    return f"{SNAPSHOT}.{language}"


def streamed(language: str, count: int) -> list[str]:
    """The first ``count`` passages on the hub, without downloading the rest. Raises ``UserError`` where the hub does
    not give them."""
    from datasets import load_dataset

    try:
        articles = load_dataset(NAME, configuration(language), split="train", streaming=True)
        return list(islice(_paragraphs(articles), count))
    except Exception as error:  # whatever the network or the library raises, the text is not to be had
        raise UserError(
            f"text: {NAME} ({configuration(language)}) could not be read from the Hugging Face hub: "
            f"{reason_and_file(error)}. Give a directory with a copy, or with XX.txt files"
        ) from None


def copied(folder: Path, language: str, count: int) -> list[str] | None:
    """The first ``count`` passages of a copy's Parquet files; ``None`` where there is none of the language."""
    # The first files do: a few passages are read.
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
    """An article's text has a paragraph a line."""
    for article in articles:
        yield from (line for line in map(str.strip, article["text"].split("\n")) if len(line) >= SHORTEST)
