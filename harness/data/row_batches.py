"""Batches of encoded rows for scoring, padded straight from their Arrow columns.

A batch equals the batch of the tokenizer's own ``pad``. That method converts rows to Python's lists, and takes longer
than a GPU's forward pass.
"""

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from datasets import Dataset
from torch import Tensor
from transformers import PreTrainedTokenizerBase

Ragged = tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]
"""The values of a column of lists, one row after another, and the rows' boundaries, (rows + 1,), from 0."""


class RowBatches:
    """Columns of encoded rows, read once.

    Args:
        rows: The rows, from ``Task.encode``.
        names: The model's inputs. Missing columns are left out.
        read: Further columns, only for ``row``.
        tokenizer: Gives the ids of padding.
    """

    def __init__(
        self, rows: Dataset, names: Collection[str], read: Collection[str], tokenizer: PreTrainedTokenizerBase
    ) -> None:
        self.inputs = [name for name in rows.column_names if name in names]
        wanted = [name for name in rows.column_names if name in names or name in read]
        table: pa.Table = rows.select_columns(wanted).with_format("arrow")[:]
        self._columns = {name: _column(table.column(name)) for name in wanted}
        fills = {"input_ids": tokenizer.pad_token_id, "token_type_ids": tokenizer.pad_token_type_id}
        self._fills = {name: fills.get(name, 0) for name in self.inputs}

    @property
    def lengths(self) -> list[int]:
        """The number of sub-words of each row."""
        found = self._columns["input_ids"]
        assert isinstance(found, tuple)
        lengths: list[int] = np.diff(found[1]).tolist()
        return lengths

    def row(self, number: int) -> dict[str, Any]:
        """A row as Python's values."""
        found = {}
        for name, column in self._columns.items():
            if isinstance(column, tuple):
                values, ends = column
                found[name] = values[ends[number] : ends[number + 1]].tolist()
            else:
                found[name] = column[number].as_py()
        return found

    def padded(self, numbers: Sequence[int]) -> dict[str, Tensor]:
        """The model's inputs of some rows, (rows, sub-words of the longest row), padded on the right."""
        return {name: self._padded(self._columns[name], numbers, self._fills[name]) for name in self.inputs}

    def _padded(self, column: Any, numbers: Sequence[int], fill: int) -> Tensor:
        if not isinstance(column, tuple):
            return torch.tensor([column[number].as_py() for number in numbers])
        values, ends = column
        parts = [values[ends[number] : ends[number + 1]] for number in numbers]
        lengths = np.array([len(part) for part in parts])
        found = np.full((len(parts), lengths.max()), fill, dtype=np.int64)
        found[np.arange(lengths.max()) < lengths[:, None]] = np.concatenate(parts)
        return torch.from_numpy(found)


def _column(column: pa.ChunkedArray) -> Ragged | pa.ChunkedArray:
    """A column of lists of whole numbers as arrays; any other column unchanged."""
    kind = column.type
    if not (pa.types.is_list(kind) or pa.types.is_large_list(kind)) or not pa.types.is_integer(kind.value_type):
        return column
    whole = column.combine_chunks()
    if whole.null_count or whole.flatten().null_count:
        return column
    ends = np.concatenate(([0], np.cumsum(whole.value_lengths().to_numpy(zero_copy_only=False))))
    return whole.flatten().to_numpy(zero_copy_only=False), ends
