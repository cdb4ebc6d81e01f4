"""Records of versions with other rules of scoring: no report mixes the two."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from analysis.results.from_store import load
from harness.execution.attempt import attempt
from harness.execution.plan import plan
from harness.execution.resources import Resources
from harness.store.store import Store
from harness.store.trials import _scored_again
from harness.study import Study, TrialConfig
from harness.tasks import code_fingerprint, task_named
from tests.helpers.own_task import OWN
from tests.helpers.store_files import file_of, former
from tests.helpers.stores import recorded
from tests.helpers.studies import CONFIG

F1 = pytest.approx(80.0)
"""F1 of the labels in the store's predictions: two of three entities are found, and nothing else."""


def test_scores_are_recomputed_from_the_predictions(store: Store) -> None:
    before = recorded(store, CONFIG.id)
    former(store, CONFIG.id)
    standing = store.standing([CONFIG])
    after = standing.finished[CONFIG.id]
    assert standing.scored_again == {CONFIG.id}
    assert {language: score.metrics["f1"] for language, score in after.scores.test.items()} == {"en": F1, "de": F1}
    assert (after.zero_shot, after.scorer) == (F1, "seqeval-0.0.12")
    assert replace(after, scores=before.scores, zero_shot=before.zero_shot) == before
    assert store.record_of(CONFIG) == after
    assert recorded(store, CONFIG.id).zero_shot == 50.0  # as it was written


def test_a_current_record_is_not_rescored(store: Store) -> None:
    standing = store.standing([CONFIG])
    assert (standing.finished[CONFIG.id].zero_shot, standing.scored_again) == (50.0, set())


@pytest.mark.parametrize("content", [None, b"torn"])
def test_without_predictions_a_trial_counts_as_unfinished(store: Store, content: bytes | None) -> None:
    former(store, CONFIG.id)
    predictions = file_of(store, "predictions-*.parquet")
    predictions.unlink() if content is None else predictions.write_bytes(content)
    standing = store.standing([CONFIG])
    assert ([*standing.finished], [*standing.outdated]) == ([], [CONFIG.id])


def test_a_trial_of_a_former_version_gets_exactly_the_new_score(
    trial: Callable[..., TrialConfig], tmp_path: Path
) -> None:
    config, store = trial(targets=("de",)), Store(tmp_path / "store")
    assert not attempt(config, store, Resources()).error
    fresh = recorded(store, config.id)
    former(store, config.id)
    assert store.record_of(config) == fresh
    assert attempt(config, store, Resources()).zero_shot == fresh.zero_shot  # without new training
    assert recorded(store, config.id).scorer == ""


def test_only_a_checkpoint_selected_by_the_new_score_gets_another_id(study: Study) -> None:
    last, best = (plan(replace(study, checkpoint=checkpoint))[0] for checkpoint in ("last", "best"))
    assert (last.selected_by, best.selected_by) == ("", "seqeval-0.0.12")
    assert replace(best, selected_by="").id != best.id
    old = best.to_json()
    del old["selected_by"]
    assert TrialConfig.from_json(old).id == replace(best, selected_by="").id  # a store of a former version can be read


def test_an_own_task_of_plain_tags_gets_the_new_scorer(tmp_path: Path) -> None:
    file = tmp_path / "own.py"
    prints = []
    for labels in ('("O", "B-X", "I-X")', '("NOUN", "VERB")'):
        file.write_text(OWN.replace("PairTask", "TokenTask").replace('("no", "yes")', labels), encoding="utf-8")
        prints.append((task_named(str(file)).scorer, code_fingerprint(str(file))))
    assert [scorer for scorer, _ in prints] == ["", "seqeval-0.0.12"]
    file.write_text(file.read_text() + "\nEcho.scores = lambda self, gold, predicted: {}\n", encoding="utf-8")
    assert task_named(str(file)).scorer == ""


def test_a_report_names_rescored_and_unscorable_trials(
    study: Study, trial: Callable[..., TrialConfig], tmp_path: Path
) -> None:
    one, store = replace(study, methods=study.methods[:1], seeds=study.seeds[:1], targets=("de",)), Store(tmp_path)
    for config in plan(one):
        assert not attempt(config, store, Resources()).error
        former(store, config.id)
    store.save_study(one, plan(one))
    (note,) = load(store, one.name).notes
    assert note.startswith("The scores of 1 of 1 trials are computed anew from their predictions")
    file_of(store, "predictions-*.parquet", plan(one)[0].id).unlink()
    _scored_again.clear()
    (note,) = load(Store(tmp_path), one.name).notes
    assert note.startswith("Trials that count as missing: 1.")
