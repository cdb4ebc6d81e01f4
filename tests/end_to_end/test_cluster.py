"""A cluster of several nodes on this machine: trials share accelerators, and the death of a node loses no result."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ray.cluster_utils import Cluster

from harness.cli.main import main
from harness.store.store import Store
from tests.helpers.own_method import METHODS, NEIGHBOUR
from tests.helpers.own_method import STUDY as OWN

STUDY = """
task: udpos
data: {cut}
encoder: {cut}/encoder
methods: [vanilla, {{name: l2, strength: 0.01}}]
settings: [{{learning_rate: 1e-3, max_steps: 1500, batch_size: 8}}]
seeds: [0, 1]
targets: [de]
precision: fp32
"""
NODE = {"num_cpus": 2, "num_gpus": 1, "object_store_memory": 80 * 2**20, "include_dashboard": False}
"""Two cores, and an accelerator that exists only for Ray: two trials share it."""


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    made = Cluster(initialize_head=True, head_node_args={**NODE, "num_cpus": 0, "num_gpus": 0})
    yield made
    made.shutdown()


@pytest.mark.nightly
@pytest.mark.slow
def test_a_node_dies_and_another_joins(cluster: Cluster, cut: Path, tmp_path: Path) -> None:
    file = tmp_path / "nodes.yaml"
    file.write_text(STUDY.format(cut=cut), encoding="utf-8")
    command = ["run", str(file), "--no-report", "--checkpoint-minutes", "0.01", "--store"]
    place, undisturbed = tmp_path / "store", tmp_path / "undisturbed"
    first, _ = (cluster.add_node(**NODE) for _ in range(2))
    cluster.wait_for_nodes()
    onto = ["--ray-address", cluster.address, "--gpus-per-trial", "0.5"]
    process = subprocess.Popen(
        [sys.executable, "-m", "harness.cli", *command, str(place), *onto],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "RAY_AUTH_TOKEN": "0" * 64},  # of another cluster: this one asks for none
    )
    # Two trials on each node. These are long, so none ends before all have begun.
    wait_for(lambda: len({state.parent for state in place.glob("trials/*/checkpoint-*")}) == 4, process)
    cluster.remove_node(first, allow_graceful=False)
    cluster.add_node(**NODE)
    assert main([*command, str(undisturbed), "--local"]) == 0  # meanwhile
    out, _ = process.communicate(timeout=300)
    assert process.returncode == 0, out
    assert out.count(": lost, runs again") == 2, out
    store, other = Store(place), Store(undisturbed)
    _, trials = store.study("nodes")
    found, wanted = (
        {trial: one.scores for trial, one in s.records(t.id for t in trials).items()} for s in (store, other)
    )
    assert len(wanted) == 4
    assert found == wanted


@pytest.mark.nightly
@pytest.mark.slow
def test_own_methods_reach_two_nodes_by_content(cluster: Cluster, cut: Path, tmp_path: Path) -> None:
    """The files are deleted once the first trial has begun."""
    (tmp_path / "mine.py").write_text(METHODS)
    (tmp_path / "wording.py").write_text(NEIGHBOUR)
    study = OWN.format(cut=cut).replace("max_steps: 3", "max_steps: 60").replace("[0]", "[0, 1]")
    (tmp_path / "own.yaml").write_text(study)
    command = ["run", str(tmp_path / "own.yaml"), "--no-report", "--store"]
    place, undisturbed = tmp_path / "store", tmp_path / "undisturbed"
    assert main([*command, str(undisturbed), "--local"]) == 0
    for _ in range(2):
        cluster.add_node(**NODE)
    cluster.wait_for_nodes()
    onto = ["--ray-address", cluster.address, "--gpus-per-trial", "1", "--checkpoint-minutes", "0.01"]
    process = subprocess.Popen(
        [sys.executable, "-m", "harness.cli", *command, str(place), *onto],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "RAY_AUTH_TOKEN": "0" * 64},
    )
    wait_for(lambda: any(place.glob("trials/*/checkpoint-*")), process)
    (tmp_path / "mine.py").unlink()
    (tmp_path / "wording.py").unlink()
    out, _ = process.communicate(timeout=300)
    assert process.returncode == 0, out
    assert "lost" not in out
    _, trials = Store(undisturbed).study("own")
    found, wanted = (
        {trial: one.scores for trial, one in Store(s).records(t.id for t in trials).items()}
        for s in (place, undisturbed)
    )
    assert len(wanted) == 6
    assert found == wanted
    assert main(["report", "own", "--store", str(place)]) == 0


@pytest.mark.nightly
@pytest.mark.slow
def test_a_trial_takes_two_accelerators(
    cluster: Cluster, cut: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The accelerators exist only for Ray, so both processes train on CPUs, as without accelerators."""
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)  # a local run of another test has set it
    file = tmp_path / "two.yaml"
    study = STUDY.format(cut=cut).replace("{name: l2, strength: 0.01}", "{name: ewc, strength: 1, examples: 4}")
    file.write_text(study.replace("1500", "6").replace("[0, 1]", "[0]"), encoding="utf-8")
    command = ["run", str(file), "--no-report", "--store"]
    place, local = tmp_path / "store", tmp_path / "local"
    cluster.add_node(**{**NODE, "num_gpus": 2})
    cluster.wait_for_nodes()
    onto = ["--ray-address", cluster.address, "--gpus-per-trial"]
    assert main([*command, str(place), *onto, "3"]) == 2
    assert (
        "--gpus-per-trial: 3 is not allowed; each process of a trial needs a GPU; the nodes" in capsys.readouterr().err
    )
    assert main([*command, str(place), *onto, "2"]) == 0
    assert main([*command, str(local), "--local", "--gpus-per-trial", "0", "--processes-per-trial", "2"]) == 0
    _, trials = Store(place).study("two")
    assert [trial.processes for trial in trials] == [2, 2]
    found, wanted = (
        {trial: one.scores for trial, one in Store(s).records(t.id for t in trials).items()} for s in (place, local)
    )
    assert len(wanted) == 2
    assert found == wanted


def wait_for(happens: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 200
    while not happens():
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline
        time.sleep(0.1)
