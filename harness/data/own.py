"""The examples of a user's own task: from files or folders by split and language, or from the hub.

A folder has Parquet files, or the files of ``save_to_disk``.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from harness.common.errors import UserError, reason_and_file, unknown
from harness.data import hub, readers
from harness.data.origin import Origin
from harness.data.shards import refuse_lone_shard, split_files
from harness.study.own_data import SPLIT, SPLIT_WORDS, DataFiles, HubData, places
from harness.tasks import Own
from harness.tasks.base import columns

if TYPE_CHECKING:
    from datasets import Dataset


def rows(task: Own[Any], origin: Origin, split: str, language: str) -> list[Any]:
    """The examples of a split (train, dev or test) and language, the same from every format.

    Raises ``UserError`` with the file and the row if examples are missing or malformed.
    """
    data = origin.place
    if isinstance(data, HubData):
        found, where = hub.loaded(data.hub, data.configuration(language), data.split(split), origin.revision)
        return task.examples(_frame(found, task, where), where, split)
    place = Path(data.file(split, language)) if isinstance(data, DataFiles) else _found(data, split, language)
    if shards := _shards(place, split):
        table = pd.concat([readers.read(shard) for shard in shards], ignore_index=True)
        return task.examples(table, str(place), split)
    if place.is_dir():
        saved = _from_disk(place, split)
        return task.examples(_frame(saved, task, str(place)), str(place), split)
    if not place.is_file():
        raise UserError(f"data: {place} does not exist; it is the {split} data for {language!r}")
    if isinstance(data, str) and SPLIT not in data:
        raise UserError(f"data: {data!r} is a file for all splits; put {SPLIT} into its name")
    refuse_lone_shard(place)
    return task.examples(readers.read(place), str(place), split)


def _shards(folder: Path, split: str) -> list[Path]:
    """The Parquet files of a split, named by the split or only numbered; empty for a folder of ``save_to_disk``."""
    if not folder.is_dir() or any((folder / name).is_file() for name in hub.SAVED):
        return []
    named = [pattern.format(split=word) for word in SPLIT_WORDS[split] for pattern in hub.PARTS]
    return split_files(folder, [*named, "[0-9]*.parquet"])


def _found(pattern: str, split: str, language: str) -> Path:
    """The first existing place that a pattern stands for; if none exists, the first possible place."""
    tried = places(pattern, split, language)
    return next((place for place in tried if place.exists()), tried[0])


def _frame(rows: "Dataset", task: Own[Any], where: str) -> pd.DataFrame:
    """The columns that a task reads, with class names in place of class ids."""
    names = (*task.columns, *([task.id] if task.id else []))
    return pd.DataFrame(dict(zip(names, map(list, columns(rows, names, where)), strict=True)), dtype=object)


def _from_disk(folder: Path, split: str) -> "Dataset":
    from datasets import DatasetDict, disable_progress_bars, load_from_disk

    disable_progress_bars()
    try:
        saved = load_from_disk(str(folder))
    except Exception as error:
        raise UserError(
            f"data: {folder} cannot be read as a folder that save_to_disk made: {reason_and_file(error)}"
        ) from None
    if not isinstance(saved, DatasetDict):
        return saved
    known = next((word for word in SPLIT_WORDS[split] if word in saved), None)
    if known is None:
        raise unknown(f"data: {folder}: split", split, map(str, saved))
    return saved[known]
