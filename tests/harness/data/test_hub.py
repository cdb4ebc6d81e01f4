"""The hub's data sets, from copies on disk in the hub's formats: the same examples as from XTREME's files."""

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from datasets import ClassLabel, Dataset, DatasetDict, Features, Sequence, Value

from harness.common.errors import UserError
from harness.data import hub, reading
from harness.data.origin import Origin
from harness.execution.plan import plan
from harness.tasks import task_named
from harness.tasks.base import SPLITS
from tests.helpers.data import folder_of

TEXT = Value("string")
FEATURES: dict[str, Callable[[Any], Features]] = {
    "udpos": lambda names: Features({"tokens": Sequence(TEXT), "pos_tags": Sequence(ClassLabel(names=names))}),
    "panx": lambda names: Features(
        {"tokens": Sequence(TEXT), "ner_tags": Sequence(ClassLabel(names=names)), "langs": Sequence(TEXT)}
    ),
    "xnli": lambda names: Features({"premise": TEXT, "hypothesis": TEXT, "label": ClassLabel(names=names)}),
    "pawsx": lambda names: Features({"sentence1": TEXT, "sentence2": TEXT, "label": TEXT}),
}
"""Columns as the hub has them: class ids in an order of their own, labels as text, further columns."""


def as_on_the_hub(task: str, rows: tuple[Any, ...], names: list[str] | None = None) -> Dataset:
    """Examples as the hub's data set of a task has them."""
    names = names or list(reversed(task_named(task).labels))
    features = FEATURES[task](names)
    columns: dict[str, list[Any]] = {
        name: list(values) for name, values in zip(features, zip(*rows, strict=True), strict=False)
    }
    if "langs" in features:
        columns["langs"] = [["en"] * len(words) for words in columns["tokens"]]
    return Dataset.from_dict(columns, features=features)


def copies(task: str, source: Origin, target: Path, kind: str) -> None:
    """Write all splits of English and German as a copy of the hub's data set."""
    for language in ("en", "de"):
        splits = {"test": "test"} if language == "de" else SPLITS
        folder = target / task_named(task).configuration(language)
        parts = DatasetDict(
            {
                theirs: as_on_the_hub(task, reading.examples(source, ours, language).rows)
                for ours, theirs in splits.items()
            }
        )
        if kind == "save_to_disk":
            parts.save_to_disk(folder)
        else:
            folder.mkdir(parents=True)
            for name, part in parts.items():
                part.to_parquet(folder / f"{name}-00000-of-00001.parquet")


@pytest.fixture
def source(tmp_path: Path) -> Callable[[str], Origin]:
    return lambda task: Origin(task, "embedded" if task in ("udpos", "pawsx") else folder_of(tmp_path, task))


def test_quotation_marks_of_xtremes_files_are_not_part_of_the_texts(tmp_path: Path) -> None:
    """XTREME's script writes pairs with a CSV writer; the hub has the texts themselves."""
    rows = [('He said "no" .', "She said so .", "1"), ('"Quoted whole ."', 'It has " one', "0"), ("plain", '""', "0")]
    sink = io.StringIO()
    csv.writer(sink, delimiter="\t", lineterminator="\n").writerows(rows)
    assert '"He said ""no"" ."' in sink.getvalue()
    written, plain = folder_of(tmp_path / "csv", "pawsx"), folder_of(tmp_path / "plain", "pawsx")
    Path(written, "pawsx", "test-de.tsv").write_text(sink.getvalue(), encoding="utf-8")
    Path(plain, "pawsx", "test-de.tsv").write_text("".join("\t".join(row) + "\n" for row in rows), encoding="utf-8")
    assert reading.examples(Origin("pawsx", written), "test", "de").rows == tuple(rows)
    assert reading.examples(Origin("pawsx", plain), "test", "de").rows == tuple(rows)


@pytest.mark.parametrize("kind", ["save_to_disk", "parquet"])
@pytest.mark.parametrize("task", FEATURES)
def test_a_copy_has_the_same_fingerprints(
    tmp_path: Path, source: Callable[[str], Origin], task: str, kind: str
) -> None:
    copies(task, source(task), tmp_path / "copy", kind)
    for split, language in (("train", "en"), ("dev", "en"), ("test", "en"), ("test", "de")):
        copy = reading.examples(Origin(task, str(tmp_path / "copy")), split, language)
        assert copy.rows == reading.examples(source(task), split, language).rows
        assert copy.fingerprint == reading.examples(source(task), split, language).fingerprint


def test_a_study_from_a_copy_has_the_same_trials(tmp_path: Path, source: Callable[[str], Origin], study: Any) -> None:
    from dataclasses import replace

    copies("udpos", source("udpos"), tmp_path / "copy", "parquet")
    there = replace(study, targets=("de",), data=str(tmp_path / "copy"))
    assert [trial.id for trial in plan(there)] == [
        trial.id for trial in plan(replace(study, targets=("de",), data="embedded"))
    ]


def test_load_dataset_gets_repository_and_configuration(
    tmp_path: Path, source: Callable[[str], Origin], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The code that reads the hub, on a clone of a repository. The repository's card names its configurations."""
    copies("pawsx", source("pawsx"), tmp_path / "clone", "parquet")
    names = [task_named("pawsx").configuration(language) for language in ("en", "de")]
    card = "\n".join(
        f"- config_name: {name}\n  data_files:\n  - {{split: test, path: {name}/test-*}}" for name in names
    )
    (tmp_path / "clone" / "README.md").write_text(f"---\nconfigs:\n{card}\n---\n", encoding="utf-8")
    task = task_named("pawsx")
    monkeypatch.setattr(type(task), "hub", str(tmp_path / "clone"))
    for language in ("en", "de"):
        assert (
            tuple(hub.downloaded(task, "main", "test", language))
            == reading.examples(source("pawsx"), "test", language).rows
        )
    with pytest.raises(
        UserError, match=r"data: .*clone \(PAWS-X\.fr, test\) could not be loaded from the Hugging Face hub: "
    ):
        hub.downloaded(task, "main", "test", "fr")


def test_without_a_network_the_revision_is_the_last_downloaded_revision(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = tmp_path / "datasets--google--xtreme"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text("c0ffee")
    (repository / "snapshots" / "c0ffee").mkdir(parents=True)
    (repository / "snapshots" / "c0ffee" / "README.md").write_text("")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    hub.revision_of.cache_clear()
    assert hub.revision(task_named("udpos")) == "c0ffee"
    hub.revision_of.cache_clear()


def test_an_unreachable_hub_gives_one_message(study: Any) -> None:
    from dataclasses import replace

    hub.revision_of.cache_clear()
    with pytest.raises(UserError, match="data: the Hugging Face hub did not give 'google/xtreme': "):
        plan(replace(study, data="hub"))


def test_unsuitable_copies_are_refused(tmp_path: Path, source: Callable[[str], Origin]) -> None:
    copy = tmp_path / "copy"
    origin = Origin("xnli", str(copy))
    copies("xnli", source("xnli"), copy, "parquet")
    with pytest.raises(
        UserError,
        match=r"a folder 'xnli' in it \(XTREME's download layout\) or a copy of the hub's facebook/xnli \('fr'\)",
    ):
        reading.examples(origin, "test", "fr")
    with pytest.raises(
        UserError,
        match=r"copy/de has none of train\.parquet, train-\*\.parquet, train/\*\.parquet, and no files of save_to_disk",
    ):
        reading.examples(origin, "train", "de")
    Dataset.from_dict({"premise": ["a"], "hypotesis": ["b"], "label": ["neutral"]}).to_parquet(
        copy / "fr" / "test.parquet"
    )
    with pytest.raises(UserError, match=r"column: there is no 'hypothesis'\. Did you mean 'hypotesis'\?"):
        reading.examples(origin, "test", "fr")
    rows = reading.examples(source("xnli"), "test", "en").rows
    as_on_the_hub("xnli", rows, ["entailment", "neutral", "contradiction", "hm"]).cast_column(
        "label", Value("int64")
    ).to_parquet(copy / "es" / "test.parquet")
    with pytest.raises(UserError, match=r"row 0: the label '0' is a number; write the names entailment"):
        reading.examples(origin, "test", "es")
    (copy / "en" / "test_unlabelled.parquet").write_bytes(b"another file")
    (copy / "en" / "test-00000-of-00001.parquet").write_bytes(b"PAR1 and then nothing")
    with pytest.raises(UserError, match=r"data: .*copy/en \(test\) cannot be read: "):
        reading.examples(origin, "test", "en")


@pytest.mark.parametrize(
    ("task", "columns", "message"),
    [
        (
            "pawsx",
            {"sentence1": ["a", None], "sentence2": ["b", "c"], "label": ["1", "0"]},
            r"row 1: text: None is not allowed; give text",
        ),
        ("pawsx", {"sentence1": [1], "sentence2": ["b"], "label": ["1"]}, r"row 0: text: 1 is not allowed; give text"),
        (
            "pawsx",
            {"sentence1": ["a"], "sentence2": ["b"], "label": [None]},
            r"row 0: label: there is no None",
        ),
        ("panx", {"tokens": [["a"], None], "ner_tags": [["O"], ["O"]]}, r"row 1: expected a list of words in 'tokens'"),
        ("panx", {"tokens": [["a", None]], "ner_tags": [["O", "O"]]}, r"row 0: word: None is not allowed"),
        ("panx", {"tokens": [["a", ""]], "ner_tags": [["O", "O"]]}, r"row 0: word: '' is not allowed"),
        ("panx", {"tokens": [["a\tb"]], "ner_tags": [["O"]]}, r"row 0: word: 'a\\tb' is not allowed"),
        ("panx", {"tokens": ["ab"], "ner_tags": [["O", "O"]]}, r"row 0: expected a list of words in 'tokens'"),
        (
            "panx",
            {"tokens": [["a"]], "ner_tags": [["O", "O"]]},
            r"row 0: expected a list of words in 'tokens' and a list of equal length in 'ner_tags'",
        ),
        ("panx", {"tokens": [["a"]], "ner_tags": [[None]]}, r"row 0: tag: there is no None"),
    ],
)
def test_unsuitable_rows_are_refused(tmp_path: Path, task: str, columns: dict[str, list[Any]], message: str) -> None:
    folder = tmp_path / task_named(task).configuration("de")
    folder.mkdir()
    Dataset.from_dict(columns).to_parquet(folder / "test.parquet")
    with pytest.raises(UserError, match=message):
        reading.examples(Origin(task, str(tmp_path)), "test", "de")
