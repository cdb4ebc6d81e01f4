"""A task's data set from the Hugging Face hub, or from a copy on disk. The task defines the data set's columns."""

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.common.errors import UserError, reason_and_file, unknown
from harness.data.shards import split_files
from harness.tasks import Task
from harness.tasks.base import SPLITS

if TYPE_CHECKING:
    from datasets import Dataset

PARTS = ("{split}.parquet", "{split}-*.parquet", "{split}/*.parquet")
"""File patterns of a split in a configuration's folder."""
SAVED = ("dataset_dict.json", "state.json")
"""Files that identify a folder written by ``save_to_disk``."""


def revision(task: Task[Any]) -> str:
    """``revision_of`` for a task's data set. Raises ``UserError`` if the task has none."""
    if not task.hub:
        raise UserError(f"data: the task {task.name!r} has no data set on the hub; give a folder")
    return revision_of(task.hub)


@lru_cache(maxsize=8)
def revision_of(name: str) -> str:
    """The commit of the newest version of a data set on the hub; without a network, of the last download.

    Raises ``UserError`` if the hub does not give it and no version has been downloaded.
    """
    from huggingface_hub import hf_hub_download

    try:
        return Path(hf_hub_download(name, "README.md", repo_type="dataset")).parent.name
    except Exception as error:  # any error of the network or the library means that the data is unavailable
        raise UserError(f"data: the Hugging Face hub did not give {name!r}: {reason_and_file(error)}") from None


def downloaded(task: Task[Any], commit: str, split: str, language: str) -> list[Any]:
    """The examples of a split and language on the hub, at a commit. Raises ``UserError`` if the hub fails."""
    rows, where = loaded(task.hub, *task.hub_part(split, language), commit)
    return task.from_hub(task.of_language(rows, language), where)


def loaded(name: str, configuration: str, split: str, commit: str) -> "tuple[Dataset, str]":
    """A split of a data set on the hub, at a commit, and its description for messages."""
    from datasets import disable_progress_bars, load_dataset

    disable_progress_bars()
    where = f"data: {name} ({configuration}, {split})"
    try:
        return load_dataset(name, configuration, split=split, revision=commit), where
    except Exception as error:
        raise UserError(f"{where} could not be loaded from the Hugging Face hub: {reason_and_file(error)}") from None


def copied(task: Task[Any], folder: Path, split: str, language: str) -> list[Any] | None:
    """The examples of a split and language from a copy on disk; ``None`` if the configuration has no folder.

    A copy has one folder per configuration, with Parquet files named by split or with the files of ``save_to_disk``.
    Raises ``UserError`` if the folder lacks the split or cannot be read.
    """
    configuration, part = task.hub_part(split, language)
    source = folder / configuration
    if not source.is_dir():
        return None
    where = f"data: {source} ({part})"
    try:
        rows = _from_disk(source, part)
    except UserError:
        raise
    except Exception as error:
        raise UserError(f"{where} cannot be read: {reason_and_file(error)}") from None
    return task.from_hub(task.of_language(rows, language), where)


def is_copy(source: Path) -> bool:
    """Whether a folder holds a configuration of a copy."""
    return any((source / name).is_file() for name in SAVED) or any(source.rglob("*.parquet"))


def _from_disk(source: Path, split: str) -> "Dataset":
    from datasets import Dataset, DatasetDict, disable_progress_bars, load_from_disk

    disable_progress_bars()
    patterns = [pattern.format(split=split) for pattern in PARTS]
    parts = split_files(source, patterns)
    saves = [name for name in SAVED if (source / name).is_file()]
    if saves and parts:
        raise UserError(
            f"data: {source} has the split {split!r} twice, in {saves[0]} as save_to_disk writes it and in "
            f"{parts[0].name}; leave one of them there"
        )
    if saves:
        saved = load_from_disk(str(source))
        if not isinstance(saved, DatasetDict):
            raise UserError(
                f"data: {source} is a single data set; give a folder with the splits {', '.join(SPLITS.values())}"
            )
        if split not in saved:
            raise unknown(f"data: {source}: split", split, saved)
        return saved[split]
    if not parts:
        raise UserError(f"data: {source} has none of {', '.join(patterns)}, and no files of save_to_disk")
    found = Dataset.from_parquet([str(file) for file in parts])
    assert isinstance(found, Dataset)
    return found
