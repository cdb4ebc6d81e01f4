"""Languages in which each model has collapsed, from the counts in its record.

For records of older versions the counts are made from the stored predictions.
"""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from harness.common import sources
from harness.store.checked_files import read_each
from harness.store.record import Record
from harness.store.store import Store
from harness.tasks.label_counts import LabelCounts, label_counts
from harness.tasks.number_fit import NumberFit

Flags = dict[str, bool]
"""By language, whether a model has collapsed there; languages without evidence are absent."""

_counted: dict[tuple[str, str, str], dict[str, LabelCounts]] = {}
"""Counts by store, trial and file, so that a rewritten report reads no predictions twice.

A file's name contains the hash of its content.
"""


def flags(store: Store, records: Mapping[str, Record]) -> dict[str, Flags]:
    """Collapse flags of some finished trials, by trial.

    If a source's labels cannot be counted, its flag is the record's. Predictions are read only for records that lack a
    language's counts. Reading takes about 30 ms per trial with 15 test sets of 5,000 pairs or 25,000 words.
    """
    old = [trial for trial, record in records.items() if None in _recorded(record).values()]
    read = read_each(lambda trial: _of_predictions(store, records[trial]), old)
    return {trial: _flags(record, read.get(trial, {})) for trial, record in records.items()}


def counts_of(predictions: pa.Table, split: str = "test") -> dict[str, LabelCounts]:
    """Label counts by language, from a trial's predictions in the store.

    Languages with uncountable labels are left out.

    Args:
        predictions: table with columns split, language, gold and predicted.
        split: the split to count.

    Raises:
        KeyError: a column is missing.
        ValueError: a column has another type, a label is missing, or an example has different numbers of gold and
            predicted labels.
    """
    _check_types(predictions)
    table = predictions.filter(pc.equal(predictions["split"], split))
    languages = table["language"].unify_dictionaries().combine_chunks().dictionary_encode()
    codes = languages.indices.to_numpy()
    order = np.argsort(codes, kind="stable")
    if (np.diff(codes) < 0).any():  # trials normally write one language after another
        table, codes = table.take(order), codes[order]
    (gold, sizes), (predicted, others) = (_flat(table[name]) for name in ("gold", "predicted"))
    if not np.array_equal(sizes, others):
        raise ValueError("gold and predicted labels are not equally many")
    names = languages.dictionary.to_pylist()
    ends = np.cumsum(np.bincount(codes, weights=sizes, minlength=len(names)).astype(np.int64))[:-1]
    parts = zip(names, np.split(gold, ends), np.split(predicted, ends), strict=True)
    found = {str(name): label_counts(ours, theirs) for name, ours, theirs in parts}
    return {name: counts for name, counts in found.items() if counts is not None}


def _check_types(table: pa.Table) -> None:
    """Refuse a table that no trial can have written."""
    for name in ("split", "language"):
        kind = table.schema.field(name).type
        if not pa.types.is_string(kind.value_type if pa.types.is_dictionary(kind) else kind):
            raise ValueError(f"{name} is no text")
    for name in ("gold", "predicted"):
        kind = table.schema.field(name).type
        if not (pa.types.is_list(kind) and pa.types.is_signed_integer(kind.value_type)):
            raise ValueError(f"{name} has no lists of label ids")


def _flat(column: pa.ChunkedArray) -> tuple[NDArray[np.integer], NDArray[np.int64]]:
    """The labels of all examples one after another, and the number of labels of each example."""
    lists = column.combine_chunks()
    labels, sizes = lists.flatten(), pc.list_value_length(lists)
    if lists.null_count or labels.null_count:
        raise ValueError("a label is missing")
    return labels.to_numpy(), sizes.to_numpy().astype(np.int64)


def _recorded(record: Record) -> dict[str, LabelCounts | NumberFit | None]:
    return {
        language: score.label_counts or score.number_fit
        for language, score in record.scores.test.items()
        if not sources.is_several(language)
    }


def _of_predictions(store: Store, record: Record) -> dict[str, LabelCounts] | None:
    """Counts from the predictions beside a record; ``None`` if the predictions are missing, torn or of other types."""
    key = (store.place, record.id, record.predictions)
    if key not in _counted:
        try:
            _counted[key] = counts_of(store.predictions(record.id))
        except (KeyError, OSError, ValueError):
            return None
    return _counted[key]


def _flags(record: Record, read: Mapping[str, LabelCounts]) -> Flags:
    counts = {language: counts or read.get(language) for language, counts in _recorded(record).items()}
    return {record.identity.source: record.collapsed} | {
        language: counted.collapsed for language, counted in counts.items() if counted is not None
    }
