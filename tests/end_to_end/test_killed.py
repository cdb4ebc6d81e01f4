"""A run killed in the middle: nothing is lost, and nothing runs twice."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from harness.cli.main import main
from harness.store.store import Store
from tests.helpers.faults import KILLED
from tests.helpers.stores import recorded


@pytest.mark.usefixtures("one_worker")
@pytest.mark.slow
def test_killed_in_the_middle_nothing_is_lost_or_run_twice(
    cut: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "killed.yaml"
    file.write_text(KILLED.format(cut=cut, steps=20, seeds=[0, 1]), encoding="utf-8")
    command = [sys.executable, "-m", "harness.cli", "run", str(file), "--no-report", "--store"]

    def finished(store: str) -> dict[str, int]:
        return {f.parent.name: f.stat().st_mtime_ns for f in Path(store).glob("trials/*/result.json")}

    undisturbed, disturbed = str(tmp_path / "undisturbed"), str(tmp_path / "disturbed")
    assert main([*command[3:], undisturbed, "--local"]) == 0
    told = tmp_path / "told.txt"
    with told.open("w", encoding="utf-8") as output:
        process = subprocess.Popen([*command, disturbed], start_new_session=True, stdout=output, stderr=output)
    deadline = time.monotonic() + 300
    while len(finished(disturbed)) < 2:
        assert process.poll() is None, told.read_text(encoding="utf-8")
        assert time.monotonic() < deadline
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    time.sleep(3)  # until Ray's own processes notice
    before = finished(disturbed)
    assert 2 <= len(before) < 4
    capsys.readouterr()
    assert main([*command[3:], disturbed, "--local"]) == 0
    after = finished(disturbed)
    assert f"{len(before)} finished before" in capsys.readouterr().out
    assert {trial: after[trial] for trial in before} == before
    first, second = Store(undisturbed), Store(disturbed)
    assert set(after) == set(finished(undisturbed))
    for trial in after:
        assert recorded(first, trial).scores == recorded(second, trial).scores
