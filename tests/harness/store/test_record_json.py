"""A record as JSON: a record reads back as written. Records of older and newer versions are readable too."""

import json
import math
from dataclasses import replace
from typing import Any

import pytest

from harness.common.provenance import Provenance
from harness.store import record_json
from harness.store.record import Record, Score, ScoredCheckpoint, Scores, TrialCost
from harness.tasks.label_counts import LabelCounts
from tests.helpers.stores import result
from tests.helpers.studies import CONFIG

COUNTS = LabelCounts(labels=10, right=6, constant=4, predicted=9, commonest=5)
SCORE = Score(
    metrics={"f1": 50.0, "accuracy": 60.0},
    majority=20.0,
    label_counts=COUNTS,
    unknown=0.5,
    examples=2,
    fingerprint="1",
)
MADE = Provenance(python="3", platform="none", device="none", threads=1, packages={"none": "0"}, git=None)
WHOLE = replace(
    result().record,
    finished="2026-01-01T00:00:00+00:00",
    config=json.loads(json.dumps(CONFIG.to_json())),
    scores=Scores({"en": SCORE}, {"en": SCORE, "de": SCORE}),
    checkpoint=ScoredCheckpoint(step=2, dev={"1": 40.0, "2": 50.0}),
    cost=TrialCost(
        seconds=4.0,
        preparation_seconds=1.0,
        training_seconds=2.0,
        evaluation_seconds=1.0,
        steps=3,
        resumed_at=(1, 2),
        training_tokens=100,
        tokens_per_second=50.0,
        peak_memory_mib={"resident": 1.0, "gpu": 2.0},
        trained_embeddings=7,
        extra_memory_mib=0.0,
        largest_pull=math.inf,
        parameters=10,
        trained_parameters=9,
    ),
    provenance=MADE,
    rescored=MADE,
    predictions="predictions-a.parquet",
    history="history-a.parquet",
    weights="weights-a",
)


def written(record: Record) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json.dumps(record_json.to_json(record)))
    return found


def test_a_record_reads_back_unchanged() -> None:
    found = record_json.from_json(written(WHOLE), CONFIG.id)
    assert found == WHOLE
    assert written(found) == written(WHOLE)


def test_the_scores_of_a_language_are_side_by_side() -> None:
    assert written(WHOLE)["scores"]["test"]["de"] == {
        "f1": 50.0,
        "accuracy": 60.0,
        "majority": 20.0,
        "label_counts": {"labels": 10, "right": 6, "constant": 4, "predicted": 9, "commonest": 5},
        "unknown": 0.5,
        "examples": 2,
        "fingerprint": "1",
    }


def test_only_git_may_be_null() -> None:
    """Keys without a value are left out, as in older versions."""
    tables = {"predictions": "predictions-a.parquet", "history": "history-a.parquet"}
    bare = replace(result().record, config=WHOLE.config, provenance=MADE, **tables)
    found = written(bare)
    assert found["provenance"]["git"] is None
    assert found.keys().isdisjoint({"checkpoint", "rescored", "weights"})
    assert set(found["cost"]) == {"seconds", "steps", "tokens_per_second", "peak_memory_mib"}
    assert record_json.from_json(found, CONFIG.id) == bare


def test_keys_of_newer_versions_are_ignored() -> None:
    made = written(WHOLE)
    for part in (made, made["cost"], made["provenance"], made["checkpoint"], made["scores"]):
        part["newer"] = {"a": [1]}
    assert record_json.from_json(made, CONFIG.id) == WHOLE


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"id": "0" * 16}, "it belongs to another trial"),
        ({"zero_shot": math.nan}, "zero_shot is not a finite number"),
        ({"zero_shot": 10**400}, "zero_shot"),
        ({"diverged": 1}, r"Expected `bool`, got `int` - at `\$\.diverged`"),
        ({"weights": "weights-a/.."}, "weights is not the name of a file"),
        ({"history": "predictions-a.parquet"}, "history is not the name of a file"),
        ({"metric": "f1\n"}, "it has no dev score of 'en'"),
        ({"scores": {"dev": {}, "test": {}}}, "it has no test score of the source"),
        ({"scores": {"dev": {}}}, "it has no scores by split and language"),
    ],
)
def test_the_reason_names_the_fault(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        record_json.from_json({**written(WHOLE), **change}, CONFIG.id)


def test_a_record_of_an_older_version_has_no_counts_of_labels() -> None:
    made = written(WHOLE)
    for languages in made["scores"].values():
        for score in languages.values():
            del score["label_counts"]
    without = replace(SCORE, label_counts=None)
    assert record_json.from_json(made, CONFIG.id) == replace(
        WHOLE, scores=Scores({"en": without}, {"en": without, "de": without})
    )


@pytest.mark.parametrize(
    "wrong", [{"right": 11}, {"labels": 0}, {"labels": 10**400}, {"commonest": 5.5}, {"predicted": None}]
)
def test_impossible_counts_of_labels_are_refused(wrong: dict[str, Any]) -> None:
    made = written(WHOLE)
    made["scores"]["test"]["de"]["label_counts"] |= wrong
    with pytest.raises(ValueError, match=r"label_counts|no model can have"):
        record_json.from_json(made, CONFIG.id)


@pytest.mark.parametrize("name", ["seconds", "steps", "tokens_per_second", "peak_memory_mib"])
def test_fields_of_every_version_are_required(name: str) -> None:
    made = written(WHOLE)
    del made["cost"][name]
    with pytest.raises(ValueError, match=name):
        record_json.from_json(made, CONFIG.id)
