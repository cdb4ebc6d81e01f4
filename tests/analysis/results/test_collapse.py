"""Languages in which models collapsed, from records and from the predictions beside them, in stores with real
trials."""

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from analysis.results.collapse import counts_of
from analysis.results.frame import PAIR
from analysis.results.from_store import load
from analysis.results.view import View
from analysis.sections import languages
from harness.execution.plan import plan
from harness.store import parquet
from harness.store.record import Record, Score, TrialCost
from harness.store.result import Scored, TrialResult
from harness.store.store import Store
from harness.study import Study, TrialConfig
from harness.tasks.label_counts import of_examples
from harness.training.trial import made_record
from tests.helpers.frames import ROWS, frames
from tests.helpers.stores import result

Labels = list[list[int]]
Guess = Callable[[str, Labels], Labels]
"""Maps a language and its gold labels to predicted labels."""
SENTENCES, WORDS, TAGS = 60, 12, 17
PUNCT = 12


def gold(language: str) -> Labels:
    """UDPOS-like tags, a third of them the same tag."""
    random = np.random.default_rng(sum(map(ord, language)))
    tags = random.integers(0, TAGS, (SENTENCES, WORDS))
    return np.where(random.random(tags.shape) < 0.3, PUNCT, tags).tolist()


def good(language: str, labels: Labels) -> Labels:
    random = np.random.default_rng(1)
    return [[tag if random.random() < 0.8 else int(random.integers(0, TAGS)) for tag in tags] for tags in labels]


def punct(language: str, labels: Labels) -> Labels:
    return [[PUNCT] * len(tags) for tags in labels]


def good_but_in_hindi(language: str, labels: Labels) -> Labels:
    return (punct if language == "hi" else good)(language, labels)


def scored(language: str, test: str, guess: Guess) -> Scored:
    """A language's labels with the task's own scores, as saved by a trial."""
    ours, theirs = gold(language), guess(language, gold(language))
    right = sum(a == b for x, y in zip(ours, theirs, strict=True) for a, b in zip(x, y, strict=True))
    accuracy = 100 * right / (SENTENCES * WORDS)
    metrics = {"f1": accuracy, "accuracy": accuracy}
    counts = of_examples(ours, theirs)
    found = Score(metrics=metrics, majority=1.0, label_counts=counts, examples=SENTENCES, fingerprint=test)
    return Scored("test", language, ours, theirs, found)


def saved(store: Store, config: TrialConfig, guess: Guess) -> Record:
    """Save a finished trial with these guesses and no information on its training."""
    parts = [scored(language, test, guess) for language, test in config.test_data.items()]
    dev = replace(parts[0], split="dev")
    cost = TrialCost(seconds=1.0, steps=1, tokens_per_second=1.0, peak_memory_mib={"resident": 1.0})
    made = made_record(config, [dev, *parts], [], None, cost, result().record.provenance)
    store.save(config, TrialResult(made, [{"step": 1.0}], [dev, *parts]))
    return made


@pytest.fixture
def store(study: Study, tmp_path: Path) -> Store:
    """Three seeds: vanilla is good, predicts PUNCT everywhere, or is good except in Hindi; l2 is always good."""
    made = replace(study, seeds=(0, 1, 2))
    store, trials = Store(tmp_path / "store"), plan(made)
    store.save_study(made, trials)
    for config in trials:
        guess = good if config.method.arm.label != "vanilla" else (good, punct, good_but_in_hindi)[config.seed]
        saved(store, config, guess)
    return store


def made_old(store: Store, *, collapsed: bool | None = None) -> None:
    """Rewrite the records as older versions wrote them, without label counts."""
    for file in Path(store.root).glob("trials/*/result.json"):
        found = json.loads(file.read_text(encoding="utf-8"))
        found.pop("checksum", None)
        for of_split in found["scores"].values():
            for score in of_split.values():
                score.pop("label_counts", None)
        found["collapsed"] = found["collapsed"] if collapsed is None else collapsed
        file.write_text(json.dumps(found), encoding="utf-8")


def flags(store: Store) -> pd.DataFrame:
    return load(Store(store.root, create=False), "small").collapsed_in


def test_a_run_collapses_in_each_language_by_itself(store: Store) -> None:
    results = load(store, "small")
    found = results.collapsed_in
    assert set(found.dtypes) == {pd.BooleanDtype()}
    assert found.index.equals(results.wide.index)
    assert [*found.columns] == ["en", "de", "hi"]
    vanilla = results.collapsed_of("vanilla").droplevel(["setting", "replicate"])
    assert vanilla.loc[1].all()
    assert vanilla.loc[2].tolist() == [False, False, True]
    assert int(found.sum().sum()) == 4
    runs = results.runs.set_index(["method", *PAIR])
    assert runs["collapsed"].tolist() == found["en"].tolist()


def test_the_table_per_language_counts_collapsed_runs(store: Store) -> None:
    table = languages.table(View(load(store, "small")))
    assert table.header[-1] == "vanilla, collapsed runs"
    assert [row[-1] for row in table.rows] == ["1/3", "1/3", "2/3", "–", "–"]


def test_an_old_store_gives_the_same_flags_whatever_its_records_say(store: Store) -> None:
    before = flags(store)
    for collapsed in (True, False):
        made_old(store, collapsed=collapsed)
        pd.testing.assert_frame_equal(flags(store), before)
        assert load(store, "small").runs["collapsed"].sum() == 1


def test_without_predictions_an_old_record_speaks_for_the_source_alone(store: Store) -> None:
    made_old(store)
    for file in Path(store.root).glob("trials/*/predictions-*"):
        file.unlink()
    found = flags(store)
    assert found["en"].sum() == 1
    assert found[["de", "hi"]].isna().all(axis=None)
    table = languages.table(View(load(store, "small")))
    assert table.header == ["language", "vanilla", "l2(strength=0.01)"]


def test_new_records_need_no_predictions(store: Store) -> None:
    before = flags(store)
    for file in Path(store.root).glob("trials/*/predictions-*"):
        file.unlink()
    pd.testing.assert_frame_equal(flags(store), before)


def test_unfinished_runs_are_unknown(store: Store) -> None:
    (trial, *_) = [trial for trial in store.study("small")[1] if trial.seed == 1]
    Path(store.root, "trials", trial.id, "result.json").unlink()
    found = flags(store)
    assert found.isna().all(axis=1).sum() == 1


def test_a_run_of_several_trials_has_the_flags_of_all_of_them() -> None:
    """ewc has one trial per language: the first one collapsed. Some flags are unknown, as from a CSV file."""
    results = frames([(*row[:5], row[0].startswith("ewc") and row[3] == ("de",)) for row in ROWS])
    known = [{"en": False, "de": True} if row[3] == ("de",) else math.nan for row in ROWS]
    found = replace(results, trials=results.trials.assign(collapsed_in=known)).collapsed_in
    assert set(found.dtypes) == {pd.BooleanDtype()}
    ewc = found.loc["ewc(strength=1)"]
    assert ewc["en"].all()
    assert ewc["de"].all()
    assert ewc["hi"].isna().all()
    assert found.loc["vanilla", ["de", "hi"]].isna().all(axis=None)
    assert found["en"].isna().tolist() == (~results.runs["finished"].astype(bool)).tolist()


def table_of(*rows: tuple[str, str, list[int], list[int]]) -> pa.Table:
    """Predictions in the form that a trial writes, one example per row."""
    scores = Score(metrics={}, examples=1, fingerprint="")
    parts = [Scored(split, language, [ours], [theirs], scores) for split, language, ours, theirs in rows]
    return parquet.read(parquet.predictions(TrialResult(result().record, [], parts)))


def test_counts_of_predictions_are_those_of_each_language() -> None:
    rows = [
        ("dev", "en", [1, 1], [0, 0]),
        ("test", "de", [3, 3, 3], [3, -1, 2]),
        ("test", "en", [1], [1]),
        ("test", "de", [2], [2]),
    ]
    assert counts_of(table_of(*rows)) == {
        "en": of_examples([[1]], [[1]]),
        "de": of_examples([[3, 3, 3], [2]], [[3, -1, 2], [2]]),
    }


def test_languages_without_labels_that_can_be_counted_are_left_out() -> None:
    rows = [("test", "en", [1], [1]), ("test", "de", [], []), ("test", "hi", [-100], [2])]
    assert set(counts_of(table_of(*rows))) == {"en"}


@pytest.mark.parametrize(
    ("column", "values", "reason"),
    [
        ("gold", [["a"], ["b"]], "gold has no lists of label ids"),
        ("gold", [1, 2], "gold has no lists of label ids"),
        ("predicted", [[1], None], "a label is missing"),
        ("predicted", [[1], [None]], "a label is missing"),
        ("predicted", [[1], [1, 2]], "not equally many"),
        ("language", [1, 2], "language is no text"),
        ("language", ["en", None], "null"),
        ("split", [["test"], ["test"]], "split is no text"),
    ],
)
def test_a_table_that_no_trial_can_have_written_is_refused(column: str, values: list[object], reason: str) -> None:
    made = {"split": ["test"] * 2, "language": ["en"] * 2, "gold": [[1], [2]], "predicted": [[1], [2]]}
    assert set(counts_of(pa.table(made))) == {"en"}
    with pytest.raises(ValueError, match=reason):
        counts_of(pa.table(made | {column: values}))


def test_a_trial_without_counts_is_judged_by_the_majority(trial: Callable[..., TrialConfig]) -> None:
    """A user's own task may have labels that are no ids."""
    config = trial()
    parts = [scored(language, test, punct) for language, test in config.test_data.items()]
    cost = TrialCost(seconds=1.0, steps=1, tokens_per_second=1.0, peak_memory_mib={"resident": 1.0})
    for majority, collapsed in ((99.0, True), (1.0, False)):
        unknown = [replace(part, score=replace(part.score, label_counts=None, majority=majority)) for part in parts]
        made = made_record(config, unknown, [], None, cost, result().record.provenance)
        assert made.collapsed is collapsed
    assert made_record(config, parts, [], None, cost, result().record.provenance).collapsed
