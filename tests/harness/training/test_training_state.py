"""Interrupted trials resume from their last checkpoint, and end as if uninterrupted."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from harness.execution.resources import Resources
from harness.methods import (
    L2,
    Bitfit,
    ChildTuning,
    Composed,
    Ewc,
    LayerwiseDecay,
    Lora,
    Method,
    Mixout,
    RDrop,
    RecAdam,
    Smart,
    SoftPrompt,
    TopLayerReinit,
    Vanilla,
    WeightAveraging,
)
from harness.store.store import Store
from harness.study import TrialConfig
from harness.training.training_state import REST, TrainingStates
from tests.helpers.cut_trials import cut, ended, same
from tests.helpers.studies import SHORT

LONG = replace(SHORT, max_steps=6, warmup_steps=3)


def checkpoints(store: Store, config: TrialConfig) -> list[str]:
    return [path.name for path in Path(store.root, "trials", config.id).glob("checkpoint-*")]


@pytest.mark.parametrize(
    "method",
    [
        Vanilla(),
        Ewc(strength=100.0, languages=("de",), examples=4),
        SoftPrompt(tokens=4),
        Lora(),
        Mixout(probability=0.5),
        WeightAveraging(steps=4),
        Composed(methods=(L2(strength=0.1), LayerwiseDecay(decay=0.8))),
        Composed(
            methods=(
                ChildTuning(),
                RDrop(),
                Smart(radius=0.1),
                RecAdam(strength=9.0, middle=3),
                TopLayerReinit(layers=1),
            )
        ),
    ],
    ids=lambda method: method.label,
)
def test_an_interrupted_trial_ends_as_if_uninterrupted(
    method: Method, trial: Callable[..., TrialConfig], tmp_path: Path
) -> None:
    config, whole, interrupted = trial(method, setting=LONG), Store(tmp_path / "whole"), Store(tmp_path / "interrupted")
    cut(config, interrupted, 4)
    assert len(checkpoints(interrupted, config)) == 1
    found = ended(config, interrupted)
    assert found[0].cost.resumed_at == (4,)
    assert checkpoints(interrupted, config) == []
    undisturbed = ended(config, whole, Resources(checkpoint_minutes=float("inf")))
    assert undisturbed[0].cost.resumed_at == ()
    assert same(found, undisturbed)
    assert found[0].cost.training_tokens == undisturbed[0].cost.training_tokens


@pytest.mark.parametrize("damage", ["truncated", "garbage", "removed", "other versions", "another shape"])
def test_an_altered_checkpoint_is_not_used(damage: str, trial: Callable[..., TrialConfig], tmp_path: Path) -> None:
    config, store = trial(Bitfit(), setting=LONG), Store(tmp_path / "store")
    cut(config, store, 3)
    (name,) = checkpoints(store, config)
    folder = Path(store.root, "trials", config.id, name)
    if damage == "truncated":
        file = folder / "optimizer.pt"
        file.write_bytes(file.read_bytes()[:-100])
    elif damage == "garbage":
        file = folder / "trained.safetensors"
        content = bytearray(file.read_bytes())
        content[-1] ^= 1
        file.write_bytes(content)
    elif damage == "removed":
        (folder / "scheduler.pt").unlink()
    else:
        kept = torch.load(folder / REST, weights_only=True)
        if damage == "other versions":
            kept["environment"]["packages"]["torch"] = "1.0"
        else:  # as with another trim_vocabulary, which is no other trial
            kept["shapes"]["classifier.bias"] = [1]
        torch.save(kept, folder / REST)
        moved = tmp_path / "model"
        folder.rename(moved)
        store.save_checkpoint(config.id, moved)
    found = ended(config, store)
    assert found[0].cost.resumed_at == ()
    assert checkpoints(store, config) == []
    assert same(found, ended(config, Store(tmp_path / "whole")))


def test_a_checkpoint_that_cannot_be_written_fails_no_trial(
    trial: Callable[..., TrialConfig], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Store, "save_checkpoint", full)
    config, store = trial(Bitfit(), setting=LONG), Store(tmp_path / "store")
    found = ended(config, store)
    assert found[0].cost.resumed_at == ()
    assert sorted(path.name.partition("-")[0] for path in Path(store.root, "trials", config.id).iterdir()) == [
        "history",
        "predictions",
        "result.json",
    ]


def test_no_checkpoint_is_written_before_its_time(
    trial: Callable[..., TrialConfig], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TrainingStates, "write", None)
    ended(trial(Bitfit(), setting=LONG), Store(tmp_path / "store"), Resources())
