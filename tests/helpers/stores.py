"""Helpers that make the result of a trial without training, and read records."""

from typing import Any

from harness.common.provenance import Git, Provenance
from harness.store import record_json
from harness.store.record import Record, Score, Scores, TrialCost
from harness.store.result import Scored, TrialResult
from harness.store.store import Store
from harness.tasks import task_named
from tests.helpers.studies import CONFIG


def result(score: float = 50.0) -> TrialResult:
    """A result with the same score in every language."""
    tests = {
        language: Score(metrics={"f1": score}, examples=2, fingerprint=test)
        for language, test in {"en": "1", "de": "2"}.items()
    }
    record = Record(
        id=CONFIG.id,
        config=CONFIG.to_json(),
        metric="f1",
        scorer=task_named(CONFIG.task).scorer,
        scores=Scores({}, tests),
        zero_shot=score,
        collapsed=False,
        diverged=False,
        cost=TrialCost(seconds=1.0, steps=3, tokens_per_second=9.0, peak_memory_mib={"resident": 1.0}),
        provenance=Provenance(
            python="3", platform="none", device="none", threads=1, packages={"none": "0"}, git=Git("0", False)
        ),
    )
    scored = [Scored("test", language, [[1, 2], [3]], [[1, 2], [-1]], test) for language, test in tests.items()]
    return TrialResult(record, [{"step": 1, "loss": score}], scored)


def result_of(made: dict[str, Any]) -> TrialResult:
    """A result from a record in JSON, without labels."""
    names = {"predictions": "predictions-none.parquet", "history": "history-none.parquet"}
    return TrialResult(record_json.from_json({**made, **names}, made["id"]), [{"step": 1.0}], [])


def recorded(store: Store, trial: str) -> Record:
    """The record of a finished trial."""
    record = store.record(trial)
    assert record is not None
    return record
