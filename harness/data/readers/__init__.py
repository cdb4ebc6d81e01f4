"""Readers of example files, by the file name's suffix. A reader is one function, and one line in ``READERS``.

A reader receives a file's decompressed bytes, and its name for messages. It returns a table with the file's columns and
Python objects as cells. For tagged sentences, the columns ``words`` and ``tags`` hold lists of text.
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
    if (kind := kind_of(file)) not in READERS:
        raise bad("data", str(file), f"a file whose name ends in {known()}, or a folder that save_to_disk made")
    return READERS[kind](content(file), str(file))


def known() -> str:
    """The known suffixes in words."""
    return f"{', '.join(READERS)}, each also with {' or '.join(COMPRESSED)}"


def kind_of(file: Path) -> str:
    """A file's suffix before the suffix of its compression."""
    return _ends(file)[0]


def content(file: Path) -> bytes:
    """A file's bytes, decompressed. Raises ``UserError`` if it cannot be read."""
    found, (_, compression) = files.read(file), _ends(file)
    return found if compression is None else _decompressed(found, compression, file)


def _ends(file: Path) -> tuple[str, str | None]:
    """A file's suffix, and pyarrow's name of its compression."""
    suffixes = [suffix.lower() for suffix in file.suffixes[-2:]]
    compression = COMPRESSED.get(suffixes[-1]) if suffixes else None
    return (suffixes[-1 if compression is None else 0] if suffixes else ""), compression


def _decompressed(content: bytes, compression: str, file: Path) -> bytes:
    import pyarrow as pa

    try:
        with pa.CompressedInputStream(pa.py_buffer(content), compression) as stream:
            found: bytes = stream.read()
    except (OSError, ValueError) as error:
        raise UserError(f"{file}: cannot be read as {compression}: {reason(error)}") from None
    return found.removeprefix(b"\xef\xbb\xbf")
