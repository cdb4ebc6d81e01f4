"""A Ray of our own that starts beside the checks of a study."""

import os
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest

from harness.cluster import own_ray
from harness.execution.on_ray.ahead import at_once, ray_ahead
from harness.execution.resources import Resources
from tests.helpers.store_files import STUDY

WARM = """
import os, sys
from harness.cluster.connection import connection
from harness.cluster import own_ray
from harness.compat.ray import our_tuner
import ray

class Looks:
    def found(self):
        import gc
        return "torch" in sys.modules, "harness" in sys.modules, gc.get_threshold()[0]

with own_ray.unused_ended():
    own_ray.begin(1)
    with connection(None):
        print(*ray.get(ray.remote(num_cpus=1)(Looks).remote().found.remote()))
"""


def left(mark: str, patience: float = 20.0) -> list[str]:
    """Commands of processes with a mark in their environment that do not end in time."""
    end = time.monotonic() + patience
    while (found := marked(mark)) and time.monotonic() < end:
        time.sleep(0.1)
    return found


def marked(mark: str) -> list[str]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (folder / "environ").read_bytes():
                found.append((folder / "cmdline").read_text().replace("\0", " "))
        except OSError:  # it has just ended
            continue
    return found


def start(file: Path, store: Path, mark: str, *options: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "harness.cli", "run", str(file), "--store", str(store), "--no-report", *options]
    environment = {**os.environ, "STEADYTUNE_MARK": mark}
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.fixture
def study(cut: Path, tmp_path: Path) -> Path:
    file = tmp_path / "study.yaml"
    file.write_text(STUDY.format(cut=cut, steps=2, seeds=[0]))
    return file


@pytest.mark.slow
def test_a_worker_has_a_trials_libraries_before_its_first_trial() -> None:
    if own_ray.ray_compat.sees_accelerators():
        pytest.skip("workers wait with their imports on a machine with a GPU")
    done = subprocess.run([sys.executable, "-c", WARM], capture_output=True, text=True, timeout=200, check=False)
    assert done.stdout == "True False 50000\n", done.stderr


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc").exists(), reason="needs Linux")
def test_a_mistake_that_a_check_finds_leaves_no_ray(study: Path, tmp_path: Path) -> None:
    mark = uuid.uuid4().hex
    done = start(study, tmp_path / "store", mark, "--set", "max_length=100000")
    _, said = done.communicate(timeout=200)
    assert said.startswith("steadytune: ")
    assert "max_length: 100000 is not allowed" in said
    assert (done.returncode, said.count("\n"), left(mark)) == (2, 1, [])
    assert not (tmp_path / "store").exists()


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc").exists(), reason="needs Linux")
@pytest.mark.parametrize("begun", ["gcs_server", "default_worker.py"])
def test_a_signal_during_the_start_ends_the_command_and_its_ray(study: Path, tmp_path: Path, begun: str) -> None:
    mark = uuid.uuid4().hex
    run = start(study, tmp_path / "store", mark)
    end = time.monotonic() + 100
    while not any(begun in command for command in marked(mark)):
        assert time.monotonic() < end
        time.sleep(0.02)
    run.send_signal(signal.SIGTERM)
    _, said = run.communicate(timeout=100)
    assert (run.returncode, left(mark)) == (143, []), said
    assert said.strip().startswith("steadytune: terminated; finished work is kept"), said


SLOW = """
import os, time
from pathlib import Path

if "agent.py" in Path("/proc/self/cmdline").read_text():
    try:
        os.close(os.open(os.environ["STEADYTUNE_SLOW"], os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        pass  # the second agent, and the second start
    else:
        time.sleep(20)
"""
CONNECTED = "from harness.cluster.connection import connection\nwith connection(None):\n    print('connected')"


@pytest.mark.nightly
@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc").exists(), reason="needs Linux")
def test_a_ray_whose_own_process_is_slow_starts_again(tmp_path: Path) -> None:
    """Ray gives up when one of its agents takes 15 s to start, as on a busy machine."""
    mark = uuid.uuid4().hex
    (tmp_path / "sitecustomize.py").write_text(SLOW)
    slow = tmp_path / "slow"
    done = subprocess.run(
        [sys.executable, "-c", CONNECTED],
        env={**os.environ, "PYTHONPATH": str(tmp_path), "STEADYTUNE_SLOW": str(slow), "STEADYTUNE_MARK": mark},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert slow.exists()
    assert done.stdout == "connected\n", done.stderr
    assert left(mark) == []


def test_ray_starts_only_for_trials_that_need_a_ray_of_our_own() -> None:
    for trials, resources in (
        (0, Resources()),
        (3, Resources(local=True)),
        (3, Resources(ray_address="127.0.0.1:1")),
    ):
        with ray_ahead(resources) as begin:
            begin(trials)
            assert own_ray._unused == []


def test_no_more_workers_start_than_trials_and_cores_allow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.execution.on_ray.ahead.cores", lambda: 8)
    assert [at_once(trials, Resources(cpus=cpus)) for trials, cpus in ((3, 1), (99, 1), (99, 3))] == [3, 8, 2]


TWO = """
import subprocess, sys
from ray.cluster_utils import Cluster
from harness.cluster.connection import connection

with connection(None):
    pass
made = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
code = "import ray, sys; ray.init(sys.argv[1], log_to_driver=False); print(len(ray.nodes()))"
subprocess.run([sys.executable, "-c", code, made.address], check=True, timeout=100)
made.shutdown()
"""


@pytest.mark.slow
def test_after_our_ray_a_process_starts_a_cluster_that_others_reach() -> None:
    done = subprocess.run([sys.executable, "-c", TWO], capture_output=True, text=True, timeout=200, check=False)
    assert done.stdout == "1\n", done.stderr


DROPPED = """
import sys, threading, time
import ray
from harness.cluster import in_time, own_ray
in_time.SILENCE = 0.1
try:
    with own_ray.unused_ended():
        own_ray.begin(0)
        raise {error}
except BaseException:
    pass
end = time.monotonic() + 60
while {later} and threading.active_count() > 1 and time.monotonic() < end:
    time.sleep(0.1)
assert not ({later} and ray.is_initialized())
sys.exit({code})
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("error", "later", "code"), [("KeyboardInterrupt", False, 130), ("ValueError", True, 0)], ids=["at-once", "later"]
)
def test_a_dropped_start_leaves_the_exit_code_as_it_is(error: str, later: bool, code: int) -> None:
    text = DROPPED.format(error=error, later=later, code=code)
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, timeout=200, check=False)
    assert (done.returncode, done.stdout) == (code, ""), done.stderr
