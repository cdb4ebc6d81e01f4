"""A task on a user's own texts, from its files to a report."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from sklearn.metrics import f1_score, matthews_corrcoef

import search_spaces
from analysis.results.from_store import load
from analysis.results.merge import side_by_side
from analysis.results.view import View
from harness.cli.main import main
from harness.common.errors import UserError
from harness.data import reading
from harness.execution.plan import plan
from harness.store.store import Store
from harness.study import DataFiles, Study
from harness.tasks import own_task
from harness.tasks.own.text import OwnText
from tests.helpers.own_data import topics, written
from tests.helpers.sweeps import run

PARTS = {"train-en.csv": 60, "dev-en.jsonl": 20, "test-en.parquet": 25, "test-de.csv": 25}
"""Number of sentences of each file."""
DATA = {
    "train": {"en": "train-en.csv"},
    "dev": {"en": "dev-en.jsonl"},
    "test": {"en": "test-en.parquet", "de": "test-de.csv"},
}


@pytest.fixture
def file(tmp_path: Path, encoder: str) -> Path:
    """A study's file, and its data beside it in three formats."""
    for name, count in PARTS.items():
        written(topics(*name.partition(".")[0].split("-"), count), tmp_path / name)
    given = {
        "question": "Which sentences have a number?",
        "task": {"kind": "text", "text": "sentence", "label": "topic", "metric": "macro_f1"},
        "data": {
            "train": {"en": "train-en.csv"},
            "dev": {"en": "dev-en.jsonl"},
            "test": {"en": "test-en.parquet", "de": "test-de.csv"},
        },
        "methods": ["vanilla", {"name": "l2", "strength": 0.1}],
        "settings": [{"learning_rate": 1e-3, "max_steps": 3, "batch_size": 4}],
        "seeds": [0],
        "targets": "all",
        "encoder": encoder,
        "precision": "fp32",
    }
    file = tmp_path / "topics.yaml"
    file.write_text(yaml.safe_dump(given), encoding="utf-8")
    return file


def test_a_study_runs_and_is_reported_without_its_data(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    place = str(tmp_path / "store")
    monkeypatch.chdir("/")  # paths are relative to the study's file
    assert main(["show", str(file), "--store", place]) == 0
    assert "none, number (found in the training data, in sorted order)" in capsys.readouterr().out
    store = Store(place)
    run(search_spaces.load(str(file)), store)
    _check_scores(store, "topics")
    for data in tmp_path.glob("*-*.*"):
        data.unlink()
    reading.examples.cache_clear()
    assert main(["report", "topics", "--store", place]) == 0
    page = (tmp_path / "store" / "reports" / "topics" / "report.html").read_text(encoding="utf-8")
    assert "macro F1 × 100" in page
    assert "text: sentence → topic" in page
    assert main(["show", str(file), "--store", place]) == 0
    assert "train-en.csv does not exist" in " ".join(capsys.readouterr().out.split())
    one, other = (View(load(store, "topics"), 1, store) for _ in range(2))
    assert side_by_side("one", one, "other", other).results.metric == "macro_f1"


def _check_scores(store: Store, name: str) -> None:
    """Check that scores equal scikit-learn's on the stored predictions."""
    _, trials = store.study(name)
    for trial in trials:
        record = store.record(trial.id)
        assert record is not None
        assert record.metric == "macro_f1"
        table = store.predictions(trial.id).to_pandas()
        for language, score in record.scores.test.items():
            part = table[(table["split"] == "test") & (table["language"] == language)]
            gold, predicted = ([int(label) for (label,) in part[name]] for name in ("gold", "predicted"))
            assert score.metrics["macro_f1"] == pytest.approx(100 * f1_score(gold, predicted, average="macro"))
            assert score.label_counts is not None


def planned(study: Study, **changes: Any) -> str:
    return plan(replace(study, **changes))[0].id


def test_the_identity_is_what_changes_a_score(file: Path, tmp_path: Path) -> None:
    study = search_spaces.load(str(file))
    task = study.task
    assert isinstance(task, OwnText)
    named = planned(study, task=replace(task, labels=("none", "number")))
    assert planned(study) == named
    assert planned(study, task=replace(task, labels=("number", "none"))) != named
    assert planned(study, task=replace(task, metric="matthews")) != named
    (tmp_path / "mine.py").write_text("def metric(gold, predicted):\n    return 0.5\n")
    own = replace(task, metric=str(tmp_path / "mine.py"))
    mine = planned(study, task=own)
    (tmp_path / "mine.py").write_text("def metric(gold, predicted):\n    return 0.6\n")
    assert planned(study, task=own) != mine


def test_names_of_columns_are_no_part_of_the_identity(file: Path, tmp_path: Path) -> None:
    study = search_spaces.load(str(file))
    (tmp_path / "renamed").mkdir()
    for name, count in PARTS.items():
        rows = topics(*name.partition(".")[0].split("-"), count)
        renamed = [{"a": row["sentence"], "b": row["topic"]} for row in rows]
        written(renamed, tmp_path / "renamed" / (name.partition(".")[0] + ".csv"))
    task = OwnText(text=("a",), label="b", metric="macro_f1")
    pattern = str(tmp_path / "renamed" / "{split}-{language}.csv")
    assert planned(study, task=task, data=pattern) == planned(study)


def test_paths_begin_at_the_studys_file(file: Path, tmp_path: Path) -> None:
    given = yaml.safe_load(file.read_text(encoding="utf-8"))
    given["task"]["metric"] = "mine.py"
    file.write_text(yaml.safe_dump(given), encoding="utf-8")
    study = search_spaces.load(str(file))
    assert isinstance(study.task, OwnText)
    assert isinstance(study.data, DataFiles)
    assert (study.task.metric, study.task.metric_file) == ("mine", str(tmp_path / "mine.py"))
    assert study.data.test["en"] == str(tmp_path / "test-en.parquet")


def test_a_study_of_ones_own_goes_to_json_and_back(file: Path) -> None:
    study = search_spaces.load(str(file))
    assert Study.from_json(study.to_json()) == study
    (trial, *_) = plan(study)
    assert type(trial).from_json(trial.to_json()) == trial
    assert trial.own_task is not None
    assert trial.own_task.labels == ("none", "number")


def test_matthews_may_be_negative() -> None:
    task = OwnText(text=("a",), labels=("x", "y"), metric="matthews")
    gold, predicted = [[0], [1], [0], [1]], [[1], [0], [1], [1]]
    scores = task.scores(gold, predicted)
    assert scores["matthews"] == pytest.approx(100 * matthews_corrcoef([0, 1, 0, 1], [1, 0, 1, 1]))
    assert scores["accuracy"] == 25


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"kind": "txet", "text": "a"}, "task: kind: there is no 'txet'. Did you mean 'text'?"),
        ({"text": "a"}, "task: the field 'kind' is missing; give one of multi_label, pair, "),
        ({"kind": "text"}, "task: the field 'text' is missing"),
        ({"kind": "text", "txt": "a"}, "task: field: there is no 'txt'. Did you mean 'text'?"),
        ({"kind": "text", "text": ["a", "b"]}, "task: text: ['a', 'b'] is not allowed; give the name of one column"),
        ({"kind": "pair", "text": "a"}, "task: text: ['a'] is not allowed; give a list with the names of two columns"),
        (
            {"kind": "text", "text": "a", "metric": "macrof1"},
            "task: metric: there is no 'macrof1'. Did you mean 'macro_f1'?",
        ),
        (
            {"kind": "text", "text": "a", "metric": "pearson"},
            "task: metric: 'pearson' is not allowed; give one for the kind 'text'",
        ),
        (
            {"kind": "text", "text": "a", "metric": "f1.py"},
            "metric: 'f1.py' is not allowed; give a file whose name",
        ),
        ({"kind": "text", "text": "a", "labels": ["x"]}, "task: labels: ['x'] is not allowed; give at least two"),
        ({"kind": "text", "text": "a", "labels": ["x", "x"]}, "task: labels: 'x' is not allowed; give each entry once"),
    ],
)
def test_a_wrong_description_gets_one_message(spec: Mapping[str, object], message: str) -> None:
    with pytest.raises(UserError) as error:
        own_task(spec, "task")
    assert message in str(error.value)


def test_scores_by_two_versions_of_a_metric_are_not_compared(file: Path, tmp_path: Path) -> None:
    study = search_spaces.load(str(file))
    assert isinstance(study.task, OwnText)
    own = replace(study, task=replace(study.task, metric=str(tmp_path / "mine.py")), methods=study.methods[:1])
    views = []
    for share in (0.4, 0.5):
        (tmp_path / "mine.py").write_text(f"def metric(gold, predicted):\n    return {share}\n")
        store = Store(str(tmp_path / f"store-{share}"))
        run(own, store)
        assert store.record(plan(own)[0].id).in_metric("test") == {"en": 100 * share, "de": 100 * share}  # type: ignore[union-attr]
        views.append(View(load(store, "topics"), 1, store))
    with pytest.raises(UserError, match="rules"):
        side_by_side("one", views[0], "other", views[1])
