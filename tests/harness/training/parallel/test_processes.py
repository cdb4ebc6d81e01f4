"""Trials that two processes train equal trials of one process, and no process outlives its trial."""

import os
import pickle
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor
from transformers import PreTrainedModel

from harness.execution.attempt import attempt
from harness.fisher import supply
from harness.methods import (
    L2,
    Adapter,
    Bitfit,
    ChildTuning,
    Composed,
    DecoupledL2,
    Ewc,
    LayerwiseDecay,
    Lora,
    Method,
    OwnMethod,
    RDrop,
    RecAdam,
    Smart,
    Vanilla,
    WeightAveraging,
)
from harness.store.store import Store
from harness.study import Setting, TrialConfig
from harness.training.parallel.group import Group
from harness.training.parallel.lost import LostProcessError
from harness.training.parallel.peers import Peers
from harness.training.training_state import TrainingStates
from harness.training.trial import run_trial
from tests.helpers.cut_trials import OFTEN, ended, same
from tests.helpers.faults import KILLED
from tests.helpers.peers import peers
from tests.helpers.replica import trained
from tests.helpers.stores import recorded
from tests.helpers.studies import SHORT, TRAINED

UNDROPPED = replace(
    SHORT, max_steps=6, batch_size=6, warmup_steps=2, hidden_dropout=0.0, attention_dropout=0.0, head_dropout=0.0
)
PLAIN = replace(UNDROPPED, optimizer="sgd", learning_rate=0.1, momentum=0.9)
"""Adam divides by the gradient's size: it makes steps of a gradient that is 0 but for rounding."""
TWO = replace(OFTEN, gpus=0, processes=2, cpus=2)


def weights(folder: Path) -> dict[str, Tensor]:
    return {name: part for file in sorted(folder.glob("*.safetensors")) for name, part in load_file(file).items()}


@pytest.mark.slow
def test_two_processes_train_like_one_process(trial: Callable[..., TrialConfig], tmp_path: Path) -> None:
    """The second batch has one row, so the second process gets no row."""
    setting = replace(PLAIN, batch_size=TRAINED - 1, warmup_steps=0, max_steps=3)
    config = trial(L2(strength=0.1), setting=setting)
    one, two = (
        run_trial(replace(config, processes=size), cache=tmp_path, weights=tmp_path / str(size)) for size in (1, 2)
    )
    assert not peers(os.getpid())
    for row, other in zip(one.history, two.history, strict=True):
        assert row == pytest.approx(other, rel=1e-6)
    first, second = weights(tmp_path / "1"), weights(tmp_path / "2")
    for name, part in first.items():
        torch.testing.assert_close(second[name], part, rtol=1e-6, atol=1e-7)
    assert any(not torch.equal(second[name], part) for name, part in first.items())  # they did not train alone
    assert two.record.cost.training_tokens == one.record.cost.training_tokens
    assert two.record.scores == one.record.scores
    assert two.record.id != one.record.id


METHODS: list[tuple[Method, Setting]] = [
    (Vanilla(), PLAIN),
    (Vanilla(), replace(PLAIN, batch_size=12, accumulation=2, batches="by_length", class_weights="balanced")),
    (Vanilla(), replace(PLAIN, max_steps=12, early_stopping=1)),
    (L2(strength=0.1), replace(PLAIN, accumulation=2)),
    (DecoupledL2(strength=0.1), PLAIN),
    (Ewc(strength=100.0, languages=("de",), examples=4), PLAIN),
    (Lora(), PLAIN),
    (Bitfit(), PLAIN),
    (Adapter(), PLAIN),
    (RDrop(), PLAIN),
    (Smart(radius=0.1, noise=1e-9, step=1e-9), PLAIN),
    (WeightAveraging(steps=4), PLAIN),
    (Composed(methods=(L2(strength=0.1), LayerwiseDecay(decay=0.8))), PLAIN),
    (ChildTuning(), PLAIN),
    (ChildTuning(mask="fisher", examples=4), PLAIN),
    (RecAdam(strength=9.0, middle=3), UNDROPPED),
]


@pytest.mark.nightly
def test_every_method_trains_like_in_one_process(trial: Callable[..., TrialConfig], tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    configs = [trial(method, setting=setting) for method, setting in METHODS]
    for request in supply.needed(configs):
        supply.provide(request, store, 1)
    folders = [tmp_path / str(number) for number in range(len(configs))]
    given = [(config.to_json(), store.cache, folder) for config, folder in zip(configs, folders, strict=True)]
    (tmp_path / "given").write_bytes(pickle.dumps(given))
    for folder in folders:
        folder.mkdir()
    with subprocess.Popen([sys.executable, "-m", "tests.helpers.replica", str(tmp_path / "given")]) as replica:
        try:
            for config, folder in zip(configs, folders, strict=True):
                _compare(config, store.cache, folder)
        finally:
            replica.kill()


def _compare(config: TrialConfig, cache: Path, folder: Path) -> None:
    label = f"{config.method.label} {config.setting}"
    (alone, mine), (together, ours) = trained(config, cache, None), trained(config, cache, Group(folder, 0, 2))
    assert isinstance(alone.model, PreTrainedModel)
    assert isinstance(together.model, PreTrainedModel)
    assert together.state.global_step == alone.state.global_step, label
    assert together.tokens_seen == alone.tokens_seen, label
    assert mine.gradients.keys() == ours.gradients.keys(), label
    largest = max(float(grad.abs().max()) for grad in mine.gradients.values())
    for name, grad in mine.gradients.items():
        torch.testing.assert_close(ours.gradients[name], grad, rtol=1e-4, atol=1e-5 * largest, msg=f"{label} {name}")
    for name, part in alone.model.named_parameters():
        other = together.model.get_parameter(name)
        torch.testing.assert_close(other, part, rtol=1e-5, atol=1e-6, msg=f"{label} {name}")


@pytest.mark.nightly
@pytest.mark.parametrize("shard", [False, True])
def test_a_trial_resumes_after_a_killed_process(
    shard: bool, trial: Callable[..., TrialConfig], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With dropout: the masks of a step depend on the seed, the step and the process alone."""
    config = replace(trial(L2(strength=0.1), setting=replace(SHORT, max_steps=40)), processes=2, shard=shard)
    store, step = Store(tmp_path / "killed"), random.randint(1, 30)
    saves, write = 0, TrainingStates.write

    def kill() -> None:
        (peer,) = peers(os.getpid())
        os.kill(peer, signal.SIGKILL)

    def written(states: TrainingStates, fill: Callable[[Path], None]) -> None:
        nonlocal saves
        write(states, fill)
        saves += 1
        if saves == step:
            threading.Timer(random.uniform(0, 0.1), kill).start()

    monkeypatch.setattr(TrainingStates, "write", written)
    lost = attempt(config, store, TWO)
    assert lost.lost_process, lost.error
    assert "process 1 of the trial's 2 was ended by signal 9" in lost.error
    assert not peers(os.getpid())
    found = ended(config, store, TWO)
    assert found[0].cost.resumed_at[0] >= step
    undisturbed = ended(config, Store(tmp_path / "whole"), replace(TWO, checkpoint_minutes=float("inf")))
    assert same(found, undisturbed), f"killed after step {step}"
    assert found[0].cost.training_tokens == undisturbed[0].cost.training_tokens


def test_a_process_that_ends_before_the_group_is_formed_is_told(
    trial: Callable[..., TrialConfig], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.training.parallel.peers.PEER", "tests.helpers.short_lived_peer")
    with (
        pytest.raises(LostProcessError, match="process 1 of the trial's 2 ended with code 1: no room") as caught,
        Peers(replace(trial(), processes=2), tmp_path, 1, resumes=False) as started,
    ):
        started.join()
    assert caught.value.died
    assert not started.folder.exists()


RUN: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.STDOUT}
AT_MOST = 600
"""Seconds that a process may need for any part of a test: a busy machine may give it a twentieth of a core."""


DRIFT = '''
"""A method whose weights differ between processes."""

import os
from dataclasses import dataclass
from typing import ClassVar

import torch
from transformers import TrainerCallback

from harness.methods import Method


class Moved(TrainerCallback):
    def on_step_end(self, args, state, control, model=None, **rest):
        with torch.no_grad():
            model.classifier.bias += os.getpid() * 1e-6


@dataclass(frozen=True, kw_only=True)
class Drift(Method):
    name: ClassVar[str] = "drift"

    def callbacks(self):
        return [Moved()]
'''


@pytest.mark.nightly
def test_an_own_method_with_diverging_replicas_gives_an_error(
    trial: Callable[..., TrialConfig], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    (tmp_path / "mine.py").write_text(DRIFT, encoding="utf-8")
    config = replace(trial(OwnMethod(file=str(tmp_path / "mine.py"), name="drift")), processes=2)
    ended = attempt(config, Store(tmp_path / "store"), TWO)
    assert "the weights of process 1 are no longer equal to the weights of process 0" in ended.error
    assert not ended.lost_process  # a retry would end alike
    assert not peers(os.getpid())
    assert not [*temporary.glob("steadytune-*")]  # the other process had the user's code in one


@pytest.mark.nightly
@pytest.mark.timeout(1800)  # on a busy machine the start of Ray and of a worker takes minutes
@pytest.mark.parametrize("how", ["--local", "ray"])
def test_peers_end_with_the_first_process_and_a_lost_one_is_retried(how: str, cut: Path, tmp_path: Path) -> None:
    """Without Ray the run itself is killed; on Ray a peer is killed."""
    file, place = tmp_path / "two.yaml", tmp_path / "store"
    file.write_text(KILLED.format(cut=cut, steps=60, seeds=[0]), encoding="utf-8")
    options = ["--gpus-per-trial", "0", "--processes-per-trial", "2", "--checkpoint-minutes", "0"]
    local = [how] if how == "--local" else []
    command = [
        sys.executable,
        "-m",
        "harness.cli",
        "run",
        str(file),
        "--store",
        str(place),
        "--no-report",
        *options,
        *local,
    ]
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    room = {"RAY_OVERRIDE_RESOURCES": '{"CPU": 2}'}  # for one trial at a time
    run_here = {**RUN, "env": {**os.environ, **room, "TMPDIR": str(temporary)}}
    with subprocess.Popen(command, **run_here) as run:
        _until(lambda: run.poll() is not None or bool(list(place.glob("trials/*/checkpoint-*"))))
        (peer,) = peers(temporary)
        os.kill(run.pid if local else peer, signal.SIGKILL)
        _until(lambda: peer not in peers(temporary))
        code = run.wait(AT_MOST)
    assert code == (-signal.SIGKILL if local else 0)
    if local:
        assert not [*temporary.glob("steadytune-group-*")]
        assert subprocess.run(command, **run_here, check=False).returncode == 0
    _until(lambda: not peers(temporary))
    store = Store(place)
    records = [recorded(store, trial) for trial in store.ids()]
    assert [record.cost.steps for record in records] == [60, 60]
    assert [bool(record.cost.resumed_at) for record in records].count(True) == 1


def _until(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + AT_MOST
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.05)
