"""Readers of example files, by the file name's suffix. A reader is one function, and one line in ``READERS``.

A reader receives a file's decompressed bytes, and its name for messages. It returns a table with the file's columns and
Python objects as cells. A reader of tagged sentences returns the columns ``words`` and ``tags``, lists of text.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from harness.common import files
from harness.common.errors import UserError, bad, reason
from harness.common.registry import Registry

if TYPE_CHECKING:
    import pandas as pd

Reader = Callable[[bytes, str], "pd.DataFrame"]

READERS: Registry[Reader] = Registry(
    {
        ".csv": "harness.data.readers.tables:csv",
        ".tsv": "harness.data.readers.tables:tsv",
        ".jsonl": "harness.data.readers.tables:jsonl",
        ".parquet": "harness.data.readers.tables:parquet",
        ".json": "harness.data.readers.squad:squad",
        **dict.fromkeys((".conll", ".conllu", ".iob", ".iob2", ".bio", ".txt"), "harness.data.readers.tagged:tagged"),
    }
)
COMPRESSED = {".gz": "gzip", ".zst": "zstd"}
"""Suffixes of compressed files, with pyarrow's names of the compression."""


def read(file: Path) -> "pd.DataFrame":
    """The table in a file. Raises ``UserError`` if the suffix is unknown or the file cannot be read."""
    suffixes = [suffix.lower() for suffix in file.suffixes[-2:]]
    compression = COMPRESSED.get(suffixes[-1]) if suffixes else None
    kind = suffixes[-1 if compression is None else 0] if suffixes else ""
    if kind not in READERS:
        known = f"{', '.join(READERS)}, each also with {' or '.join(COMPRESSED)}"
        raise bad("data", str(file), f"a file whose name ends in {known}, or a folder that save_to_disk made")
    content = files.read(file)
    return READERS[kind](content if compression is None else _decompressed(content, compression, file), str(file))


def _decompressed(content: bytes, compression: str, file: Path) -> bytes:
    import pyarrow as pa

    try:
        with pa.CompressedInputStream(pa.py_buffer(content), compression) as stream:
            found: bytes = stream.read()
    except (OSError, ValueError) as error:
        raise UserError(f"{file}: cannot be read as {compression}: {reason(error)}") from None
    return found.removeprefix(b"\xef\xbb\xbf")
