"""Counts against seqeval and scikit-learn."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from seqeval.metrics import classification_report
from sklearn.metrics import accuracy_score

from analysis.results.prediction_counts import ACCURACY, F1, counts, label_counts, metric_of
from harness.execution.attempt import attempt
from harness.execution.resources import Resources
from harness.store.store import Store
from harness.study import TrialConfig
from harness.tasks import Own, task_named
from harness.tasks.entities import span_counts
from harness.tasks.own.multi_label import OwnMultiLabel
from harness.tasks.own.pair import OwnPair
from harness.tasks.own.question import OwnQuestion
from harness.tasks.own.regression import OwnRegression
from harness.tasks.own.text import OwnText
from harness.tasks.own.token import OwnToken
from tests.helpers.examples import examples

Sentences = list[list[tuple[int, int]]]
"""Gold and predicted label ids of each word."""


def sentences(labels: int) -> st.SearchStrategy[Sentences]:
    """A strategy for tags in any order, often right, from few or many labels."""
    label = st.one_of(st.integers(-1, labels - 1), st.integers(labels - 3, labels - 1))
    word = st.one_of(label.map(lambda at: (at, at)), st.tuples(label, label))
    return st.lists(st.lists(word, max_size=9), min_size=1, max_size=6)


def flat(found: Sentences, which: int) -> NDArray[np.int16]:
    return np.array([word[which] for sentence in found for word in sentence], np.int16)


def named(found: Sentences, which: int, task: str) -> list[list[str]]:
    names = [*task_named(task).labels, "O"]
    return [[names[word[which]] for word in sentence] for sentence in found]


def ours(found: Sentences, task: str) -> NDArray[np.int32]:
    return span_counts(
        flat(found, 0), flat(found, 1), np.array([len(sentence) for sentence in found]), task_named(task).labels
    )


UDPOS = task_named("udpos").labels


@settings(max_examples=examples(100), deadline=None)
@given(sentences(len(UDPOS)))
def test_sums_of_counts_are_the_tasks_score(found: Sentences) -> None:
    if any(found):
        gold, predicted = ([[word[which] for word in sentence] for sentence in found] for which in (0, 1))
        score = task_named("udpos").scores(gold, predicted)["f1"]
        assert F1.score(ours(found, "udpos").sum(axis=0)) == pytest.approx(score, abs=1e-9)


def test_micro_f1_is_that_of_seqevals_report() -> None:
    random = np.random.default_rng(0)
    found: Sentences = [
        [(int(a), int(b)) for a, b in random.integers(-1, 7, size=(n, 2))] for n in random.integers(1, 20, size=60)
    ]
    report = classification_report(named(found, 0, "panx"), named(found, 1, "panx"), output_dict=True, zero_division=0)
    assert F1.score(ours(found, "panx").sum(axis=0)) == pytest.approx(100 * report["micro avg"]["f1-score"])


def test_accuracy_is_scikit_learns() -> None:
    random = np.random.default_rng(0)
    sizes = random.integers(0, 9, size=50)
    gold, predicted = random.integers(-1, 3, size=(2, sizes.sum())).astype(np.int16)
    found = label_counts(gold, predicted, sizes)
    assert ACCURACY.score(found.sum(axis=0)) == pytest.approx(100 * accuracy_score(gold, predicted))
    ends = np.cumsum(sizes)
    assert found.tolist() == [
        [int((gold[e - n : e] == predicted[e - n : e]).sum()), n] for e, n in zip(ends, sizes, strict=True)
    ]


def test_a_score_of_nothing_is_0() -> None:
    assert F1.score(np.zeros((2, 3), int)).tolist() == [0, 0]
    assert F1.score(np.array([[0, 3, 0], [0, 0, 2], [1, 1, 1]])).tolist() == [0, 0, 100]


def test_metrics_of_tasks() -> None:
    assert {name: metric_of(name) for name in ("xnli", "pawsx", "panx", "udpos", "sib200")} == {
        "sib200": ACCURACY,
        "xnli": ACCURACY,
        "pawsx": ACCURACY,
        "panx": F1,
        "udpos": F1,
    }
    assert metric_of("mine.py") is None
    assert counts("mine.py", table([("test", "de", 0, [1], [1])])) is None


def test_a_task_with_another_metric_is_not_supported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(task_named("xnli")), "metric", "mcc")
    assert metric_of("xnli") is None


def table(rows: list[tuple[str, str, int, list[int], list[int]]]) -> pa.Table:
    split, language, example_, gold, predicted = (list(column) for column in zip(*rows, strict=True))
    labels = pa.list_(pa.int16())
    return pa.table(
        {
            "split": pa.array(split).dictionary_encode(),
            "language": pa.array(language).dictionary_encode(),
            "example": pa.array(example_, pa.int32()),
            "gold": pa.array(gold, labels),
            "predicted": pa.array(predicted, labels),
        }
    )


def test_accuracy_is_counted_by_language_in_the_order_of_examples() -> None:
    rows = [
        ("test", "hi", 1, [0], [2]),
        ("test", "de", 1, [1], [1]),
        ("dev", "de", 0, [1], [0]),
        ("test", "hi", 0, [2], [2]),
        ("test", "de", 0, [1], [0]),
        ("test", "de", 2, [1], [-1]),
    ]
    found = counts("xnli", table(rows))
    assert found is not None
    assert {code: values.tolist() for code, values in found.items()} == {
        "de": [[0, 1], [1, 1], [0, 1]],
        "hi": [[1, 1], [0, 1]],
    }
    assert counts("xnli", table(rows), "train") == {}


def test_tables_that_are_not_of_the_task_are_refused() -> None:
    with pytest.raises(ValueError, match="de: gold and predicted labels are not equally many"):
        counts("udpos", table([("test", "de", 0, [1, 2], [1])]))
    for wrong in (17, -2):
        with pytest.raises(ValueError, match="de: label ids are not those of 'udpos'"):
            counts("udpos", table([("test", "de", 0, [1, 2], [1, wrong])]))


def test_counts_of_a_stored_trial_give_its_scores(trial: Callable[..., TrialConfig], tmp_path: Path) -> None:
    config, store = trial(targets=("de", "hi")), Store(tmp_path / "store")
    assert not attempt(config, store, Resources()).error
    record = store.record(config.id)
    assert record is not None
    found = counts(config.task, store.predictions(config.id))
    assert found is not None
    assert set(found) == {"en", "de", "hi"}
    for language, counted in found.items():
        scores = record.scores.test[language]
        assert len(counted) == scores.examples
        assert F1.score(counted.sum(axis=0)) == pytest.approx(scores.metrics["f1"], abs=1e-9)
    dev = counts(config.task, store.predictions(config.id), "dev")
    assert dev is not None
    assert F1.score(dev["en"].sum(axis=0)) == pytest.approx(record.scores.dev["en"].metrics["f1"], abs=1e-9)


OWN_TAGS = ("B-X", "I-X", "O")


@pytest.mark.parametrize(
    "task",
    [
        OwnToken(labels=OWN_TAGS),
        OwnToken(labels=OWN_TAGS, metric="accuracy"),
        OwnToken(labels=OWN_TAGS, metric="micro_f1"),
        OwnPair(text=("a", "b"), labels=("x", "y", "z"), metric="micro_f1"),
        OwnText(text=("a",), labels=("x", "y", "z")),
    ],
)
def test_counts_of_own_tasks_give_their_scores(task: Own[Any]) -> None:
    random = np.random.default_rng(0)
    sizes = random.integers(1, 9, size=40) if isinstance(task, OwnToken) else np.ones(40, int)
    none = -1 if isinstance(task, OwnToken) else 0
    gold, predicted = ([random.integers(least, 3, size=n).tolist() for n in sizes] for least in (0, none))
    rows = [("test", "de", n, *pair) for n, pair in enumerate(zip(gold, predicted, strict=True))]
    metric, found = metric_of(task), counts(task, table(rows))
    assert metric is not None
    assert found is not None
    assert metric.score(found["de"].sum(axis=0)) == pytest.approx(task.scores(gold, predicted)[task.metric])


@pytest.mark.parametrize("name", ["micro_f1", "accuracy"])
def test_counts_of_sets_of_labels_give_their_scores(name: str) -> None:
    task = OwnMultiLabel(text=("a",), labels=("x", "y", "z"), metric=name)
    gold, predicted = np.random.default_rng(0).integers(0, 2, (2, 60, 3)).tolist()
    rows = [("test", "de", n, *pair) for n, pair in enumerate(zip(gold, predicted, strict=True))]
    metric, found = metric_of(task), counts(task, table(rows))
    assert metric is not None
    assert found is not None
    score = task.scores(gold, predicted)[name]
    assert 0 < score < 100
    assert metric.score(found["de"].sum(axis=0)) == pytest.approx(score)


def test_counts_of_own_questions_are_their_scores() -> None:
    task = OwnQuestion(metric="exact_match")
    gold, predicted = [["a cat", "cat"], ["dogs"]], [["The cat"], ["dog"]]
    stored = pa.table(
        {"split": ["test"] * 2, "language": ["en"] * 2, "example": [0, 1], "gold": gold, "predicted": predicted}
    )
    metric, found = metric_of(task), counts(task, stored)
    assert metric is not None
    assert found is not None
    assert metric.score(found["en"].sum(axis=0)) == task.scores_in("en", gold, predicted)["exact_match"] == 50


def test_other_metrics_of_own_tasks_are_no_ratios_of_counts(tmp_path: Path) -> None:
    (tmp_path / "accuracy2.py").write_text("def metric(gold, predicted):\n    return 1\n")
    assert metric_of(OwnText(text=("a",), metric="macro_f1")) is None
    assert metric_of(OwnText(text=("a",), metric=str(tmp_path / "accuracy2.py"))) is None
    assert metric_of(OwnRegression(text=("a",))) is None
