"""Metrics by name, against scikit-learn, scipy and the formula."""

from pathlib import Path

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics

from harness.common.errors import UserError
from harness.store.record_json import BESIDE_METRICS
from harness.tasks.metrics import METRICS, RESERVED, Measure, measure_of, own

RANDOM = np.random.default_rng(0)
GOLD = RANDOM.choice(["a", "b", "c"], 200).tolist()
PREDICTED = [g if keep else "b" for g, keep in zip(GOLD, RANDOM.random(200) < 0.6, strict=True)]
NUMBERS = RANDOM.normal(size=200).round(1).tolist()
ANSWERS = [value + noise for value, noise in zip(NUMBERS, RANDOM.normal(size=200), strict=True)]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("accuracy", metrics.accuracy_score(GOLD, PREDICTED)),
        ("macro_f1", metrics.f1_score(GOLD, PREDICTED, average="macro")),
        ("micro_f1", metrics.f1_score(GOLD, PREDICTED, average="micro")),
        ("matthews", metrics.matthews_corrcoef(GOLD, PREDICTED)),
    ],
)
def test_labels_are_scored_as_scikit_learn_does(name: str, expected: float) -> None:
    assert METRICS[name].function(GOLD, PREDICTED) == pytest.approx(expected, abs=1e-12)


def test_numbers_are_scored_as_scipy_does() -> None:
    assert METRICS["pearson"].function(NUMBERS, ANSWERS) == pytest.approx(stats.pearsonr(NUMBERS, ANSWERS).statistic)
    assert METRICS["spearman"].function(NUMBERS, ANSWERS) == pytest.approx(stats.spearmanr(NUMBERS, ANSWERS).statistic)


def test_errors_are_scikit_learn_s() -> None:
    errors = {
        "negative_mae": metrics.mean_absolute_error(NUMBERS, ANSWERS),
        "negative_rmse": metrics.root_mean_squared_error(NUMBERS, ANSWERS),
    }
    for name, error in errors.items():
        assert METRICS[name].function(NUMBERS, ANSWERS) == pytest.approx(-error)
        plain = METRICS[name.removeprefix("negative_")]
        assert plain.function(NUMBERS, ANSWERS) == pytest.approx(error)
        assert plain.function(NUMBERS, NUMBERS) == 0
        assert (plain.factor, plain.sign, plain.measure.mode) == (1, -1, "min")


@pytest.mark.parametrize("name", ["pearson", "spearman", "matthews"])
def test_a_constant_answer_goes_with_nothing(name: str) -> None:
    gold: list[object] = [*GOLD] if name == "matthews" else [*NUMBERS]
    assert METRICS[name].function(gold, [gold[0]] * len(gold)) == 0


def test_correlations_may_be_negative() -> None:
    assert METRICS["pearson"].function(NUMBERS, [-value for value in NUMBERS]) == pytest.approx(-1)


def test_figures_have_words_for_metrics() -> None:
    assert [measure_of(name).words for name in ("f1", "macro_f1", "mine")] == ["F1", "macro F1", "mine"]


def test_a_users_own_metric_and_its_fingerprint(tmp_path: Path) -> None:
    file = tmp_path / "kept.py"
    file.write_text("from beside import SHARE\n\ndef metric(gold, predicted):\n    return SHARE * len(gold)\n")
    (tmp_path / "beside.py").write_text("SHARE = 0.01\n")
    assert own.own_metric(str(file))([1, 2], [1, 3]) == 0.02
    before = own.code_fingerprint(str(file))
    file.write_text(file.read_text() + "# another version\n")
    assert own.code_fingerprint(str(file)) != before


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            "return float('nan')",
            "kept.py: the value of metric for 2 examples: nan is not allowed; give one finite number",
        ),
        ("return 0.5, 0.7", "kept.py: the value of metric for 2 examples: (0.5, 0.7) is not allowed; give one finite"),
        ("return gold[7]", "kept.py:2: metric fails on 2 examples: IndexError: list index out of range"),
    ],
)
def test_a_metric_that_returns_no_number(tmp_path: Path, body: str, message: str) -> None:
    file = tmp_path / "kept.py"
    file.write_text(f"def metric(gold, predicted):\n    {body}\n")
    with pytest.raises(UserError) as error:
        own.own_metric(str(file))([1, 2], [1, 3])
    assert message in str(error.value)


def test_a_users_metric_has_its_unit_and_direction(tmp_path: Path) -> None:
    file = tmp_path / "kept.py"
    body = "def metric(gold, predicted):\n    return 0.5\n"
    file.write_text(body)
    assert own.own_measure(str(file)) == Measure("kept") == measure_of("kept")
    file.write_text(f"{body}metric.words, metric.points, metric.lower_is_better = 'days off', False, True\n")
    found = own.own_measure(str(file))
    assert found == Measure("days off", points=False, lower_is_better=True)
    assert (found.axis, found.unit, found.best) == ("days off, lower is better", "days off", "lowest")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("metric.lower_is_beter = True", "there is no 'lower_is_beter'. Did you mean 'lower_is_better'?"),
        ("metric.points = 1", "kept.py: metric.points: 1 is not allowed; give True or False"),
        ("metric.words = ' '", "kept.py: metric.words: ' ' is not allowed; give a text of at most 60 characters"),
    ],
)
def test_attributes_that_a_users_metric_may_not_have(tmp_path: Path, line: str, message: str) -> None:
    file = tmp_path / "kept.py"
    file.write_text(f"def metric(gold, predicted):\n    return 0.5\n{line}\n")
    with pytest.raises(UserError) as error:
        own.own_measure(str(file))
    assert message in str(error.value)


def test_a_file_without_a_metric(tmp_path: Path) -> None:
    file = tmp_path / "kept.py"
    file.write_text("def score(gold, predicted):\n    return 1\n")
    with pytest.raises(UserError, match=r"kept.py: it must define a function metric\(gold, predicted\)"):
        own.own_metric(str(file))


def test_no_metric_has_the_name_of_another_value_of_a_record() -> None:
    assert {*RESERVED} == BESIDE_METRICS
    assert not {*RESERVED} & {*METRICS}
