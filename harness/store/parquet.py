"""The Parquet files beside a trial's record: predictions and learning history."""

import hashlib
from io import BytesIO
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from harness.store.result import TrialResult


def predictions(result: TrialResult) -> bytes:
    """A file with one row per scored example: split, language, example, gold and predicted.

    Gold and predicted are lists of label ids, numbers or texts.
    """
    rows = [(part, i) for part in result.scored for i in range(len(part.gold))]
    return _written(
        pa.table(
            {
                "split": pa.array([part.split for part, _ in rows]).dictionary_encode(),
                "language": pa.array([part.language for part, _ in rows]).dictionary_encode(),
                "example": pa.array([i for _, i in rows], pa.int32()),
                "gold": _lists([part.gold[i] for part, i in rows]),
                "predicted": _lists([part.predicted[i] for part, i in rows]),
            }
        )
    )


def _lists(values: list[list[Any]]) -> pa.Array:
    """Lists of label ids as 16-bit numbers, or as 32-bit numbers for larger ids; lists of other values unchanged."""
    found = pa.array(values)
    kind = found.type.value_type if pa.types.is_list(found.type) else found.type
    if not (pa.types.is_integer(kind) or pa.types.is_null(kind)):
        return found
    largest = max((label for labels in values for label in labels), default=0)
    return found.cast(pa.list_(pa.int16() if largest < 2**15 else pa.int32()))


def history(rows: list[dict[str, float]]) -> bytes:
    """A file of ``TrialResult.history``, one row per window of steps."""
    return _written(pa.Table.from_pylist(rows))


def name(kind: str, content: bytes) -> str:
    """The name of a file. It contains the hash of the content, so the content can be verified."""
    return f"{kind}-{hashlib.sha256(content).hexdigest()[:16]}.parquet"


def read(content: bytes) -> pa.Table:
    """The table in a file. Raises ``ValueError`` if the content is not Parquet."""
    return pq.read_table(BytesIO(content))


def _written(table: pa.Table) -> bytes:
    sink = BytesIO()
    pq.write_table(table, sink, compression="zstd")
    return sink.getvalue()
