"""A task of several labels per text, from its files to its scores."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.metrics import accuracy_score, f1_score

from analysis.results.prediction_counts import counts, metric_of
from harness.checks import example_check
from harness.common.errors import UserError
from harness.data import reading
from harness.data.origin import Origin
from harness.execution.plan import origin_of, plan
from harness.methods import Vanilla
from harness.store.store import Store
from harness.study import DataFiles, Study
from harness.tasks import own_task
from harness.tasks.own.multi_label import OwnMultiLabel
from tests.helpers.own_data import Row, contents, written
from tests.helpers.studies import SHORT
from tests.helpers.sweeps import run

TASK = OwnMultiLabel(text=("sentence",), label="has", labels=("name", "number"), separator=";")
PARTS = {"train-en": 60, "dev-en": 20, "test-en": 25, "test-de": 25}


def study(folder: Path, encoder: str, **task: str) -> Study:
    files = {
        part: written(contents(*part.split("-"), count), folder / f"{part}.jsonl") for part, count in PARTS.items()
    }
    return Study(
        name="contents",
        task=OwnMultiLabel(text=("sentence",), label="has", **task),
        data=DataFiles(
            train={"en": files["train-en"]},
            dev={"en": files["dev-en"]},
            test={"en": files["test-en"], "de": files["test-de"]},
        ),
        methods=(Vanilla(),),
        settings=(SHORT,),
        seeds=(0,),
        targets=("de",),
        encoder=encoder,
    )


def test_a_study_has_scikit_learn_s_scores(encoder: str, tmp_path: Path) -> None:
    made, store = study(tmp_path, encoder, metric="micro_f1"), Store(str(tmp_path / "store"))
    run(made, store)
    (trial,) = plan(made)
    record, stored = store.record(trial.id), store.predictions(trial.id)
    assert record is not None
    counted, metric = counts(trial.own_task or "", stored), metric_of(trial.own_task or "")
    assert counted is not None
    assert metric is not None
    table = stored.to_pandas()
    for language in ("en", "de"):
        part = table[(table["split"] == "test") & (table["language"] == language)]
        gold, predicted = (np.stack(part[name].tolist()) for name in ("gold", "predicted"))
        rows = contents("test", language, 25)
        assert gold.tolist() == [[int(label in row["has"]) for label in ("name", "number")] for row in rows]
        score = record.scores.test[language]
        assert score.metrics["micro_f1"] == pytest.approx(100 * f1_score(gold, predicted, average="micro"))
        assert score.metrics["accuracy"] == pytest.approx(100 * accuracy_score(gold, predicted))
        assert metric.score(counted[language].sum(axis=0)) == pytest.approx(score.metrics["micro_f1"])
        assert score.label_counts is not None
        assert score.label_counts.constant == max(np.unique(gold, axis=0, return_counts=True)[1])
    assert example_check.parts_of(reading.with_labels(origin_of(made), "en"), "en", ("de",))[0].labels.keys() == {
        "name",
        "number",
    }


def test_lists_and_separated_text_are_the_same_examples(tmp_path: Path) -> None:
    rows: list[Row] = contents("test", "de", 25)
    joined = [{**row, "has": " ; ".join(reversed(row["has"]))} for row in rows]  # type: ignore[arg-type]
    found = set()
    for name, content in (("a.jsonl", rows), ("b.parquet", rows), ("c.csv", joined), ("d.tsv.gz", joined)):
        places = {"de": written(content, tmp_path / name)}
        origin = Origin(TASK, DataFiles(train=places, dev=places, test=places))
        found.add(reading.examples(origin, "test", "de").fingerprint)
    assert len(found) == 1


def test_the_loss_is_each_label_s_binary_cross_entropy() -> None:
    logits, labels = torch.tensor([[2.0, -1.0], [0.5, 0.0]]), torch.tensor([[1, 0], [0, 1]])
    chances = torch.where(labels == 1, logits.sigmoid(), 1 - logits.sigmoid())
    assert TASK.loss({"logits": logits}, labels).item() == pytest.approx(-chances.log().sum().item())
    assert TASK.row_answers({"logits": logits}, []) == [[1, 0], [1, 0]]


@pytest.mark.parametrize("metric", ["micro_f1", "macro_f1", "accuracy"])
def test_scores_are_scikit_learn_s(metric: str) -> None:
    random = np.random.default_rng(0)
    gold, predicted = random.integers(0, 2, size=(2, 30, 4))
    task = OwnMultiLabel(text=("a",), labels=("w", "x", "y", "z"), metric=metric)
    expected = {
        "micro_f1": f1_score(gold, predicted, average="micro"),
        "macro_f1": f1_score(gold, predicted, average="macro"),
        "accuracy": accuracy_score(gold, predicted),
    }
    assert task.scores(gold.tolist(), predicted.tolist())[metric] == pytest.approx(100 * expected[metric])


def test_an_own_metric_gets_lists_of_names(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("def metric(gold, predicted):\n    return float(gold == [['name'], []])\n")
    task = OwnMultiLabel(text=("a",), labels=("name", "number"), metric=str(tmp_path / "mine.py"))
    assert task.scores([[1, 0], [0, 0]], [[0, 0], [0, 0]]) == {"mine": 100, "accuracy": 50}


def test_a_model_with_one_set_of_labels_has_collapsed() -> None:
    gold = [[1, 0]] * 30 + [[0, 0]] * 20
    assert TASK.counts("", gold, [[1, 0]] * 50, None).collapsed  # type: ignore[arg-type]
    assert not TASK.counts("", gold, [*gold[:-1], [1, 1]], None).collapsed  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("name;nmuber", "a.jsonl: row 1: has: there is no 'nmuber'. Did you mean 'number'? Known: name, number"),
        (["name", None], "a.jsonl: row 1: has: None is not allowed; give labels: text or whole numbers"),
        (None, "a.jsonl: row 1: has: None is not allowed; give a list of labels; text with joined labels needs"),
    ],
)
def test_bad_cells(cell: object, message: str) -> None:
    with pytest.raises(UserError) as error:
        TASK.examples(pd.DataFrame([{"sentence": "A", "has": cell}]), "a.jsonl", "test")
    assert message in str(error.value)


def test_tasks_that_no_study_can_use() -> None:
    with pytest.raises(UserError, match=r"metric: 'matthews' is not allowed; give one for the kind 'multi_label'"):
        own_task({"kind": "multi_label", "text": "a", "metric": "matthews"}, "task")
    with pytest.raises(UserError, match=r"a\.csv: the number of labels in all rows is 1; training needs two or more"):
        TASK.examples(pd.DataFrame([{"sentence": "A", "has": "name"}]), "a.csv", "train")
    assert own_task(json.loads(json.dumps(TASK.to_json())), "task") == TASK
