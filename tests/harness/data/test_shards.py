"""The Parquet files of a split: one layout, all shards."""

from pathlib import Path

import pytest
from datasets import Dataset, DatasetDict

from harness.common.errors import UserError
from harness.data import reading
from harness.data.hub import PARTS
from harness.data.origin import Origin
from harness.data.shards import split_files
from harness.tasks.own.text import OwnText

TRAIN = [pattern.format(split="train") for pattern in PARTS]


def written(folder: Path, *names: str) -> Path:
    """Write these files into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


@pytest.mark.parametrize(
    "names",
    [
        [],
        ["train.parquet"],
        ["train-00000-of-00002.parquet", "train-00001-of-00002.parquet"],
        ["train-00000-of-00001-a8bf93e2c5d1.parquet"],
        ["train/0000.parquet", "train/0001.parquet"],
    ],
)
def test_complete_splits_are_accepted(tmp_path: Path, names: list[str]) -> None:
    written(tmp_path, *names, "test-00000-of-00009.parquet")
    assert [str(file.relative_to(tmp_path)) for file in split_files(tmp_path, TRAIN)] == names


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["train.parquet", "train-00000-of-00001.parquet"], "train.parquet, train-00000-of-00001.parquet; leave"),
        (["train.parquet", "train/0000.parquet"], "in several layouts, train.parquet, train/0000.parquet"),
        (
            ["train-00000-of-00001.parquet", "train-00000-of-00002.parquet", "train-00001-of-00002.parquet"],
            "train-00000-of-00001.parquet, train-00000-of-00002.parquet",
        ),
        (["train-00000-of-00001.parquet", "train-00000-of-00001-ab12.parquet"], "several layouts, "),
        (["train-00000-of-00001.parquet", "train-old.parquet"], "00001.parquet, train-old.parquet"),
        (
            ["train-00000-of-00004.parquet"],
            "has train-00000-of-00004.parquet, and lacks train-00001-of-00004.parquet",
        ),
        (["train-00001-of-00002.parquet"], "and lacks train-00000-of-00002.parquet; copy all files"),
        (["train-de.parquet", "train-en.parquet"], "in several layouts, train-de.parquet, train-en.parquet; leave"),
        (["train/0000.parquet", "train/0002.parquet"], "has 0000.parquet, and lacks 0001.parquet"),
    ],
)
def test_incomplete_or_mixed_splits_are_refused_with_their_files(
    tmp_path: Path, names: list[str], message: str
) -> None:
    with pytest.raises(UserError, match=message.replace(".", r"\.")):
        split_files(written(tmp_path, *names), TRAIN)


def test_the_first_files_suffice_for_text(tmp_path: Path) -> None:
    (first,) = split_files(written(tmp_path / "a", "train-00000-of-00041.parquet"), TRAIN, whole=False)
    assert first.name == "train-00000-of-00041.parquet"
    with pytest.raises(UserError, match=r"lacks train-00000-of-00041\.parquet"):
        split_files(written(tmp_path / "b", "train-00001-of-00041.parquet"), TRAIN, whole=False)


def test_a_split_with_two_copies_does_not_count_twice(tmp_path: Path) -> None:
    rows = Dataset.from_dict({"sentence1": ["a"], "sentence2": ["b"], "label": ["1"]})
    place = Origin("pawsx", str(tmp_path))
    folder = tmp_path / "PAWS-X.de"
    folder.mkdir()
    rows.to_parquet(folder / "test.parquet")
    assert reading.examples(place, "test", "de").rows == (("a", "b", "1"),)
    reading.examples.cache_clear()
    rows.to_parquet(folder / "test-00000-of-00001.parquet")
    with pytest.raises(UserError, match=r"PAWS-X\.de has a split in several layouts, test\.parquet, test-00000-of-0"):
        reading.examples(place, "test", "de")
    (folder / "test.parquet").unlink()
    DatasetDict({"test": rows}).save_to_disk(folder)
    with pytest.raises(UserError, match=r"twice, in dataset_dict\.json as save_to_disk writes it and in test-00000-of"):
        reading.examples(place, "test", "de")


def test_shards_of_a_users_own_data_are_read(tmp_path: Path) -> None:
    """A folder of all shards is a split; one shard alone is no split."""
    rows = [{"sentence": f"text {number}", "topic": str(number % 2)} for number in range(4)]
    task = OwnText(text="sentence", label="topic")
    for number in range(2):
        part = Dataset.from_list(rows[2 * number : 2 * number + 2])
        part.to_parquet(written(tmp_path / "de") / f"test-0000{number}-of-00002.parquet")
    expected = tuple((row["sentence"], row["topic"]) for row in rows)
    assert reading.examples(Origin(task, f"{tmp_path}/{{language}}"), "test", "de").rows == expected
    lone = f"{tmp_path}/{{language}}/{{split}}-00000-of-00002.parquet"
    with pytest.raises(
        UserError, match=rf"de/test-00000-of-00002\.parquet is one of 2 files .* give the folder, {tmp_path}"
    ):
        reading.examples(Origin(task, lone), "test", "de")
    reading.examples.cache_clear()
    (tmp_path / "de" / "test-00001-of-00002.parquet").unlink()
    with pytest.raises(UserError, match=r"lacks test-00001-of-00002\.parquet"):
        reading.examples(Origin(task, f"{tmp_path}/{{language}}"), "test", "de")
