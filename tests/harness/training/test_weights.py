"""Kept weights: further languages without new training, and no use of altered files."""

import json
import os
import re
import shutil
import time
from dataclasses import replace
from pathlib import Path

import fsspec
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModel

from harness.common.errors import UserError
from harness.common.filesystem import ABANDONED
from harness.execution.plan import plan
from harness.execution.sweep import SweepOutcome
from harness.methods import L2, Adapter, Composed, Lora, OwnMethod, Vanilla
from harness.store.hashed_folders import hash_name
from harness.store.store import Store
from harness.study import Study
from harness.training import weights
from harness.training.trial import run_trial
from harness.training.varlen import ATTENTION
from tests.helpers.encoders import make, tiny_encoder
from tests.helpers.store_files import changed
from tests.helpers.stores import recorded
from tests.helpers.sweeps import run

WITH_A_MODULE = """
from dataclasses import dataclass
from typing import ClassVar

import torch

from harness.methods import Method


@dataclass(frozen=True, kw_only=True)
class Scaled(Method):
    name: ClassVar[str] = "scaled"

    def adapt(self, model, pretrained):
        model.own_scale = torch.nn.Parameter(torch.ones(2))

    def loss(self, model, batch, outputs):
        return (model.own_scale - 2).square().sum()
"""


@pytest.fixture
def one(study: Study) -> Study:
    return replace(study, methods=(L2(strength=0.01),), targets=("de",))


def test_more_languages_are_scored_without_training_again(
    one: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path / "store")
    assert run(one, store, keep_weights=True)[0] == SweepOutcome(1, 1, 0, 1)
    trial = plan(one)[0].id
    before = store.record(trial)
    assert before is not None
    weights = before.weights
    monkeypatch.setattr("harness.training.building.PenaltyTrainer", None)  # any new training would fail
    outcome, out = run(replace(one, targets=("de", "hi", "zh")), store)
    assert outcome == SweepOutcome(1, 1, 0, 1)
    assert "Each is replaced: 1 by scoring the kept weights, 0 by fine-tuning again" in out
    after = store.record(trial)
    assert after is not None
    assert after.scores.test.keys() == {"en", "de", "hi", "zh"}
    monkeypatch.undo()
    fresh = run_trial(plan(replace(one, targets=("de", "hi", "zh")))[0], cache=tmp_path).record
    assert after.scores == fresh.scores
    assert after.zero_shot == fresh.zero_shot
    assert after.weights == weights
    assert after.provenance == before.provenance
    assert after.rescored.packages == before.provenance.packages
    assert after.cost.training_seconds == before.cost.training_seconds
    assert store.history(trial).to_pylist() == run_trial(plan(one)[0], cache=tmp_path).history
    # And once more: the weights are still there.
    assert run(replace(one, targets=("de", "hi", "zh", "ru")), store)[0] == SweepOutcome(1, 1, 0, 1)
    assert sorted(path.name.split("-")[0] for path in (tmp_path / "store" / "trials" / trial).iterdir()) == [
        "history",
        "predictions",
        "result.json",
        "weights",
    ]


def test_without_kept_weights_a_trial_trains_again(one: Study, tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    run(one, store)
    assert recorded(store, plan(one)[0].id).weights is None
    _, out = run(replace(one, targets=("de", "hi")), store)
    assert "Each is replaced: 0 by scoring the kept weights, 1 by fine-tuning again" in out


@pytest.mark.parametrize("keep", [False, True])
@pytest.mark.parametrize("damage", ["cut short", "removed"])
def test_torn_weights_are_rejected_and_kept_again_if_requested(
    one: Study, tmp_path: Path, damage: str, keep: bool
) -> None:
    store = Store(tmp_path / "store")
    run(one, store, keep_weights=True)
    trial = plan(one)[0].id
    folder = tmp_path / "store" / "trials" / trial / recorded(store, trial).weights
    file = folder / "model.safetensors"
    if damage == "cut short":
        file.write_bytes(file.read_bytes()[:-1000])
    else:
        file.unlink()
    assert run(replace(one, targets=("de", "hi")), store, keep_weights=keep)[0] == SweepOutcome(1, 1, 0, 1)
    record = store.record(trial)
    assert record is not None
    assert record.scores.test.keys() == {"en", "de", "hi"}
    assert (record.weights is not None) == keep
    assert folder.exists() == keep  # the same training gives the same weights, so the same name
    with store.weights(trial) as found:
        assert (found is not None) == keep


def test_a_trial_without_its_history_trains_again(one: Study, tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    run(one, store, keep_weights=True)
    trial = plan(one)[0].id
    history = tmp_path / "store" / "trials" / trial / recorded(store, trial).history
    for damage in (history.unlink, lambda: history.write_bytes(b"PAR1")):
        damage()
        languages = ("de", *(("hi", "ru")[: 1 + (damage != history.unlink)]))
        assert run(replace(one, targets=languages), store, keep_weights=True)[0] == SweepOutcome(1, 1, 0, 1)
        assert len(store.history(trial)) == 3


def test_a_trial_with_unloadable_weights_trains_again(one: Study, tmp_path: Path) -> None:
    """The weights match the fingerprint in their name, but this version cannot read their content."""
    store = Store(tmp_path / "store")
    run(one, store, keep_weights=True)
    trial = plan(one)[0].id
    folder = tmp_path / "store" / "trials" / trial / recorded(store, trial).weights
    (folder / "model.safetensors").write_bytes(b"of another time")
    name = hash_name(folder, "weights")
    folder.rename(folder.with_name(name))
    result = folder.parent / "result.json"
    result.write_bytes(changed("weights", to=name)(result.read_bytes()))
    assert run(replace(one, targets=("de", "hi")), store)[0] == SweepOutcome(1, 1, 0, 1)


def test_weights_that_lack_a_part_of_an_adapter_are_refused(one: Study, tmp_path: Path) -> None:
    (config,) = plan(replace(one, methods=(Adapter(size=4),)))
    run_trial(config, cache=tmp_path / "cache", weights=tmp_path / "kept")
    assert weights.load(tmp_path / "kept", config)
    added = load_file(tmp_path / "kept" / weights.ADDED)
    gone = sorted(added)[0]
    save_file({name: part for name, part in added.items() if name != gone}, tmp_path / "kept" / weights.ADDED)
    with pytest.raises(UserError, match=rf"added\.safetensors' lacks {re.escape(gone)}, which the method adds"):
        weights.load(tmp_path / "kept", config)


def test_merged_lora_beside_a_module_of_an_own_method_is_loaded(one: Study, tmp_path: Path) -> None:
    """LoRA's maps are merged before the weights are kept; the own module stays beside them."""
    (tmp_path / "mine.py").write_text(WITH_A_MODULE)
    both = Composed(methods=(Lora(rank=2), OwnMethod(file=str(tmp_path / "mine.py"), name="scaled")))
    (config,) = plan(replace(one, methods=(both,)))
    run_trial(config, cache=tmp_path / "cache", weights=tmp_path / "kept")
    assert [*load_file(tmp_path / "kept" / weights.ADDED)] == ["own_scale"]
    found = weights.load(tmp_path / "kept", config).state_dict()
    assert torch.equal(found["own_scale"], load_file(tmp_path / "kept" / weights.ADDED)["own_scale"])


def test_the_next_attempt_removes_remains_of_a_killed_attempt(one: Study, tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    left = tmp_path / "store" / "trials" / plan(one)[0].id / ".weights-killed" / "model"
    left.mkdir(parents=True)
    living = left.parent.with_name(".weights-living")
    living.mkdir()
    yesterday = time.time() - 1.5 * ABANDONED
    os.utime(left.parent, (yesterday, yesterday))
    run(one, store, keep_weights=True)
    assert not left.exists()
    assert living.exists()


def test_finished_trials_get_no_weights_and_a_message_says_so(one: Study, tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    run(one, store)
    assert "Finished trials without kept weights: 1." in run(one, store, keep_weights=True)[1]


@pytest.mark.parametrize("encoder", ["embedded"])
def test_a_bucket_keeps_weights_too(one: Study, tmp_path: Path) -> None:
    store = Store("memory://bucket/store")
    config = plan(one)[0]
    with store.scratch(config.id) as folder:
        store.save(config, run_trial(config, cache=tmp_path, weights=folder), folder)
    with store.weights(config.id) as found:
        assert found is not None
        assert (found / "model.safetensors").stat().st_size > 29_000_000
        assert (found / "tokenizer.json").is_file()
    name = recorded(store, config.id).weights
    fsspec.filesystem("memory").rm_file(f"/bucket/store/trials/{config.id}/{name}/model.safetensors")
    with store.weights(config.id) as found:
        assert found is None


@pytest.mark.parametrize("switch", ["output_attentions", "output_hidden_states", "gradient_checkpointing"])
def test_an_option_of_the_encoders_config_costs_no_finished_trial(switch: str, cut: Path, tmp_path: Path) -> None:
    """The attention's private name once prevented saving, and checkpointing once prevented packing."""
    plain = tmp_path / "plain"
    tiny_encoder(plain)
    changed = Path(shutil.copytree(plain, tmp_path / "changed"))
    config = json.loads((plain / "config.json").read_text())
    (changed / "config.json").write_text(json.dumps(config | {switch: True}))
    scores = [
        run_trial(
            plan(make(str(folder), "udpos", Vanilla(), cut))[0], cache=tmp_path, weights=folder / "kept"
        ).record.scores
        for folder in (plain, changed)
    ]
    assert scores[0] == scores[1]
    saved = (changed / "kept" / "config.json").read_text()
    assert ATTENTION not in saved
    assert not json.loads(saved).get(switch)
    assert AutoModel.from_pretrained(changed / "kept").config.model_type == "bert"


def test_nothing_of_a_trial_that_fails_is_kept(one: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path / "store")
    monkeypatch.setattr(Store, "save", lambda *a, **k: (_ for _ in ()).throw(RuntimeError("no")))
    assert run(replace(one, methods=(Vanilla(),)), store, keep_weights=True)[0].failed == 1
    assert not list((tmp_path / "store").rglob("*.safetensors"))
