"""Columns that are known by their names."""

import pytest

from analysis.results.importers.columns import named_for, score_column


@pytest.mark.parametrize(
    ("column", "language", "metric", "split"),
    [
        ("test_de_f1", "de", "f1", "test"),
        ("predict_de_accuracy", "de", "accuracy", "test"),
        ("eval/de/f1", "de", "f1", "dev"),
        ("metrics.test_zh-Hant_overall_f1", "zh-Hant", "overall_f1", "test"),
        ("summary.test/sw/exact_match", "sw", "exact_match", "test"),
        ("test/f1/de", "de", "f1", "test"),
        ("de/eval_f1", "de", "f1", "dev"),
        ("predict_de/predict_f1", "de", "f1", "test"),
        ("de/eval_de_f1", "de", "f1", "dev"),
        ("metrics.test/de", "de", "score", "test"),
        ("de.accuracy", "de", "accuracy", None),
    ],
)
def test_scores(column: str, language: str, metric: str, split: str | None) -> None:
    found = score_column(column)
    assert found is not None
    assert (found.language, found.metric, found.split) == (language, metric, split)


@pytest.mark.parametrize(
    "column",
    """
    test_de_loss test_de_runtime eval_samples_per_second eval_steps_per_second eval_de_samples_per_second eval_f1
    eval_model_preparation_time train_de_f1 no_cuda is_world_process_zero eval_PER_f1 eval_per_f1 config.de.f1 id lr
    test_avg_f1 test_id eval_de_jit_compilation_time params.id_score predict_samples time/to_score_x
    """.split(),
)
def test_figures_that_are_no_scores(column: str) -> None:
    assert score_column(column) is None


@pytest.mark.parametrize(
    ("field", "columns", "found"),
    [
        ("learning_rate", ["lr", "params.learning_rate", "training_args/learning_rate"], [1, 2]),
        ("learning_rate", ["config/optimizer/lr", "lr_scheduler"], [0]),
        ("seed", ["Seed", "data_seed", "train_loop_config/seed"], [0, 2]),
        ("status", ["State"], [0]),
        ("method", ["methods", "method_note"], []),
    ],
)
def test_fields(field: str, columns: list[str], found: list[int]) -> None:
    assert named_for(field, columns) == [columns[i] for i in found]
