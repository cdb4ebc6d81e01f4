"""Processes that are killed, die or are interrupted, in real runs of the command: nothing is lost, and nothing runs twice."""

import functools
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from harness import cli
from harness.commands import exit_codes
from harness.store import Store
from tests import faulty

KILLED = """
task: udpos
data: {cut}
methods: [vanilla, {{name: l2, strength: 0.01}}]
settings: [{{learning_rate: 1e-3, max_steps: {steps}, batch_size: 8}}]
seeds: {seeds}
targets: [de]
"""


@pytest.mark.slow
def test_killed_in_the_middle_nothing_is_lost_or_run_twice(cut: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "killed.yaml"
    file.write_text(KILLED.format(cut=cut, steps=20, seeds=[0, 1]), encoding="utf-8")
    command = [sys.executable, "-m", "harness.cli", "run", str(file), "--no-report", "--store"]

    def finished(store: str) -> dict[str, int]:
        return {f.parent.name: f.stat().st_mtime_ns for f in Path(store).glob("trials/*/result.json")}

    undisturbed, disturbed = str(tmp_path / "undisturbed"), str(tmp_path / "disturbed")
    assert cli.main([*command[3:], undisturbed, "--local"]) == 0
    process = subprocess.Popen([*command, disturbed], start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 300
    while len(finished(disturbed)) < 2:
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    time.sleep(3)  # Ray's own processes notice
    before = finished(disturbed)
    assert 2 <= len(before) < 4
    capsys.readouterr()
    assert cli.main([*command[3:], disturbed, "--local"]) == 0
    after = finished(disturbed)
    assert f"{len(before)} finished before" in capsys.readouterr().out
    assert {trial: after[trial] for trial in before} == before
    first, second = Store(undisturbed), Store(disturbed)
    assert set(after) == set(finished(undisturbed))
    for trial in after:
        assert (first.record(trial) or {})["scores"] == (second.record(trial) or {})["scores"]


OF_FAULTS = """
task: {folder}/faulty.py
data: {folder}/data
methods: [bitfit]
settings:
  design: grid
  learning_rate: 1e-3
  max_steps: 6
  batch_size: 8
  label_noise: 0.1
  train_examples: {numbers}
seeds: [0]
targets: [de]
"""
WELL = 120
"""Training examples of a trial without a fault."""


@pytest.mark.slow
def test_a_study_in_which_everything_goes_wrong(cut: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "faulty").symlink_to(cut / "udpos")
    shutil.copy(faulty.__file__, tmp_path / "faulty.py")
    (tmp_path / "faults.yaml").write_text(OF_FAULTS.format(folder=tmp_path, numbers=[*range(101, 109), WELL]), encoding="utf-8")
    command = ["run", str(tmp_path / "faults.yaml"), "--no-report", "--checkpoint-minutes", "0", "--store"]
    place, undisturbed = str(tmp_path / "store"), str(tmp_path / "undisturbed")
    assert cli.main([*command, place, "--minutes-per-trial", "1"]) == exit_codes.FAILED_TRIALS
    out = capsys.readouterr().out
    store = Store(place)
    _, trials = store.study("faults")
    examples = {trial.id: trial.setting.train_examples for trial in trials}
    errors = {examples[trial]: failure.error for trial, failure in store.failures(examples).items()}
    records = {examples[trial]: record for trial, record in store.records(examples).items()}
    assert errors.keys() | records.keys() == set(examples.values()), out
    assert errors.pop(faulty.HANGING) == "TimeLimitError: took longer than --minutes-per-trial 1"
    assert errors.pop(faulty.SHORT).startswith("RuntimeError: [enforce fail at")
    assert errors.pop(faulty.BREAKING) == "RuntimeError: CUDA error: device-side assert triggered"
    raised = (faulty.LOADING, faulty.BUILDING, faulty.TRAINING, faulty.EVALUATION)
    assert errors == dict(zip(raised, (f"ValueError: {where}" for where in ("loading", "building", "training", "evaluation")), strict=True))
    assert records.keys() == {faulty.KILLED, WELL}
    assert records[faulty.KILLED]["cost"]["resumed_at"] == [2]  # the next batch is fetched ahead
    assert out.count(": lost, runs again: the worker was lost: ") >= 1
    assert out.count(": lost, runs again: RuntimeError: [enforce fail at") == 1

    (tmp_path / "spare").touch()
    assert cli.main([*command, undisturbed, "--local"]) == exit_codes.OK
    assert cli.main([*command, place, "--local", "--retry-failed"]) == exit_codes.OK
    for trial in examples:
        found, wanted = store.record(trial), Store(undisturbed).record(trial)
        assert found is not None
        assert wanted is not None
        assert (found["scores"], found["history"]) == (wanted["scores"], wanted["history"])


HUNGRY = """
import time

from harness.tasks.udpos import Udpos


class Hungry(Udpos):
    name = "hungry"

    def relabelled(self, rows, gold):
        eaten = b"x" * {size}
        time.sleep(600)


TASK = Hungry()
"""
OF_THREE = """
task: {folder}/hungry.py
data: {folder}/data
methods: [vanilla, {{name: l2, strength: 0.01, seeds: [0], settings: [{{learning_rate: 1e-3, max_steps: 2, label_noise: 0.1}}]}}]
settings: [{{learning_rate: 1e-3, max_steps: 2, batch_size: 8}}]
seeds: [0, 1]
targets: [de]
"""
GIB = 2**30


@pytest.mark.slow
def test_a_worker_that_takes_all_memory_is_tried_again_alone_and_stops_no_other(cut: Path, tmp_path: Path) -> None:
    """Ray's own monitor ends a worker that really takes too much, upon which Tune gives up all that run."""
    memory = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
    total, available = (int(memory[name].split()[0]) * 2**10 for name in ("MemTotal", "MemAvailable"))
    if available < 14 * GIB:
        pytest.skip("needs 14 GiB of free memory, to take 8 of them")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "hungry").symlink_to(cut / "udpos")
    (tmp_path / "hungry.py").write_text(HUNGRY.format(size=8 * GIB), encoding="utf-8")
    (tmp_path / "memory.yaml").write_text(OF_THREE.format(folder=tmp_path), encoding="utf-8")
    place = tmp_path / "store"
    command = [sys.executable, "-m", "harness.cli", "run", str(tmp_path / "memory.yaml"), "--no-report", "--store", str(place)]
    limit = {"RAY_memory_usage_threshold": f"{(total - available + 6 * GIB) / total:.3f}"}
    done = subprocess.run(command, env={**os.environ, **limit}, capture_output=True, text=True, timeout=400)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "lost, runs again: 1 worker(s) were killed due to the node running low on memory" in done.stdout
    store = Store(place)
    _, trials = store.study("memory")
    failures = store.failures(trial.id for trial in trials)
    assert [trial.method.name for trial in trials if trial.id in failures] == ["l2"]
    assert "low on memory" in next(iter(failures.values())).error
    assert len(store.records(trial.id for trial in trials)) == 2, done.stdout


def test_ctrl_c_ends_the_command_with_130_and_it_goes_on_from_there(cut: Path, tmp_path: Path) -> None:
    file = tmp_path / "killed.yaml"
    file.write_text(KILLED.format(cut=cut, steps=20, seeds=[0, 1]), encoding="utf-8")
    command = [sys.executable, "-m", "harness.cli", "run", str(file), "--no-report", "--local", "--store", str(tmp_path / "store")]
    # A background process of a shell, such as this one may be, ignores Ctrl-C, and so would its children.
    attend = functools.partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, preexec_fn=attend)
    deadline = time.monotonic() + 120
    while not list(tmp_path.glob("store/trials/*/result.json")):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert err.strip() == "steadytune: interrupted; what had finished is kept, run the same command again to go on"
    store = Store(tmp_path / "store")
    _, trials = store.study("killed")
    assert store.failures(trial.id for trial in trials) == {}
    assert 1 <= len(store.records(trial.id for trial in trials)) < 4
