"""Ctrl-C and SIGTERM in a real run of the command."""

import functools
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from harness.store.store import Store
from tests.helpers.faults import KILLED


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
    assert err == "steadytune: interrupted; what had finished is kept, run the same command again to go on"
    store = Store(tmp_path / "store")
    _, trials = store.study("killed")
    assert store.failures(trial.id for trial in trials) == {}
    assert 1 <= len(store.records(trial.id for trial in trials)) < 4


@pytest.mark.usefixtures("one_worker")
def test_sigterm_ends_ray_with_143_and_a_line(cut: Path, tmp_path: Path) -> None:
    code, err = ended_by(signal.SIGTERM, cut, tmp_path)
    assert code == 143, err
    assert err.splitlines()[-1] == (
        "steadytune: terminated; what had finished is kept, run the same command again to go on"
    )
    assert "SIGTERM received" not in err
    assert "Traceback" not in err
