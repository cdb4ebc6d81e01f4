"""Ctrl-C in a real run of the command."""

import functools
import signal
import subprocess
import sys
import time
from pathlib import Path

from harness.store.store import Store
from tests.helpers.faults import KILLED


def test_ctrl_c_ends_the_command_with_130_and_it_goes_on_from_there(cut: Path, tmp_path: Path) -> None:
    file = tmp_path / "killed.yaml"
    file.write_text(KILLED.format(cut=cut, steps=20, seeds=[0, 1]), encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "harness.cli",
        "run",
        str(file),
        "--no-report",
        "--local",
        "--store",
        str(tmp_path / "store"),
    ]
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
