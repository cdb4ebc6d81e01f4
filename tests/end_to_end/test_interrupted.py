"""Ctrl-C and signals in a real run of the command."""

import functools
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from harness.execution.resources import Resources
from harness.store.store import Store
from tests.helpers.cut_trials import ended, same
from tests.helpers.faults import KILLED
from tests.helpers.readme import ROOT, example


def ended_by(number: signal.Signals, cut: Path, place: Path, *options: str) -> tuple[int, str]:
    """Exit code and errors of a run of four trials that gets a signal after the first has finished."""
    file = place / "killed.yaml"
    file.write_text(KILLED.format(cut=cut, steps=20, seeds=[0, 1]), encoding="utf-8")
    command = [sys.executable, "-m", "harness.cli", "run", str(file), "--no-report", "--store", str(place / "store")]
    # A shell's background process ignores Ctrl-C, and so do its children. This process may be one.
    attend = functools.partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    process = subprocess.Popen(
        [*command, *options], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, preexec_fn=attend
    )
    deadline = time.monotonic() + 120
    while not list(place.glob("store/trials/*/result.json")):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    return process.returncode, err.strip()


def test_ctrl_c_ends_the_command_with_130_and_it_goes_on_from_there(cut: Path, tmp_path: Path) -> None:
    code, err = ended_by(signal.SIGINT, cut, tmp_path, "--local")
    assert code == 130, err
    assert err == "steadytune: interrupted; finished work is kept; run the same command again to continue"
    store = Store(tmp_path / "store")
    _, trials = store.study("killed")
    assert store.failures(trial.id for trial in trials) == {}
    assert 1 <= len(store.records(trial.id for trial in trials)) < 4


@pytest.mark.usefixtures("one_worker")
def test_sigterm_ends_ray_with_143_and_a_line(cut: Path, tmp_path: Path) -> None:
    code, err = ended_by(signal.SIGTERM, cut, tmp_path)
    assert code == 143, err
    assert err.splitlines()[-1] == (
        "steadytune: terminated; finished work is kept; run the same command again to continue"
    )
    *_, last = (tmp_path / "store" / "logs" / "killed.log").read_text().splitlines()
    assert last.endswith("  terminated; finished work is kept; run the same command again to continue")
    assert "SIGTERM received" not in err
    assert "Traceback" not in err


SRUN = """#!/bin/bash
# Stands for srun: a step in a process group of its own, whose processes all receive the signal.
set -m
"$@" &
step=$!
if [ ! -e signalled ]; then
    until ls store/trials/*/result.json > first 2> /dev/null; do sleep 0.1; kill -0 $step || exit 9; done
    touch signalled
    kill -USR1 -- -$step
fi
wait $step
"""


@pytest.mark.nightly
def test_a_slurm_job_is_requeued_and_goes_on(cut: Path, tmp_path: Path) -> None:
    """The recipe of the documentation, with stand-ins for Slurm's commands."""
    study = "killed.yaml --local --no-report --cpus-per-trial 1"
    recipe = example("sh", "--requeue").replace(" STUDY", f" {study}").replace("$SCRATCH/", "")
    programs = {
        "srun": SRUN,
        "scontrol": '#!/bin/bash\necho "$@" >> requeued\n',
        "steadytune": f'#!/bin/bash\nexec {sys.executable} -m harness.cli "$@"\n',
        "job": recipe,
    }
    (tmp_path / "killed.yaml").write_text(KILLED.format(cut=cut, steps=100, seeds=[0]), encoding="utf-8")
    for name, text in programs.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
        (tmp_path / name).chmod(0o755)
    environment = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}", "SLURM_JOB_ID": "17"}
    environment["PYTHONPATH"] = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])

    def job() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "job"], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300
        )

    first = job()
    assert first.returncode == 143, first.stderr
    assert first.stderr.strip().splitlines() == [
        "steadytune: terminated; finished work is kept; run the same command again to continue"
    ]
    assert (tmp_path / "requeued").read_text() == "requeue 17\n"
    second = job()
    assert second.returncode == 0, second.stderr
    assert (tmp_path / "requeued").read_text() == "requeue 17\n"
    store, whole = Store(tmp_path / "store"), Store(tmp_path / "whole")
    _, trials = store.study("killed")
    for trial in trials:
        assert same(ended(trial, store, Resources()), ended(trial, whole, Resources()))
