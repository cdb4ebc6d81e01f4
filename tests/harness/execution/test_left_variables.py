"""Variables left behind by launchers and jobs do not change a training."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.execution.attempt import attempt
from harness.execution.resources import Resources
from harness.store.store import Store
from harness.study import TrialConfig

HERE = Resources(local=True)
LEFT = (
    {"ACCELERATE_MIXED_PRECISION": "bf16"},
    {"ACCELERATE_USE_DEEPSPEED": "true"},
    {"LOCAL_RANK": "3"},
    {"WORLD_SIZE": "2", "RANK": "0", "LOCAL_RANK": "0", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "29511"},
    {"ACCELERATE_GRADIENT_ACCUMULATION_STEPS": "4", "ACCELERATE_USE_FSDP": "true", "FSDP_VERSION": "2"},
    {"PMI_SIZE": "2", "OMPI_COMM_WORLD_SIZE": "2"},
)


def test_variables_of_launchers_change_no_score(
    trial: Callable[..., TrialConfig], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, found = trial(), []
    for number, variables in enumerate(({}, *LEFT)):
        store = Store(tmp_path / str(number))
        with monkeypatch.context() as patch:
            for name, value in variables.items():
                patch.setenv(name, value)
            ended = attempt(config, store, HERE)
        assert not ended.error, (variables, ended.error)
        record = store.record(config.id)
        assert record is not None
        found.append((record.scores, store.history(config.id).to_pylist()))
    assert [one == found[0] for one in found] == [True] * len(found), LEFT


def test_torchrun_with_several_processes_gives_one_message(tmp_path: Path) -> None:
    command = ["torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "harness.cli", "list"]
    done = subprocess.run([sys.executable, "-m", *command], capture_output=True, text=True, timeout=300)
    said = [line for line in done.stderr.splitlines() if line.startswith("steadytune: ")]
    assert said[0].startswith("steadytune: torchrun: 2 processes are not allowed; start steadytune without"), (
        done.stderr
    )
    assert "exitcode  : 2" in done.stderr
    one = [word.replace("2", "1") for word in command]
    assert subprocess.run([sys.executable, "-m", *one], capture_output=True, timeout=300).returncode == 0


def test_the_users_variables_for_places_are_kept(
    trial: Callable[..., TrialConfig], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = {
        "HF_HOME": str(tmp_path),
        "HF_HUB_OFFLINE": "1",
        "TRANSFORMERS_CACHE": str(tmp_path),
        "TRANSFORMERS_OFFLINE": "1",
        "TORCH_HOME": str(tmp_path),
        "RANKING": "mine",
    }
    gone = {"NVIDIA_TF32_OVERRIDE": "1", "CUBLAS_WORKSPACE_CONFIG": ":0:0", "TORCH_ALLOW_TF32_CUBLAS_OVERRIDE": "1"}
    for name, value in (kept | gone).items():
        monkeypatch.setenv(name, value)
    assert not attempt(trial(), Store(tmp_path / "store"), HERE).error
    assert {name: os.environ.get(name) for name in kept} == kept
    assert not gone.keys() & os.environ.keys()
