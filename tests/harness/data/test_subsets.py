"""The training data of a trial: subsets of the examples and wrong labels, with all other data unchanged."""

import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from datasets import Dataset
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, chisquare

from harness.common.errors import UserError
from harness.data.context import TrialContext
from harness.data.origin import Origin
from harness.data.reading import examples
from harness.data.subsets import drawn, noisy, of_examples, training_rows
from harness.data.tokenised import sub_words
from harness.encoders import loading, pinning
from harness.execution.plan import plan
from harness.fisher import supply
from harness.methods import L2, Ewc, Vanilla
from harness.setting import Setting
from harness.study import Study, TrialConfig
from harness.tasks import Task, task_named
from harness.tasks.token_task import IGNORED
from harness.training.building import build_trainer
from harness.training.trial import run_trial
from tests.helpers.studies import SHORT, TRAINED
from tests.helpers.training import EMBEDDINGS, trained

EMBEDDED = pinning.find("embedded")


def rows_of(config: TrialConfig, cache: Path) -> Dataset:
    return training_rows(TrialContext.of(config, cache))


def test_ids_without_these_fields_are_unchanged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.study.trial_config.NUMERICS", 2)
    made = TrialConfig(
        task="udpos",
        source="en",
        method=L2(strength=0.05),
        setting=Setting(learning_rate=2e-3, warmup_steps=6, max_steps=60, batch_size=16),
        seed=1,
        precision="fp32",
        encoder_revision="a" * 16,
        training_data="b" * 16,
        encoder="embedded",
        data="embedded",
        targets=("de",),
        test_data={"en": "c" * 16, "de": "d" * 16},
    )
    assert made.id == "03508dd4b53c6171"
    others = [
        replace(made.setting, train_examples=100),
        replace(made.setting, train_examples=101),
        replace(made.setting, label_noise=0.1),
    ]
    assert len({made.id, *(replace(made, setting=setting).id for setting in others)}) == 4


@given(st.integers(1, 500), st.data())
def test_smaller_subsets_are_within_larger_ones(total: int, data: st.DataObject) -> None:
    few = data.draw(st.integers(1, total))
    many = data.draw(st.integers(few, total))
    small, large = drawn(total, few).tolist(), drawn(total, many).tolist()
    assert len(small) == few
    assert small == sorted(set(small))
    assert set(small) <= set(large) <= set(range(total))


def test_all_examples_are_equally_likely() -> None:
    """Over the positions of a long list: the draw prefers neither the beginning nor the end."""
    found = drawn(100_000, 10_000)
    assert chisquare(np.histogram(found, bins=20, range=(0, 100_000))[0]).pvalue > 0.01


LABELS = st.lists(st.lists(st.integers(0, 4), max_size=6), min_size=1, max_size=30)


@given(LABELS, st.floats(0, 0.99), st.floats(0, 0.99))
def test_larger_noise_contains_the_replacements_of_smaller_noise(
    gold: list[list[int]], one: float, other: float
) -> None:
    less, more = (noisy(gold, 5, share) for share in sorted((one, other)))
    assert [len(labels) for labels in less] == [len(labels) for labels in more] == [len(labels) for labels in gold]
    for was, little, much in zip(*map(chain.from_iterable, (gold, less, more)), strict=True):
        assert 0 <= much < 5
        assert little in (was, much)
    assert noisy(gold, 5, 0.0) == gold


def test_noise_replaces_the_share_by_other_equally_likely_labels() -> None:
    gold = [[label] * 5 for label in range(4)] * 1000
    found = noisy(gold, 4, 0.3)
    pairs = Counter((was, now) for old, new in zip(gold, found, strict=True) for was, now in zip(old, new, strict=True))
    replaced = {pair: count for pair, count in pairs.items() if pair[0] != pair[1]}
    assert binomtest(sum(replaced.values()), 20_000, 0.3).pvalue > 0.01
    assert len(replaced) == 12
    assert chisquare(list(replaced.values())).pvalue > 0.01


def test_the_draws_never_change() -> None:
    """Another draw would be another data set under the same id of a trial."""
    assert drawn(10, 4).tolist() == [2, 4, 8, 9]
    assert noisy([[0, 1, 2, 3], [4, 5, 6, 7]], 8, 0.4) == [[0, 1, 5, 0], [6, 4, 7, 4]]


def test_a_subset_has_all_windows_of_a_sentence_or_none(trial: Callable[..., TrialConfig], tmp_path: Path) -> None:
    setting = replace(SHORT, max_length=16, train_examples=40)
    whole = rows_of(trial(setting=replace(setting, train_examples=None)), tmp_path)
    some = rows_of(trial(setting=setting), tmp_path)
    chosen = drawn(TRAINED, 40).tolist()
    assert len(some) > 40  # there are windows
    assert some.to_list() == [row for row in whole.to_list() if row["example"] in chosen]
    assert list(dict.fromkeys(some["example"])) == chosen
    assert rows_of(trial(setting=replace(setting, train_examples=TRAINED)), tmp_path).to_list() == whole.to_list()
    # nothing of the others is beneath
    assert set(sub_words(some).tolist()) == {i for row in some["input_ids"] for i in row}


@pytest.mark.parametrize(("task", "share"), [("udpos", 0.5), ("pawsx", 0.5)])
def test_noise_equals_the_encoding_of_wrong_examples(study: Study, tmp_path: Path, task: str, share: float) -> None:
    """Each label is at its word, in windows too, and all other data is unchanged."""
    setting = replace(SHORT, max_length=16, label_noise=share)
    config = plan(replace(study, task=task, data="embedded", targets=("de",), settings=(setting,)))[0]
    made, kind = rows_of(config, tmp_path), task_named(task)
    right = examples(Origin.of(config), "train", "en").rows
    gold = noisy(kind.gold(right), len(kind.labels), share)
    wrong = [
        (example[0], tuple(kind.labels[i] for i in labels))
        if task == "udpos"
        else (*example[:2], kind.labels[labels[0]])
        for example, labels in zip(right, gold, strict=True)
    ]
    expected = kind.encode(wrong, loading.tokenizer(EMBEDDED), 16)
    assert made.to_dict() == expected.to_dict()
    assert made.features == TrialContext.of(config, tmp_path).encoded("train", "en").rows.features
    fewer = rows_of(replace(config, setting=replace(setting, train_examples=30)), tmp_path)
    chosen = set(drawn(len(right), 30).tolist())
    # a word's label is the same in a subset
    assert fewer.to_list() == [row for row in made.to_list() if row["example"] in chosen]


def test_the_tokenised_data_is_shared_and_unchanged(trial: Callable[..., TrialConfig], tmp_path: Path) -> None:
    before = rows_of(trial(), tmp_path).to_dict()
    entries = sorted((tmp_path / "tokenised").iterdir())
    rows_of(trial(setting=replace(SHORT, train_examples=10, label_noise=0.3)), tmp_path)
    assert sorted((tmp_path / "tokenised").iterdir()) == entries
    assert rows_of(trial(), tmp_path).to_dict() == before


def test_dev_and_test_sets_keep_their_labels_and_the_majority_is_that_of_all_training_data(
    trial: Callable[..., TrialConfig], tmp_path: Path
) -> None:
    plain = run_trial(trial(), cache=tmp_path)
    changed = {
        name: run_trial(trial(setting=replace(SHORT, **{name: value})), cache=tmp_path)  # type: ignore[arg-type]
        for name, value in (("train_examples", 8), ("label_noise", 0.9))
    }
    for result in changed.values():
        assert [part.gold for part in result.scored] == [part.gold for part in plain.scored]
        assert [part.score.majority for part in result.scored] == [part.score.majority for part in plain.scored]
        assert [part.score.fingerprint for part in result.scored] == [part.score.fingerprint for part in plain.scored]
        assert [part.predicted for part in result.scored] != [part.predicted for part in plain.scored]
    assert changed["train_examples"].record.cost.trained_embeddings < plain.record.cost.trained_embeddings
    assert changed["label_noise"].record.cost.trained_embeddings == plain.record.cost.trained_embeddings
    assert changed["label_noise"].history[0]["task_loss"] != plain.history[0]["task_loss"]


def test_epochs_are_passes_over_the_subset(trial: Callable[..., TrialConfig], tmp_path: Path) -> None:
    setting = replace(SHORT, max_steps=None, epochs=2, train_examples=10, batch_size=4)
    trainer = build_trainer(TrialContext.of(trial(setting=setting), tmp_path))
    seen: list[Any] = []
    step = trainer.training_step
    trainer.training_step = lambda m, inputs, n=None: (seen.append(inputs["input_ids"]), step(m, inputs, n))[1]  # type: ignore[method-assign]
    trainer.train()
    assert [len(batch) for batch in seen] == [4, 4, 2] * 2
    expected = Counter(tuple(row) for row in rows_of(trial(setting=setting), tmp_path)["input_ids"])
    padding = loading.tokenizer(EMBEDDED).pad_token_id
    assert (
        Counter(tuple(i for i in row if i != padding) for batch in seen for row in batch.tolist())
        == expected + expected
    )


def test_the_vocabulary_of_the_subset_is_trimmed_exactly(
    trial: Callable[..., TrialConfig], encoder: str, tmp_path: Path
) -> None:
    setting = replace(SHORT, max_steps=6, max_grad_norm=0.0, train_examples=12, label_noise=0.2)
    config = trial(L2(strength=0.3), setting=setting, targets=("de", "hi"))
    weights, scores, kept = trained(config, tmp_path)
    whole, whole_scores, _ = trained(replace(config, trim_vocabulary=False), tmp_path)
    assert kept is not None
    used = {i for row in rows_of(config, tmp_path)["input_ids"] for i in row}
    assert set(kept.tolist()) == used | {loading.tokenizer(EMBEDDED).pad_token_id}
    assert scores == whole_scores
    assert all(torch.equal(weights[name], expected) for name, expected in whole.items())
    anchor = loading.pretrained(pinning.find(encoder), "udpos").anchor[EMBEDDINGS.removeprefix("bert.")]
    moved = (whole[EMBEDDINGS] != anchor).any(1).nonzero().flatten().tolist()
    assert set(moved) <= used


def test_fisher_information_depends_on_the_text_alone(trial: Callable[..., TrialConfig]) -> None:
    ewc = Ewc(strength=1.0, languages=("de",), examples=2, text="task")
    plain, changed = (
        supply.needed([trial(ewc, setting=setting)])
        for setting in (SHORT, replace(SHORT, train_examples=5, label_noise=0.5))
    )
    assert plain == changed
    assert [request.name for request in plain] == [request.name for request in changed]


def test_another_process_trains_on_the_same_examples(trial: Callable[..., TrialConfig], tmp_path: Path) -> None:
    import json

    config = trial(setting=replace(SHORT, train_examples=20, label_noise=0.3))
    code = f"""
import json, sys
from pathlib import Path
from harness.common.hashing import digest
from harness.data.context import TrialContext
from harness.data.subsets import training_rows
from harness.study import TrialConfig
config = TrialConfig.from_json(json.loads(sys.argv[1]))
print(digest(training_rows(TrialContext.of(config, Path({str(tmp_path)!r}))).to_dict()))
"""
    from harness.common.hashing import digest

    here = digest(rows_of(config, tmp_path).to_dict())
    there = subprocess.run(
        [sys.executable, "-c", code, json.dumps(config.to_json())], capture_output=True, text=True, check=True
    )
    assert there.stdout.strip() == here


def test_the_seed_does_not_change_the_data(trial: Callable[..., TrialConfig], tmp_path: Path) -> None:
    setting = replace(SHORT, train_examples=20, label_noise=0.3)
    one, other = (
        rows_of(trial(method, seed=seed, setting=setting), tmp_path)
        for seed, method in ((0, Vanilla()), (9, L2(strength=1.0)))
    )
    assert one.to_dict() == other.to_dict()


def test_too_many_examples_and_noise_for_unsuitable_tasks_are_refused(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(
        UserError,
        match=f"train_examples: {TRAINED + 1} is not allowed; give at most {TRAINED}, the training examples in 'en'",
    ):
        plan(replace(study, settings=(SHORT, replace(SHORT, train_examples=TRAINED + 1))))
    assert len(plan(replace(study, settings=(replace(SHORT, train_examples=TRAINED),)))) == 2
    noise = replace(study, settings=(replace(SHORT, label_noise=0.1),))
    assert len(plan(noise)) == 2
    monkeypatch.setattr(type(task_named("udpos")).__mro__[1], "relabelled", Task.relabelled)
    with pytest.raises(
        UserError, match="label_noise: the task 'udpos' cannot have any: it does not define 'relabelled'"
    ):
        plan(noise)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"train_examples": 0}, "train_examples: 0 is not allowed; give a whole number of at least 1"),
        ({"train_examples": 1.5}, "train_examples: 1.5 is not allowed; give a whole number"),
        ({"label_noise": 1.0}, "label_noise: 1.0 is not allowed; give a number from 0 to below 1"),
        ({"label_noise": -0.1}, "label_noise: -0.1 is not allowed"),
        ({"label_noise": float("nan")}, "label_noise: nan is not allowed"),
        ({"label_noise": None}, "label_noise: None is not allowed; give a number"),
    ],
)
def test_bad_settings_are_refused(values: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError) as caught:
        replace(SHORT, **values)
    assert message in str(caught.value)


def test_ignored_sub_words_stay_ignored(trial: Callable[..., TrialConfig], tmp_path: Path) -> None:
    plain = rows_of(trial(), tmp_path)["labels"]
    wrong = rows_of(trial(setting=replace(SHORT, label_noise=0.99)), tmp_path)["labels"]
    pairs = [(was, now) for old, new in zip(plain, wrong, strict=True) for was, now in zip(old, new, strict=True)]
    assert all(now == IGNORED for was, now in pairs if was == IGNORED)
    assert 0.95 < np.mean([was != now for was, now in pairs if was != IGNORED]) < 1


def test_rows_of_reordered_examples_are_the_rows_of_the_examples() -> None:
    rows = Dataset.from_dict({"example": [2, 0, 1, 1, 3], "row": [*range(5)]})
    for wanted in ([0, 2], [1], [0, 1, 1, 3], [2, 3]):
        expected = [row for one in wanted for row, example in enumerate(rows["example"]) if example == one]
        assert of_examples(rows, np.array(wanted))["row"][:] == expected
