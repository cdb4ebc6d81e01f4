"""One worker takes all memory while others run."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from harness.store.store import Store

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
methods:
- vanilla
- {{name: l2, strength: 0.01, seeds: [0], settings: [{{learning_rate: 1e-3, max_steps: 2, label_noise: 0.1}}]}}
settings: [{{learning_rate: 1e-3, max_steps: 2, batch_size: 8}}]
seeds: [0, 1]
targets: [de]
"""
GIB = 2**30


@pytest.mark.nightly
@pytest.mark.slow
def test_a_worker_that_takes_all_memory_is_tried_again_alone_and_stops_no_other(cut: Path, tmp_path: Path) -> None:
    """Ray's own monitor ends a worker that really takes too much memory. Tune then gives up all running trials."""
    memory = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
    total, available = (int(memory[name].split()[0]) * 2**10 for name in ("MemTotal", "MemAvailable"))
    if available < 14 * GIB:
        pytest.skip("needs 14 GiB of free memory, to take 8 of them")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "hungry").symlink_to(cut / "udpos")
    (tmp_path / "hungry.py").write_text(HUNGRY.format(size=8 * GIB), encoding="utf-8")
    (tmp_path / "memory.yaml").write_text(OF_THREE.format(folder=tmp_path), encoding="utf-8")
    place = tmp_path / "store"
    command = [
        sys.executable,
        "-m",
        "harness.cli",
        "run",
        str(tmp_path / "memory.yaml"),
        "--no-report",
        "--store",
        str(place),
    ]
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
