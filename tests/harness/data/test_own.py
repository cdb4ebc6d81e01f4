"""A user's own data set with splits, as on the hub, from a folder in the hub's layout."""

from pathlib import Path

import pytest

from harness.common.errors import UserError
from harness.data import reading
from harness.data.origin import Origin
from harness.study import DataFiles, HubData
from harness.tasks.own.text import OwnText
from tests.helpers.own_data import topics, written

README = """---
configs:
- config_name: deu_Latn
  data_files:
  - {split: train, path: deu_Latn/train.parquet}
  - {split: dev, path: deu_Latn/dev.parquet}
  - {split: test, path: deu_Latn/test.parquet}
---
"""
TASK = OwnText(text=("sentence",), label="topic", labels=("none", "number"))


def test_a_data_set_may_have_its_own_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "owner" / "name"
    (folder / "deu_Latn").mkdir(parents=True)
    (folder / "README.md").write_text(README, encoding="utf-8")
    for split in ("train", "dev", "test"):
        written(topics("test", "de", 20), folder / "deu_Latn" / f"{split}.parquet")
    file = written(topics("test", "de", 20), tmp_path / "de.csv")
    places = {"de": file}
    monkeypatch.chdir(tmp_path)  # the library reads a folder of that name as it would the hub's data set
    data = HubData(hub="owner/name", configurations={"de": "deu_Latn"}, splits={"dev": "dev"})
    one = Origin(TASK, data, "main")
    other = Origin(TASK, DataFiles(train=places, dev=places, test=places))
    for split in ("train", "dev", "test"):
        assert reading.examples(one, split, "de").rows == reading.examples(other, split, "de").rows
    with pytest.raises(UserError, match=r"data: owner/name \(fr, test\) could not be loaded from the Hugging Face hub"):
        reading.examples(one, "test", "fr")


def test_a_missing_split_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"splits: there is no 'validaton'. Known: dev, test, train"):
        HubData(hub="owner/name", splits={"validaton": "dev"})
    origin = Origin(TASK, f"{tmp_path}/{{split}}/{{language}}.csv")
    with pytest.raises(UserError, match=r"test/de.csv does not exist; it is the test data for 'de'"):
        reading.examples(origin, "test", "de")
    (tmp_path / "de.csv").write_text("sentence,topic\nA,none\n")
    with pytest.raises(UserError, match=r"is a file for all splits; put \{split\} into its name"):
        reading.examples(Origin(TASK, f"{tmp_path}/{{language}}.csv"), "test", "de")
