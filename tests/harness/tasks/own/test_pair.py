"""A task on a user's own pairs gives a shipped task's examples, whatever the columns' names."""

from dataclasses import replace
from pathlib import Path

import pytest
from sklearn.metrics import accuracy_score, matthews_corrcoef

import search_spaces
from harness.common.errors import UserError
from harness.data import reading
from harness.data.origin import Origin
from harness.execution.plan import plan
from harness.store.store import Store
from harness.study import DataFiles, Study
from harness.tasks import task_named
from harness.tasks.own.pair import OwnPair
from harness.tasks.own.regression import OwnRegression
from tests.helpers.own_data import written
from tests.helpers.sweeps import run


def test_pairs_are_those_of_the_shipped_task(tmp_path: Path) -> None:
    shipped = reading.examples(Origin("pawsx", "embedded"), "test", "de")
    rows = [{"first": a, "second": b, "same": int(label)} for a, b, label in shipped.rows]
    places = {"de": written(rows, tmp_path / "pairs.parquet")}
    task = OwnPair(text=("first", "second"), label="same", labels=("0", "1"))
    found = reading.examples(Origin(task, DataFiles(train=places, dev=places, test=places)), "test", "de")
    assert found.fingerprint == shipped.fingerprint
    assert task.gold(found.rows) == task_named("pawsx").gold(shipped.rows)
    assert task.passages(found.rows) == task_named("pawsx").passages(shipped.rows)


def test_a_study_of_pairs_has_scikit_learn_s_scores(study: Study, tmp_path: Path) -> None:
    def pairs(split: str, language: str, count: int, suffix: str) -> dict[str, str]:
        rows = reading.examples(Origin("pawsx", "embedded"), split, language).rows[:count]
        named = [{"first": a, "second": b, "same": "yes" if label == "1" else "no"} for a, b, label in rows]
        return {language: written(named, tmp_path / f"{split}-{language}{suffix}")}

    tests = pairs("test", "en", 25, ".parquet") | pairs("test", "de", 25, ".csv.gz")
    data = DataFiles(train=pairs("train", "en", 60, ".csv"), dev=pairs("dev", "en", 20, ".jsonl"), test=tests)
    task = OwnPair(text=("first", "second"), label="same", metric="matthews")
    made = replace(study, task=task, data=data, targets=("de",), methods=study.methods[:1])
    store = Store(str(tmp_path / "store"))
    run(made, store)
    (trial,) = plan(made)
    record, table = store.record(trial.id), store.predictions(trial.id).to_pandas()
    assert record is not None
    assert record.metric == "matthews"
    for language in ("en", "de"):
        part = table[(table["split"] == "test") & (table["language"] == language)]
        gold, predicted = ([int(label) for (label,) in part[name]] for name in ("gold", "predicted"))
        expected = [row[-1] == "yes" for row in reading.examples(Origin.of(trial), "test", language).rows]
        assert [bool(label) for label in gold] == expected
        metrics = record.scores.test[language].metrics
        assert metrics["matthews"] == pytest.approx(100 * matthews_corrcoef(gold, predicted))
        assert metrics["accuracy"] == pytest.approx(100 * accuracy_score(gold, predicted))


def test_a_number_for_two_texts() -> None:
    task = OwnRegression(text=("first", "second"), label="score")
    assert task.example(("A cat", "A dog", "3.5"), "") == ("A cat", "A dog", 3.5)
    assert task.passages([("A cat", "A dog", 3.5)]) == ["A cat", "A dog"]


def test_a_misspelt_field_in_python_has_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "study.py").write_text(
        "from harness.tasks.own.pair import OwnPair\n\n\ndef study():\n    return OwnPair(texts=('a', 'b'))\n"
    )
    with pytest.raises(UserError, match=r"study.py:5: OwnPair: there is no 'texts'. Did you mean 'text'\?"):
        search_spaces.load(str(tmp_path / "study.py"))
