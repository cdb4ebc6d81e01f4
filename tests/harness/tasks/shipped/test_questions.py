"""XQuAD, MLQA and TyDi QA give the same trials from XTREME's download layout and from the hub."""

import copy
from pathlib import Path
from typing import Any

import pytest
from datasets import Dataset

from harness.common.errors import UserError
from harness.data import reading
from harness.data.origin import Origin
from harness.execution.plan import plan
from harness.methods import Vanilla
from harness.study import Study
from tests.helpers.questions import cloze, written
from tests.helpers.studies import SHORT

FILES = {
    "xquad": {
        "train": "squad/train-v1.1.json",
        "dev": "squad/dev-v1.1.json",
        "en": "xquad/xquad.en.json",
        "de": "xquad/xquad.de.json",
    },
    "mlqa": {
        "train": "squad/train-v1.1.json",
        "dev": "squad/dev-v1.1.json",
        "en": "mlqa/MLQA_V1/test/test-context-en-question-en.json",
        "de": "mlqa/MLQA_V1/test/test-context-de-question-de.json",
    },
    "tydiqa": {
        "train": "tydiqa/tydiqa-goldp-v1.1-train/tydiqa.goldp.en.train.json",
        "en": "tydiqa/tydiqa-goldp-v1.1-dev/tydiqa.goldp.en.dev.json",
        "fi": "tydiqa/tydiqa-goldp-v1.1-dev/tydiqa.goldp.fi.dev.json",
    },
}
"""XTREME's download layout: the training data, the dev data, and test sets by language."""
HUB = {
    "xquad": {"SQuAD": ("train", "dev"), "XQuAD.en": ("en",), "XQuAD.de": ("de",)},
    "mlqa": {"SQuAD": ("train", "dev"), "MLQA.en.en": ("en",), "MLQA.de.de": ("de",)},
    "tydiqa": {"tydiqa": ("train", "en", "fi")},
}
"""The configurations of google/xtreme."""
PARTS = {"train": "train", "dev": "validation"}
NAMES = {"en": "english", "fi": "finnish"}


def contents(task: str) -> dict[str, Any]:
    """Questions of each file; TyDi QA's ids contain the language."""
    passages = {"train": slice(4, 8), "dev": slice(2, 4)}
    found = {}
    for part in FILES[task]:
        language = part if part in ("en", "de", "fi") else "en"
        found[part] = cloze(language, passages.get(part, slice(2)))
        for paragraph in found[part]["data"][0]["paragraphs"]:
            for asked in paragraph["qas"]:
                asked["id"] = f"{NAMES.get(language, language)}-{asked['id']}"
    return found


def cut_ids(content: Any) -> Any:
    """Ids as in XTREME's script, which reduces each to a number that repeats."""
    content = copy.deepcopy(content)
    for paragraph in content["data"][0]["paragraphs"]:
        for number, asked in enumerate(paragraph["qas"]):
            asked["id"] = str(number)
    return content


def as_on_the_hub(parts: list[Any]) -> Dataset:
    rows = [
        {
            "id": asked["id"],
            "title": document["title"],
            "context": paragraph["context"],
            "question": asked["question"],
            "answers": {name: [answer[name] for answer in asked["answers"]] for name in ("answer_start", "text")},
        }
        for part in parts
        for document in part["data"]
        for paragraph in document["paragraphs"]
        for asked in paragraph["qas"]
    ]
    return Dataset.from_list(rows)


def study(task: str, data: Path) -> Study:
    target = "fi" if task == "tydiqa" else "de"
    setting = SHORT
    return Study(
        name="s", task=task, methods=(Vanilla(),), settings=(setting,), seeds=(0,), targets=(target,), data=str(data)
    )


@pytest.mark.parametrize("task", FILES)
def test_xtremes_folder_and_a_copy_of_the_hub_are_the_same_trials(task: str, tmp_path: Path) -> None:
    made = contents(task)
    for part, name in FILES[task].items():
        content = cut_ids(made[part]) if (task, part) == ("tydiqa", "train") else made[part]
        written(tmp_path / "xtreme", name, content)
    tests = {"mlqa": "test"}.get(task, "validation")
    for configuration, parts in HUB[task].items():
        folder = tmp_path / "hub" / configuration
        folder.mkdir(parents=True)
        for split in {PARTS.get(part, tests) for part in parts}:
            rows = as_on_the_hub([made[part] for part in parts if PARTS.get(part, tests) == split])
            rows.to_parquet(folder / f"{split}-00000-of-00001.parquet")
    (there,), (copied,) = (plan(study(task, tmp_path / place)) for place in ("xtreme", "hub"))
    assert there.id == copied.id
    assert there.test_data == copied.test_data
    assert len(set(there.test_data.values())) == 2
    if task == "tydiqa":  # its dev set is its test set
        dev, test = (reading.examples(Origin(task, str(tmp_path / "hub")), split, "en") for split in ("dev", "test"))
        assert dev == test


@pytest.mark.parametrize("task", FILES)
def test_files_named_as_all_others_are(task: str, tmp_path: Path) -> None:
    target = "fi" if task == "tydiqa" else "de"
    for part, content in (("train-en", "en"), ("dev-en", "en"), ("test-en", "en"), (f"test-{target}", target)):
        written(tmp_path / task, f"{part}.json", cloze(content, slice(2)))
    assert len(plan(study(task, tmp_path))) == 1


def test_what_is_not_there(tmp_path: Path) -> None:
    written(tmp_path, "xquad/xquad.en.json", cloze("en", slice(2)))
    origin = Origin("xquad", str(tmp_path))
    with pytest.raises(
        UserError,
        match=r"xquad/test-de\.json does not exist \(nor xquad/xquad\.de\.json\); languages with a test file there: en",
    ):
        reading.examples(origin, "test", "de")
    with pytest.raises(UserError, match=r"train-en\.json does not exist \(nor squad/train-v1\.1\.json\)"):
        reading.examples(origin, "train", "en")
    (tmp_path / "copy").mkdir()
    with pytest.raises(UserError, match=r"a copy of the hub's google/xtreme \('SQuAD'\)"):
        reading.examples(Origin("xquad", str(tmp_path / "copy")), "train", "en")
    with pytest.raises(UserError, match=r"language of google/xtreme's XQuAD: there is no 'ro'"):
        reading.examples(Origin("xquad", str(tmp_path / "copy")), "test", "ro")
