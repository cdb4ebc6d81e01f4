"""One model trained on several source languages: its data, its scores and its report."""

import json
from dataclasses import replace
from pathlib import Path
from statistics import fmean

import pytest
import yaml

from analysis.results.from_store import load
from analysis.results.merge import side_by_side
from analysis.results.view import View
from analysis.sections import languages
from harness.cli.commands.show import head
from harness.cli.main import main
from harness.common.errors import UserError
from harness.data import reading
from harness.data.context import TrialContext
from harness.data.mixing import mixed
from harness.data.origin import origin_of
from harness.data.subsets import training_rows
from harness.execution.plan import plan
from harness.store.store import Store
from harness.study import DataFiles, Sampling, Study
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
    both = side_by_side("a", View(results), "b", View(results))
    assert [str(row[0]) for row in languages.table(both).rows[:4]] == rows[:4]
    assert both.results.wide["en+de"].notna().all()
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
        (
            {"source": "en", "sampling": Sampling(temperature=0.5)},
            "sampling: it mixes several source languages, and 'source' is 'en' alone",
        ),
        ({"targets": ("de",)}, "targets: 'de' is not allowed; give languages other than the source"),
        ({"source": ["en", "hi"], "targets": ("de",)}, "data: train: language: there is no 'hi'"),
    ],
)
def test_what_is_no_source(several: Study, change: dict[str, object], message: str) -> None:
    with pytest.raises(UserError) as error:
        replace(several, **change)  # type: ignore[arg-type]
    assert message in str(error.value)


def test_a_mix_by_temperature(several: Study, tmp_path: Path) -> None:
    mix = replace(several, sampling=Sampling(temperature=0))
    assert Study.from_json(mix.to_json()) == mix
    assert "sampling" not in several.to_json()
    (trial, _), (all_examples, _) = plan(mix), plan(several)
    assert type(trial).from_json(trial.to_json()) == trial
    assert "sampling_temperature" not in all_examples.to_json()
    other = plan(replace(several, sampling=Sampling(temperature=0.5)))[0]
    assert len({trial.id, all_examples.id, other.id}) == 3
    context = TrialContext.of(trial, tmp_path)
    rows = training_rows(context)
    assert rows["example"][:] == mixed([30, 20], 0.0).tolist()
    assert sum(number < 30 for number in rows["example"]) == 25
    whole = context.encoded("train", "en+de").rows
    assert rows["input_ids"][:] == [whole["input_ids"][number] for number in rows["example"]]
    assert rows.to_dict() == training_rows(TrialContext.of(replace(trial, seed=9), tmp_path)).to_dict()
    fewer = replace(trial, setting=replace(trial.setting, train_examples=8))
    assert {*training_rows(TrialContext.of(fewer, tmp_path))["example"]} <= {*rows["example"]}
    assert head(mix)[3].split() == ["sampling", "temperature", "0", "over", "en+de"]


def test_a_mixed_study_runs_and_says_so(several: Study, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mix = replace(several, sampling=Sampling(temperature=0), methods=several.methods[:1])
    store = Store(str(tmp_path / "store"))
    run(mix, store)
    (trial,) = plan(mix)
    record = store.record(trial.id)
    assert record is not None
    assert record.config["sampling_temperature"] == 0
    (inputs,) = load(store, "both").trials["inputs"]
    assert inputs["sampling of the source languages"] == "temperature 0"
    file = tmp_path / "both.yaml"
    file.write_text(yaml.safe_dump(json.loads(json.dumps(mix.to_json()))), encoding="utf-8")
    assert main(["check", str(file)]) == 0
    told = (
        "at temperature 0 the 50 training examples are 25 of en (down-sampled from 30), 25 of de (up-sampled from 20)"
    )
    assert told in capsys.readouterr().out
