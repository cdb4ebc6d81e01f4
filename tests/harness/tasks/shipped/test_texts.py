"""SIB-200 and MASSIVE: their published labels and languages, and studies planned from copies of the hub's data sets."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from datasets import ClassLabel, Dataset, Features, Value

from harness.common.errors import UserError
from harness.data import reading
from harness.data.origin import Origin
from harness.execution.plan import plan
from harness.methods import Vanilla
from harness.study import Study
from harness.tasks import TextTask, task_named
from harness.tasks.base import SPLITS
from harness.tasks.shipped import sib200
from tests.helpers.studies import SHORT

STUDY = Study(name="s", task="sib200", methods=(Vanilla(),), settings=(SHORT,), seeds=(0,), targets=("de", "zh-Hant"))
MASSIVE = replace(STUDY, task="massive-intent", targets=("de", "zh-TW"))


def rows(task: str, language: str, split: str) -> Dataset:
    """Two texts with the hub's columns, and numbered classes in their own order."""
    kind: Any = task_named(task)
    text, label = kind.hub_columns
    features = Features({"id": Value("string"), text: Value("string"), label: ClassLabel(names=sorted(kind.labels))})
    texts = [f"{split} in {language} {number}" for number in range(2)]
    return Dataset.from_dict({"id": ["1", "2"], text: texts, label: [0, 1]}, features=features)


@pytest.mark.parametrize("study", [STUDY, MASSIVE], ids=lambda study: study.task)
def test_a_copy_of_the_hub_and_files_are_the_same_trials(study: Study, tmp_path: Path) -> None:
    task: Any = task_named(study.task)
    assert isinstance(task, TextTask)
    folder = tmp_path / "files" / task.name
    folder.mkdir(parents=True)
    for language in ("en", *study.targets):
        for split, theirs in SPLITS.items():
            copy = tmp_path / "hub" / task.configuration(language)
            copy.mkdir(parents=True, exist_ok=True)
            rows(study.task, language, split).to_parquet(copy / f"{theirs}-00000-of-00001.parquet")
            lines = [f"{split} in {language} {n}\t{label}\n" for n, label in enumerate(sorted(task.labels)[:2])]
            (folder / f"{split}-{language}.tsv").write_text("".join(lines), encoding="utf-8")
    copied, written = (plan(replace(study, data=str(tmp_path / place)))[0] for place in ("hub", "files"))
    assert copied.id == written.id
    assert copied.test_data == written.test_data
    assert reading.examples(Origin(study.task, copied.data), "test", "en").rows[0] == (
        "test in en 0",
        sorted(task.labels)[0],
    )


def test_labels_and_languages_are_as_published() -> None:
    sib, massive = task_named("sib200"), task_named("massive-intent")
    assert (len(sib.labels), len(sib.languages), len(set(sib200.FLORES))) == (7, 205, 205)
    assert (len(massive.labels), len(massive.languages), len(set(massive.languages))) == (60, 51, 51)
    assert (sib.configuration("zh"), sib.configuration("zh-Hant")) == ("zho_Hans", "zho_Hant")
    assert (sib.configuration("en"), sib.configuration("ace"), sib.configuration("nqo")) == (
        "eng_Latn",
        "ace_Latn",
        "nqo_Nkoo",
    )
    assert (massive.configuration("zh"), massive.configuration("zh-TW")) == ("zh-CN", "zh-TW")
    assert len(sib.selection("paper")) == 14
    assert len(massive.selection("paper")) == 13  # no Bulgarian


@pytest.mark.parametrize(("task", "near"), [("sib200", "zh-Hant"), ("massive-intent", "zh-TW")])
def test_a_language_that_is_not_there(task: str, near: str) -> None:
    with pytest.raises(UserError, match=rf"targets of task {task}: there is no '{near[:-1]}y'|is not allowed"):
        replace(STUDY, task=task, targets=(f"{near[:-1]}y",))
