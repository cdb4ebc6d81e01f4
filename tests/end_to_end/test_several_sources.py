"""One model trained on several source languages: its data, its scores and its report."""

from dataclasses import replace
from pathlib import Path
from statistics import fmean

import pytest

from analysis.results.from_store import load
from analysis.results.view import View
from analysis.sections import languages
from harness.common.errors import UserError
from harness.data import reading
from harness.data.origin import origin_of
from harness.execution.plan import plan
from harness.store.store import Store
from harness.study import DataFiles, Study
from harness.tasks.own.text import OwnText
from tests.helpers.own_data import topics, written
from tests.helpers.sweeps import run


@pytest.fixture
def several(study: Study, tmp_path: Path) -> Study:
    """A study of two source languages, with its own data."""
    parts = {"train": {"en": 30, "de": 20}, "dev": {"en": 10, "de": 8}, "test": {"en": 12, "de": 10, "hi": 10}}
    places = {
        split: {
            # The shipped data are English, and have only test sentences in German.
            language: written(
                topics(split if language == "en" else "test", language, count), tmp_path / f"{split}-{language}.csv"
            )
            for language, count in counts.items()
        }
        for split, counts in parts.items()
    }
    task = OwnText(text=("sentence",), label="topic", metric="macro_f1")
    return replace(study, name="both", task=task, data=DataFiles(**places), source=("en", "de"), targets=("hi",))


def test_one_model_and_a_source_score_of_both(several: Study, tmp_path: Path) -> None:
    assert several.source == "en+de"
    assert Study.from_json(several.to_json()) == several
    origin = origin_of(several)
    both = reading.examples(origin, "train", "en+de").rows
    assert both == (*reading.examples(origin, "train", "en").rows, *reading.examples(origin, "train", "de").rows)
    assert len({plan(replace(several, source=source))[0].id for source in ("en+de", "de+en", "en")}) == 3
    store = Store(str(tmp_path / "store"))
    run(several, store)
    for trial in plan(several):
        record = store.record(trial.id)
        assert record is not None
        for scores in (record.scores.test, record.scores.dev):
            mean = fmean(scores[language].metrics["macro_f1"] for language in ("en", "de"))
            assert scores["en+de"].metrics["macro_f1"] == pytest.approx(mean)
        assert record.zero_shot == record.scores.test["hi"].metrics["macro_f1"]
        assert {*store.predictions(trial.id)["language"].to_pylist()} == {"en", "de", "hi"}
    results = load(store, "both")
    rows = [str(row[0]) for row in languages.table(View(results)).rows]
    assert rows[:4] == ["en+de (source)", "en (of the source)", "de (of the source)", "hi"]
    assert results.runs["zero_shot"].tolist() == [store.record(trial.id).zero_shot for trial in plan(several)]  # type: ignore[union-attr]
    assert run(several, store)[0].ran == 0


def test_the_best_checkpoint_is_that_of_the_mean(several: Study, tmp_path: Path) -> None:
    (trial, _) = plan(replace(several, checkpoint="best"))
    store = Store(str(tmp_path / "store"))
    run(replace(several, checkpoint="best"), store)
    record = store.record(trial.id)
    assert record is not None
    assert record.checkpoint is not None
    assert record.checkpoint.dev is not None
    assert max(record.checkpoint.dev.values()) == pytest.approx(record.scores.dev["en+de"].metrics["macro_f1"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"source": "en+en"}, "source: 'en' is not allowed; give each entry once"),
        ({"source": "en+"}, "source: '' is not allowed; give a language code"),
        ({"targets": ("de",)}, "targets: 'de' is not allowed; give languages other than the source"),
        ({"source": ["en", "hi"], "targets": ("de",)}, "data: train: language: there is no 'hi'"),
    ],
)
def test_what_is_no_source(several: Study, change: dict[str, object], message: str) -> None:
    with pytest.raises(UserError) as error:
        replace(several, **change)  # type: ignore[arg-type]
    assert message in str(error.value)
