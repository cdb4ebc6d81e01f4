"""A task of numbers on a user's own texts, from its files to a report."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from scipy import stats

import search_spaces
from analysis import read
from harness.cli.main import main
from harness.common.errors import UserError
from harness.store.store import Store
from harness.tasks import own_task
from harness.tasks.metrics import METRICS
from harness.tasks.own.regression import OwnRegression
from tests.helpers.own_data import lengths, written
from tests.helpers.sweeps import run

TASK = OwnRegression(text=("sentence",), label="value")


@pytest.fixture
def file(tmp_path: Path, encoder: str) -> Path:
    """A study's file, and its data beside it."""
    for name, count in {"train-en": 60, "dev-en": 20, "test-en": 25, "test-de": 25}.items():
        written(lengths(*name.split("-"), count), tmp_path / f"{name}.csv")
    given = {
        "task": {"kind": "regression", "text": "sentence", "label": "value", "metric": "spearman"},
        "data": "{split}-{language}.csv",
        "methods": ["vanilla", {"name": "l2", "strength": 0.1}],
        "settings": [{"learning_rate": 1e-3, "max_steps": 3, "batch_size": 4}],
        "seeds": [0],
        "targets": ["de"],
        "encoder": encoder,
        "precision": "fp32",
    }
    (tmp_path / "nouns.yaml").write_text(yaml.safe_dump(given), encoding="utf-8")
    return tmp_path / "nouns.yaml"


def test_a_study_runs_and_is_reported(file: Path, tmp_path: Path) -> None:
    place = tmp_path / "store"
    store = Store(str(place))
    run(search_spaces.load(str(file)), store)
    for trial in store.study("nouns")[1]:
        record = store.record(trial.id)
        assert record is not None
        assert record.metric == "spearman"
        table = store.predictions(trial.id).to_pandas()
        for language, score in record.scores.test.items():
            part = table[(table["split"] == "test") & (table["language"] == language)]
            gold, predicted = (np.array([*part[name]]).ravel() for name in ("gold", "predicted"))
            assert score.metrics["spearman"] == pytest.approx(100 * stats.spearmanr(gold, predicted).statistic)
            assert score.metrics["pearson"] == pytest.approx(100 * stats.pearsonr(gold, predicted).statistic)
            assert score.number_fit is not None
            assert score.number_fit.correlation == pytest.approx(score.metrics["pearson"] / 100)
        assert record.collapsed == record.scores.test["en"].number_fit.collapsed  # type: ignore[union-attr]
    assert main(["report", "nouns", "--store", str(place)]) == 0
    page = (place / "reports" / "nouns" / "report.html").read_text(encoding="utf-8")
    assert "Spearman correlation × 100" in page
    assert "correlation with the test set's n gold numbers at most" in page.replace("&#39;", "'")


OWN = """\
def metric(gold, predicted):
    return max(abs(ours - theirs) for ours, theirs in zip(gold, predicted))

metric.words, metric.points, metric.lower_is_better = "largest error", False, True
"""


def test_errors_select_weights_and_are_reported_in_their_unit(file: Path, tmp_path: Path) -> None:
    place = tmp_path / "store"
    store, given = Store(str(place)), yaml.safe_load(file.read_text(encoding="utf-8"))
    (tmp_path / "largest.py").write_text(OWN)
    lower = {"settings": [{"learning_rate": 3e-2, "max_steps": 3, "batch_size": 4}], "checkpoint": "best"}
    of_numbers = {
        "rmse": lambda gold, predicted: np.sqrt(((gold - predicted) ** 2).mean()),
        "largest.py": lambda gold, predicted: np.abs(gold - predicted).max(),
    }
    for metric, expected in of_numbers.items():
        name = metric.removesuffix(".py")
        changed = {**given, **lower, "task": {**given["task"], "metric": metric}, "name": f"of-{name}"}
        (tmp_path / f"{name}.yaml").write_text(yaml.safe_dump(changed), encoding="utf-8")
        run(search_spaces.load(str(tmp_path / f"{name}.yaml")), store)
        for trial in store.study(f"of-{name}")[1]:
            record = store.record(trial.id)
            assert record is not None
            table = store.predictions(trial.id).to_pandas()
            for language, score in record.scores.test.items():
                part = table[(table["split"] == "test") & (table["language"] == language)]
                sides = (np.array([*part[side]]).ravel() for side in ("gold", "predicted"))
                assert score.metrics[name] == pytest.approx(expected(*sides), rel=1e-5)
            assert record.checkpoint is not None
            dev = record.checkpoint.dev
            assert dev is not None
            assert len(set(dev.values())) > 1
            assert str(record.checkpoint.step) == min(dev, key=dev.__getitem__)
            assert record.scores.dev["en"].metrics[name] == pytest.approx(min(dev.values()))
            assert (record.measure is None) == (metric == "rmse")
        assert main(["report", f"of-{name}", "--store", str(place)]) == 0
        folder = place / "reports" / f"of-{name}"
        words = METRICS["rmse"].words if metric == "rmse" else "largest error"
        assert f"{words}, lower is better" in (folder / "report.html").read_text(encoding="utf-8")
        told = json.loads((folder / "answer.json").read_text(encoding="utf-8"))
        assert told["metric"] == {"words": words, "unit": words, "better": "lower"}
    again = read(tmp_path / "store" / "reports" / "of-largest" / "results.csv")
    assert set(again.frame.loc[again.frame["metric"] == "largest", "better"]) == {"lower"}


def test_the_loss_is_the_squared_error() -> None:
    outputs, labels = {"logits": torch.tensor([[0.5], [2.0]])}, torch.tensor([1.0, 0.0])
    assert TASK.loss(outputs, labels).item() == pytest.approx(0.25 + 4.0)
    assert TASK.answers(outputs).tolist() == [0.5, 2.0]


def test_a_diverged_model_has_collapsed() -> None:
    gold = [[float(number)] for number in range(10)]
    predicted = TASK.gather(gold, None, [float("nan")] * 10)  # type: ignore[arg-type]
    assert TASK.scores(gold, predicted) == {"pearson": 0, "spearman": 0}
    fit = TASK.fit(gold, predicted)
    assert fit is not None
    assert fit.collapsed


@pytest.mark.parametrize("cell", ["4,5", "", None, True, float("nan"), [1]])
def test_what_is_no_number_is_refused(cell: object) -> None:
    with pytest.raises(UserError, match=r"row 3: value: .* is not allowed; give a finite number, such as 2 or 2.5"):
        TASK.example(("A text", cell), "a.csv: row 3")


def test_a_number_is_the_same_from_text() -> None:
    assert TASK.example((" A\ttext", "4.50"), "") == TASK.example(("A text", 4.5), "") == ("A text", 4.5)


def test_labels_are_no_classes() -> None:
    with pytest.raises(UserError, match=r"task: labels: .* give none: a label of the kind 'regression' is a number"):
        own_task({"kind": "regression", "text": "a", "labels": ["x", "y"]}, "task")
