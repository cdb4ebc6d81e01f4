"""Helpers that make a user's own data from the shipped texts, in several formats."""

import gzip
from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa
from datasets import Dataset

from harness.data import reading
from harness.data.origin import Origin
from tests.helpers.data import ORIGIN

Row = dict[str, object]


def topics(split: str, language: str, count: int) -> list[Row]:
    """The first shipped sentences, each with the topic ``number`` if it has a number, else ``none``."""
    sentences = reading.examples(ORIGIN, split, language).rows[:count]
    return [{"sentence": " ".join(words), "topic": "number" if "NUM" in tags else "none"} for words, tags in sentences]


def contents(split: str, language: str, count: int) -> list[Row]:
    """The first shipped sentences, each with a list of its contents: ``name``, ``number``, both or neither."""
    sentences = reading.examples(ORIGIN, split, language).rows[:count]
    kinds = {"name": "PROPN", "number": "NUM"}
    return [
        {"sentence": " ".join(words), "has": [label for label, tag in kinds.items() if tag in tags]}
        for words, tags in sentences
    ]


def paraphrases(split: str, language: str, count: int) -> list[Row]:
    """The first shipped paraphrases, each followed by its first text with the second text of another pair.

    The latter pair is no paraphrase.
    """
    rows = [row[:2] for row in reading.examples(Origin("pawsx", "embedded"), split, language).rows if row[2] == "1"]
    pairs = [(first, rows[(n + 7) % len(rows)][1]) for n, (first, _) in enumerate(rows)]
    both = [row for pair in zip(rows, pairs, strict=True) for row in pair][:count]
    return [{"first": a, "second": b, "paraphrase": "no" if n % 2 else "yes"} for n, (a, b) in enumerate(both)]


def tagged(split: str, language: str, count: int) -> list[Row]:
    """The first shipped sentences, their proper nouns tagged as names."""
    sentences = reading.examples(ORIGIN, split, language).rows[:count]
    return [{"words": list(words), "tags": _names(tags)} for words, tags in sentences]


def _names(tags: Sequence[str]) -> list[str]:
    begins = ["B-NAME" if before != "PROPN" else "I-NAME" for before in ("", *tags)]
    return [begin if tag == "PROPN" else "O" for begin, tag in zip(begins, tags, strict=False)]


def lengths(split: str, language: str, count: int) -> list[Row]:
    """The first shipped sentences, each with the share of nouns among its words."""
    sentences = reading.examples(ORIGIN, split, language).rows[:count]
    return [
        {"sentence": " ".join(words), "value": round(sum(tag == "NOUN" for tag in tags) / len(tags), 3)}
        for words, tags in sentences
    ]


def written(rows: list[Row], file: Path) -> str:
    """Write rows to a file in the format of its name; a name without a suffix is a folder of ``save_to_disk``."""
    kind = next((suffix for suffix in file.suffixes if suffix in WRITERS), "")
    WRITERS[kind](pd.DataFrame(rows), file)
    return str(file)


def _compressed(content: bytes, file: Path) -> None:
    if file.suffix == ".gz":
        content = gzip.compress(content)
    elif file.suffix == ".zst":
        sink = pa.BufferOutputStream()
        with pa.CompressedOutputStream(sink, "zstd") as stream:
            stream.write(content)
        content = sink.getvalue().to_pybytes()
    file.write_bytes(content)


def _csv(frame: pd.DataFrame, file: Path) -> None:
    _compressed(frame.to_csv(index=False).encode(), file)


def _tsv(frame: pd.DataFrame, file: Path) -> None:
    _compressed(frame.to_csv(index=False, sep="\t").encode(), file)


def _jsonl(frame: pd.DataFrame, file: Path) -> None:
    _compressed(frame.to_json(orient="records", lines=True, force_ascii=False).encode(), file)


def _parquet(frame: pd.DataFrame, file: Path) -> None:
    _compressed(frame.to_parquet(index=False), file)


def _saved(frame: pd.DataFrame, file: Path) -> None:
    Dataset.from_pandas(frame, preserve_index=False).save_to_disk(str(file))


WRITERS: dict[str, Callable[[pd.DataFrame, Path], None]] = {
    ".csv": _csv,
    ".tsv": _tsv,
    ".jsonl": _jsonl,
    ".parquet": _parquet,
    "": _saved,
}
